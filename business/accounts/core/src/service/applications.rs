//! Client applications, and the tokens they give up.

use business_accounts_gateway::{
    Application, CreateApplicationReply, CreateApplicationRequest, GetApplicationRequest,
    RevokeTokenReply, RevokeTokenRequest,
};
use infra_kernel::ApplicationId;

use crate::error::AccountsError;
use crate::limits::Address;
use crate::rules::application;
use crate::secret::Secret;
use crate::state::State;
use crate::store::applications;
use crate::store::sessions;

pub(super) async fn create_application(
    state: &State,
    request: CreateApplicationRequest,
) -> Result<CreateApplicationReply, AccountsError> {
    let scopes = application::check(&request)?;
    let now = state.clock.now();
    let address = Address::parse(&request.remote_address);
    // After the check, so that a mistake uses up none of the address's allowance.
    state
        .limits
        .applications
        .take(address, state.clock.uptime())
        .await?;
    let secret = Secret::fresh();
    let application = Application {
        id: state.ids.next::<ApplicationId>().get(),
        client_id: Secret::fresh().reveal(),
        name: request.name.trim().to_owned(),
        website: request.website,
        redirect_uris: request.redirect_uris,
        scopes: scopes.to_string(),
        public_client: request.public_client,
    };
    // A public client has one, too, which nobody ever learns.
    let hash = secret.hash();
    let application = state
        .database
        .write(move |connection| {
            Box::pin(async move {
                applications::insert(connection, &application, hash, now).await?;
                Ok::<_, AccountsError>(application)
            })
        })
        .await?;
    let client_secret = if application.public_client {
        String::new()
    } else {
        secret.reveal()
    };
    Ok(CreateApplicationReply {
        application: Some(application),
        client_secret,
    })
}

pub(super) async fn get_application(
    state: &State,
    request: &GetApplicationRequest,
) -> Result<Application, AccountsError> {
    let reader = state.database.reader();
    let client = if request.client_id.is_empty() {
        applications::by_id(reader, ApplicationId::new(request.application_id)).await?
    } else {
        applications::by_client_id(reader, &request.client_id).await?
    };
    let client = client.ok_or(AccountsError::NotFound("application"))?;
    Ok(client.application)
}

/// The application that proves itself with its own credentials. A public client has none: it
/// names itself, and its code's verifier proves the rest.
pub(super) async fn verified_client(
    state: &State,
    client_id: &str,
    client_secret: String,
) -> Result<Application, AccountsError> {
    let is_empty = client_secret.is_empty();
    // Of an empty one, too: its hash is kept for no application.
    let given = Secret::given(client_secret).hash();
    let client = applications::by_client_id(state.database.reader(), client_id).await?;
    client
        .filter(|client| {
            let is_public = client.application.public_client && is_empty;
            is_public || given.is_stored_as(&client.secret_hash)
        })
        .map(|client| client.application)
        .ok_or(AccountsError::WrongClient)
}

pub(super) async fn revoke_token(
    state: &State,
    request: RevokeTokenRequest,
) -> Result<RevokeTokenReply, AccountsError> {
    let application = verified_client(state, &request.client_id, request.client_secret).await?;
    let token = Secret::given(request.token);
    // A token that is none needs no revoking: no error (RFC 7009, 2.2).
    if !token.is_well_formed() {
        return Ok(RevokeTokenReply {});
    }
    let hash = token.hash();
    let id = application.id();
    state
        .change(
            move |connection| {
                Box::pin(async move {
                    match sessions::application_of(connection, hash).await? {
                        Some(owner) if owner != id.to_sql() => Err(AccountsError::ForeignToken),
                        _ => sessions::remove(connection, hash, Some(id)).await,
                    }
                })
            },
            move |caches, ()| caches.grants.invalidate(&hash),
        )
        .await?;
    Ok(RevokeTokenReply {})
}
