//! What the operator does: make accounts, change roles, set passwords, hand out the setup link.

use business_accounts_gateway::{
    Account, CreateAccountRequest, CreateSetupTokenReply, RegisterReply, ResetPasswordReply,
    ResetPasswordRequest, Role, SessionsRevoked, SetRoleRequest, topics,
};
use infra_bus::{Event, outbox};
use infra_kernel::Context;

use super::register::{self, NewAccount, check_operators_account};
use super::update_profile::write_change;
use crate::error::AccountsError;
use crate::limits::Line;
use crate::rules::password::Password;
use crate::secret::Secret;
use crate::state::State;
use crate::store::{accounts, credentials, removals, setup_tokens};

pub(super) async fn create_account(
    state: &State,
    context: &Context,
    request: CreateAccountRequest,
) -> Result<RegisterReply, AccountsError> {
    let role = match request.role() {
        Role::Unspecified => Role::Member,
        role => role,
    };
    check_operators_account(&request.username, &request.email)?;
    let names = [request.username.as_str(), request.email.as_str()];
    let (password, generated) = given_or_generated(state, request.password, names)?;
    register::check_free(state, &request.username, &request.email).await?;
    let account = NewAccount {
        username: request.username,
        email: request.email,
        password_hash: state.passwords.hash(context, Line::Local, password).await?,
        role,
        language: String::new(),
        setup_token: None,
    };
    let account = register::write_account(state, context, account).await?;
    Ok(RegisterReply {
        account: Some(account),
        generated_password: generated.map_or_else(String::new, Secret::reveal),
    })
}

pub(super) async fn set_role(
    state: &State,
    context: &Context,
    request: SetRoleRequest,
) -> Result<Account, AccountsError> {
    let role = request.role();
    if role == Role::Unspecified {
        return Err(AccountsError::invalid(
            "role",
            "The role must be member, moderator or admin.",
        ));
    }
    let (context, ids) = (context.clone(), state.ids.clone());
    state
        .change(
            move |connection| {
                Box::pin(async move {
                    let before =
                        accounts::local_by_name_for_update(connection, &request.username).await?;
                    let before = before.ok_or(AccountsError::NotFound("account"))?;
                    let mut changed = before.clone();
                    changed.set_role(role);
                    write_change(connection, &context, &ids, &before, changed).await
                })
            },
            |caches, account: &Account| {
                caches.accounts.invalidate(&account.id());
                // Grants hold the role. Roles change too rarely for the account's own to be looked
                // up.
                caches.grants.invalidate_all();
            },
        )
        .await
}

pub(super) async fn reset_password(
    state: &State,
    context: &Context,
    request: ResetPasswordRequest,
) -> Result<ResetPasswordReply, AccountsError> {
    // Read before the transaction: the writer must not wait for a hash.
    let email = credentials::email_of(state.database.reader(), &request.username).await?;
    let names = [request.username.as_str(), email.as_str()];
    let (password, generated) = given_or_generated(state, request.password, names)?;
    let hash = state.passwords.hash(context, Line::Local, password).await?;
    let now = state.clock.now();
    let (context, ids) = (context.clone(), state.ids.clone());
    state
        .change(
            move |connection| {
                Box::pin(async move {
                    let account =
                        accounts::local_by_name_for_update(connection, &request.username).await?;
                    let id = account.ok_or(AccountsError::NotFound("account"))?.id();
                    credentials::set_hash(connection, id, &hash, now).await?;
                    // Anyone who knew the old password is signed out, applications as well.
                    removals::remove_access(connection, id).await?;
                    let message = SessionsRevoked {
                        account_id: id.get(),
                    };
                    let topic = topics::SESSIONS_REVOKED;
                    let event = Event::new(&context, &ids, topic, id.get(), &message);
                    outbox::append(connection, &event).await?;
                    Ok(())
                })
            },
            // Grants are kept by their secrets, not by account.
            |caches, ()| caches.grants.invalidate_all(),
        )
        .await?;
    Ok(ResetPasswordReply {
        generated_password: generated.map_or_else(String::new, Secret::reveal),
    })
}

pub(super) async fn create_setup_token(
    state: &State,
) -> Result<CreateSetupTokenReply, AccountsError> {
    let token = Secret::fresh();
    let hash = token.hash();
    let now = state.clock.now();
    let made = state
        .database
        .write(move |connection| {
            Box::pin(async move {
                // With an account there is somebody who can sign in: no link may open the server
                // any more.
                if accounts::count_for_update(connection).await? > 0 {
                    return Ok(false);
                }
                setup_tokens::replace(connection, hash, now).await?;
                Ok::<_, AccountsError>(true)
            })
        })
        .await?;
    Ok(CreateSetupTokenReply {
        setup_token: if made { token.reveal() } else { String::new() },
    })
}

/// The password to set, and the same once more when it was made up here and must be shown.
fn given_or_generated(
    state: &State,
    password: String,
    names: [&str; 2],
) -> Result<(Password, Option<Secret>), AccountsError> {
    if password.is_empty() {
        let generated = Secret::fresh_password();
        return Ok((Password::generated(generated.clone()), Some(generated)));
    }
    Ok((register::choose_password(state, password, names)?, None))
}
