//! Authorization codes: one use, a few minutes, one application.

use business_accounts_gateway::{Scopes, SessionId};
use infra_db::Connection;
use infra_kernel::{AccountId, ApplicationId, Timestamp};

use super::applications;
use crate::error::AccountsError;
use crate::secret::SecretHash;

pub(crate) const BY_HASH: &str = "SELECT application_id, account_id, redirect_uri, scopes, \
    code_challenge, expires_at, session_id FROM authorization_codes WHERE code_hash = $1";
pub(crate) const MARK_USED: &str =
    "UPDATE authorization_codes SET session_id = $2 WHERE code_hash = $1";
pub(crate) const REMOVE_OF_ACCOUNT: &str = "DELETE FROM authorization_codes WHERE account_id = $1";
pub(crate) const REMOVE_EXPIRED: &str = "DELETE FROM authorization_codes WHERE code_hash IN \
    (SELECT code_hash FROM authorization_codes WHERE expires_at <= $1 LIMIT $2)";

/// A code to be written.
pub(crate) struct NewCode {
    pub(crate) hash: SecretHash,
    pub(crate) application_id: ApplicationId,
    pub(crate) account_id: AccountId,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    pub(crate) code_challenge: String,
    pub(crate) expires_at: Timestamp,
}

/// A code as it is kept.
#[derive(infra_db::Row)]
pub(crate) struct Code {
    application_id: i64,
    account_id: i64,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: String,
    pub(crate) code_challenge: String,
    expires_at: i64,
    session_id: i64,
}

impl Code {
    pub(crate) const fn application_id(&self) -> ApplicationId {
        ApplicationId::from_sql(self.application_id)
    }

    pub(crate) const fn account_id(&self) -> AccountId {
        AccountId::from_sql(self.account_id)
    }

    pub(crate) const fn expires_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.expires_at)
    }

    /// The token that it was turned into.
    pub(crate) fn session_id(&self) -> Option<SessionId> {
        (self.session_id != 0).then_some(SessionId::from_sql(self.session_id))
    }
}

/// Writes a code; its application is used from then on.
pub(crate) async fn insert(
    connection: &mut Connection,
    code: &NewCode,
) -> Result<(), AccountsError> {
    infra_db::query(
        "INSERT INTO authorization_codes (code_hash, application_id, account_id, redirect_uri, scopes, \
         code_challenge, expires_at, session_id) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
    )
    .bind(code.hash.to_sql())
    .bind(code.application_id.to_sql())
    .bind(code.account_id.to_sql())
    .bind(&code.redirect_uri)
    .bind(code.scopes.to_string())
    .bind(&code.code_challenge)
    .bind(code.expires_at.microseconds())
    .execute(&mut *connection)
    .await?;
    applications::mark_used(connection, code.application_id).await
}

pub(crate) async fn find(
    connection: &mut Connection,
    hash: SecretHash,
) -> Result<Option<Code>, AccountsError> {
    let query = infra_db::query(BY_HASH).bind(hash.to_sql());
    Ok(query.fetch_optional(connection).await?)
}

pub(crate) async fn mark_used(
    connection: &mut Connection,
    hash: SecretHash,
    session_id: SessionId,
) -> Result<(), AccountsError> {
    let query = infra_db::query(MARK_USED)
        .bind(hash.to_sql())
        .bind(session_id.to_sql());
    query.execute(connection).await?;
    Ok(())
}
