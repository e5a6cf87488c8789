//! Access tokens: for a code, for an application itself, or for an account that it has just made.

use std::time::Duration;

use business_accounts_gateway::issue_token_request::Proof;
use business_accounts_gateway::{
    Application, AuthorizationCode, ClientCredentials, IssueTokenReply, IssueTokenRequest,
    NewAccount, Scopes, fields,
};
use infra_db::Connection;
use infra_kernel::{AccountId, ApplicationId, Timestamp};

use super::applications::verified_client;
use super::read;
use crate::error::AccountsError;
use crate::rules::{application, pkce};
use crate::secret::{Secret, SecretHash};
use crate::state::State;
use crate::store::applications;
use crate::store::codes::{self, Code};
use crate::store::sessions::{self, NewSession};

/// How long after an account was made its application may still vouch for it.
const VOUCHING_TIME: Duration = Duration::from_secs(600);

/// What became of a code.
enum Redeemed {
    /// A token was made; those with these hashes had to make room for it.
    Token(Scopes, Vec<SecretHash>),
    /// It had been used before; the token of then, if it was still there, has ended.
    Replayed(Option<SecretHash>),
}

pub(super) async fn issue_token(
    state: &State,
    request: IssueTokenRequest,
) -> Result<IssueTokenReply, AccountsError> {
    let proof = request.proof.ok_or_else(|| {
        AccountsError::invalid(
            fields::GRANT_TYPE,
            "A token is issued for an authorization code or for client credentials.",
        )
    })?;
    // No secret comes with it: the caller is the application itself, which has authenticated.
    if let Proof::NewAccount(account) = proof {
        return token_of_new_account(state, account).await;
    }
    let client = verified_client(state, &request.client_id, request.client_secret).await?;
    match proof {
        Proof::AuthorizationCode(code) => redeem(state, &client, code).await,
        Proof::ClientCredentials(asked) => token_of_application(state, &client, &asked).await,
        // Not reached: it was dealt with above.
        Proof::NewAccount(account) => token_of_new_account(state, account).await,
    }
}

async fn redeem(
    state: &State,
    client: &Application,
    proof: AuthorizationCode,
) -> Result<IssueTokenReply, AccountsError> {
    let token = Secret::fresh();
    let now = state.clock.now();
    let session = token_session(state, &token, client.id(), None, Scopes::NONE, now);
    let redeemed = state
        .change(
            move |connection| {
                Box::pin(async move { redeem_code(connection, proof, session).await })
            },
            |caches, redeemed: &Redeemed| match redeemed {
                Redeemed::Token(_, gone) => {
                    gone.iter().for_each(|hash| caches.grants.invalidate(hash));
                }
                Redeemed::Replayed(gone) => {
                    gone.iter().for_each(|hash| caches.grants.invalidate(hash));
                }
            },
        )
        .await?;
    match redeemed {
        Redeemed::Token(scopes, _) => Ok(reply(token, scopes, now)),
        Redeemed::Replayed(_) => {
            tracing::warn!(
                application_id = %client.id(),
                "an authorization code was used twice; the token made from it has ended"
            );
            Err(code_refused())
        }
    }
}

async fn token_of_application(
    state: &State,
    client: &Application,
    asked: &ClientCredentials,
) -> Result<IssueTokenReply, AccountsError> {
    if client.public_client {
        return Err(AccountsError::NoSecret);
    }
    let scopes = application::granted(&asked.scopes, client.scopes())?;
    make_token(state, client.id(), None, scopes).await
}

async fn token_of_new_account(
    state: &State,
    proof: NewAccount,
) -> Result<IssueTokenReply, AccountsError> {
    let application_id = ApplicationId::new(proof.application_id);
    let client = applications::by_id(state.database.reader(), application_id).await?;
    let client = client
        .ok_or(AccountsError::NotFound("application"))?
        .application;
    let scopes = application::granted(&proof.scopes, client.scopes())?;
    let account = read::account(state, AccountId::new(proof.account_id)).await?;
    if account.created_at().plus(VOUCHING_TIME) < state.clock.now() {
        return Err(AccountsError::invalid(
            "account_id",
            "The account is not new any more. Its owner must sign in and allow the application.",
        ));
    }
    make_token(state, client.id(), Some(account.id()), scopes).await
}

async fn make_token(
    state: &State,
    application_id: ApplicationId,
    account_id: Option<AccountId>,
    scopes: Scopes,
) -> Result<IssueTokenReply, AccountsError> {
    let token = Secret::fresh();
    let now = state.clock.now();
    let session = token_session(state, &token, application_id, account_id, scopes, now);
    state
        .change(
            move |connection| Box::pin(async move { sessions::insert(connection, &session).await }),
            |caches, removed| {
                removed
                    .iter()
                    .for_each(|hash| caches.grants.invalidate(hash));
            },
        )
        .await?;
    Ok(reply(token, scopes, now))
}

fn token_session(
    state: &State,
    token: &Secret,
    application_id: ApplicationId,
    account_id: Option<AccountId>,
    scopes: Scopes,
    now: Timestamp,
) -> NewSession {
    NewSession {
        id: state.ids.next(),
        secret_hash: token.hash(),
        account_id,
        application_id: Some(application_id),
        scopes,
        user_agent: String::new(),
        now,
        // As Mastodon's tokens, which clients keep for good.
        expires_at: None,
    }
}

/// Turns the code into the session's token. The session comes without an account and scopes: they
/// are the code's.
async fn redeem_code(
    connection: &mut Connection,
    proof: AuthorizationCode,
    mut session: NewSession,
) -> Result<Redeemed, AccountsError> {
    let hash = Secret::given(proof.code).hash();
    let code = codes::find(connection, hash).await?;
    // Another application's code is as good as none.
    let code = code
        .filter(|code| Some(code.application_id()) == session.application_id)
        .ok_or_else(code_refused)?;
    // Anyone who uses a code twice may have stolen it, so the token of the first use ends (RFC
    // 6749, 4.1.2). This is not an error of the transaction: it must be committed.
    if let Some(first) = code.session_id() {
        return Ok(Redeemed::Replayed(
            sessions::remove_by_id(connection, first).await?,
        ));
    }
    check_code(
        &code,
        &proof.redirect_uri,
        &proof.code_verifier,
        session.now,
    )?;
    let scopes =
        Scopes::parse(&code.scopes).map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
    session.account_id = Some(code.account_id());
    session.scopes = scopes;
    let removed = sessions::insert(connection, &session).await?;
    codes::mark_used(connection, hash, session.id).await?;
    Ok(Redeemed::Token(scopes, removed))
}

fn check_code(
    code: &Code,
    redirect_uri: &str,
    verifier: &str,
    now: Timestamp,
) -> Result<(), AccountsError> {
    // The redirect address must be the one that the code was asked for with (RFC 6749, 4.1.3).
    if code.expires_at() <= now || code.redirect_uri != redirect_uri {
        return Err(code_refused());
    }
    pkce::check_verifier(&code.code_challenge, verifier)
}

fn code_refused() -> AccountsError {
    AccountsError::invalid(
        fields::CODE,
        "The authorization code is not valid: it was used already, has expired, or was made for another application \
         or redirect address. Please sign in again.",
    )
}

fn reply(token: Secret, scopes: Scopes, now: Timestamp) -> IssueTokenReply {
    IssueTokenReply {
        access_token: token.reveal(),
        scopes: scopes.to_string(),
        created_at_us: now.microseconds(),
    }
}
