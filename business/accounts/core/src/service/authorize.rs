//! Allowing an application something: a one-time code.

use std::time::Duration;

use business_accounts_gateway::{AuthorizeReply, AuthorizeRequest, fields};
use infra_kernel::AccountId;

use super::read;
use crate::error::AccountsError;
use crate::rules::{application, pkce};
use crate::secret::Secret;
use crate::state::State;
use crate::store::applications;
use crate::store::codes::{self, NewCode};

/// How long a code can be turned into a token: the most that RFC 6749, 4.1.2 recommends.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

pub(super) async fn authorize(
    state: &State,
    request: AuthorizeRequest,
) -> Result<AuthorizeReply, AccountsError> {
    let reader = state.database.reader();
    let client = applications::by_client_id(reader, &request.client_id).await?;
    let client = client
        .ok_or(AccountsError::NotFound("application"))?
        .application;
    // Exactly: anything looser could lead the code elsewhere (RFC 9700, 2.1).
    if !client.redirect_uris.contains(&request.redirect_uri) {
        return Err(AccountsError::invalid(
            fields::REDIRECT_URI,
            "The redirect address is not exactly one of those that the application registered.",
        ));
    }
    pkce::check_challenge(&request.code_challenge, &request.code_challenge_method)?;
    if client.public_client && request.code_challenge.is_empty() {
        return Err(AccountsError::invalid(
            fields::CODE_CHALLENGE,
            "The application keeps no secret, so its code must be bound to a code challenge (PKCE, S256).",
        ));
    }
    let scopes = application::granted(&request.scopes, client.scopes())?;
    let account = read::account(state, AccountId::new(request.account_id)).await?;
    let code = Secret::fresh();
    let new = NewCode {
        hash: code.hash(),
        application_id: client.id(),
        account_id: account.id(),
        redirect_uri: request.redirect_uri,
        scopes,
        code_challenge: request.code_challenge,
        expires_at: state.clock.now().plus(CODE_LIFETIME),
    };
    state
        .database
        .write(move |connection| Box::pin(async move { codes::insert(connection, &new).await }))
        .await?;
    Ok(AuthorizeReply {
        code: code.reveal(),
    })
}
