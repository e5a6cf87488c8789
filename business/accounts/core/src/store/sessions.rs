//! Browser sessions and access tokens.

use business_accounts_gateway::{Grant, Role, Scopes, SessionId};
use infra_db::{Connection, Reader};
use infra_kernel::{AccountId, ApplicationId, Timestamp};

use super::{accounts, applications};
use crate::error::AccountsError;
use crate::secret::SecretHash;

/// The most sessions of one account in browsers, or tokens of one account and application; the
/// oldest make room.
pub(crate) const SESSIONS_MAX: i64 = 200;
/// The most characters kept of what a browser says it is.
const USER_AGENT_CHARACTERS_MAX: usize = 256;

pub(crate) const BY_HASH: &str = "SELECT s.id, s.account_id, s.application_id, s.scopes, \
    s.last_used_at, s.expires_at, a.role FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id \
    WHERE s.secret_hash = $1";
pub(crate) const BY_IDS: &str = "SELECT s.id, s.account_id, s.application_id, s.scopes, \
    s.last_used_at, s.expires_at, a.role FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id \
    WHERE s.id IN (SELECT value FROM json_each($1))";
// Uses are recorded concurrently: one that is late must not set the time back.
pub(crate) const TOUCH: &str = "UPDATE sessions SET last_used_at = $2, \
    expires_at = CASE WHEN expires_at IS NULL THEN NULL ELSE CAST($3 AS BIGINT) END WHERE id = $1 AND last_used_at < $2";
pub(crate) const REMOVE_BY_HASH: &str =
    "DELETE FROM sessions WHERE secret_hash = $1 AND application_id = $2";
pub(crate) const APPLICATION_OF: &str =
    "SELECT application_id FROM sessions WHERE secret_hash = $1";
pub(crate) const REMOVE_BY_ID: &str = "DELETE FROM sessions WHERE id = $1 RETURNING secret_hash";
/// Applications' own tokens; those of people are of an account.
pub(crate) const REMOVE_OF_APPLICATIONS: &str = "DELETE FROM sessions \
    WHERE account_id = 0 AND application_id IN (SELECT value FROM json_each($1))";
pub(crate) const REMOVE_OF_ACCOUNT: &str = "DELETE FROM sessions WHERE account_id = $1";
pub(crate) const MAKE_ROOM: &str = "DELETE FROM sessions WHERE id <= (SELECT id FROM sessions \
    WHERE account_id = $1 AND application_id = $2 ORDER BY id DESC LIMIT 1 OFFSET $3) \
    AND account_id = $1 AND application_id = $2 RETURNING secret_hash";
pub(crate) const REMOVE_EXPIRED: &str = "DELETE FROM sessions WHERE id IN \
    (SELECT id FROM sessions WHERE expires_at <= $1 LIMIT $2)";

/// A session to be written.
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) secret_hash: SecretHash,
    /// None for a token that stands for an application alone.
    pub(crate) account_id: Option<AccountId>,
    /// None for a browser session.
    pub(crate) application_id: Option<ApplicationId>,
    pub(crate) scopes: Scopes,
    pub(crate) user_agent: String,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

/// A session as it is kept.
#[derive(infra_db::Row)]
pub(crate) struct Session {
    id: i64,
    account_id: i64,
    application_id: i64,
    scopes: String,
    last_used_at: i64,
    expires_at: Option<i64>,
    role: Option<i64>,
}

impl Session {
    pub(crate) const fn id(&self) -> SessionId {
        SessionId::from_sql(self.id)
    }

    pub(crate) const fn last_used_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.last_used_at)
    }

    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.map(Timestamp::from_microseconds)
    }
}

impl From<Session> for Grant {
    fn from(session: Session) -> Self {
        Self {
            account_id: session.account_id.cast_unsigned(),
            application_id: session.application_id.cast_unsigned(),
            session_id: session.id.cast_unsigned(),
            scopes: session.scopes,
            // An application's own token is of no account, and so of no role.
            role: session
                .role
                .map_or(Role::Unspecified.into(), accounts::role_from_sql),
        }
    }
}

pub(crate) async fn find(
    reader: &Reader,
    secret: SecretHash,
) -> Result<Option<Session>, AccountsError> {
    let query = infra_db::query(BY_HASH).bind(secret.to_sql());
    Ok(query.fetch_optional(reader).await?)
}

/// The sessions with these ids.
pub(crate) async fn by_ids(reader: &Reader, ids: &[u64]) -> Result<Vec<Session>, AccountsError> {
    let ids = infra_db::json_ids(ids.iter().map(|id| id.cast_signed()));
    Ok(infra_db::query(BY_IDS).bind(ids).fetch_all(reader).await?)
}

/// Writes a session and returns the hashes of those that had to make room for it. An application is
/// used from its first token for a person on: its own it gets for the asking, and would be kept for
/// ever by it.
pub(crate) async fn insert(
    connection: &mut Connection,
    session: &NewSession,
) -> Result<Vec<SecretHash>, AccountsError> {
    let account_id = session.account_id.map_or(0, AccountId::to_sql);
    let application_id = session.application_id.map_or(0, ApplicationId::to_sql);
    // Not every database stores U+0000, which no browser has in its name.
    let user_agent = session.user_agent.chars().filter(|c| *c != '\0');
    let user_agent = user_agent.take(USER_AGENT_CHARACTERS_MAX);
    infra_db::query(
        "INSERT INTO sessions (id, secret_hash, account_id, application_id, scopes, user_agent, created_at, \
         last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
    )
    .bind(session.id.to_sql())
    .bind(session.secret_hash.to_sql())
    .bind(account_id)
    .bind(application_id)
    .bind(session.scopes.to_string())
    .bind(user_agent.collect::<String>())
    .bind(session.now.microseconds())
    .bind(session.expires_at.map(Timestamp::microseconds))
    .execute(&mut *connection)
    .await?;
    if let (Some(id), Some(_)) = (session.application_id, session.account_id) {
        applications::mark_used(connection, id).await?;
    }
    let removed: Vec<Vec<u8>> = infra_db::query_scalar(MAKE_ROOM)
        .bind(account_id)
        .bind(application_id)
        .bind(SESSIONS_MAX)
        .fetch_all(connection)
        .await?;
    Ok(removed
        .iter()
        .map(|hash| SecretHash::from_sql(hash))
        .collect())
}

/// Records that a session was used; one that expires lives on until the given moment.
pub(crate) async fn touch(
    connection: &mut Connection,
    id: SessionId,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), AccountsError> {
    let query = infra_db::query(TOUCH)
        .bind(id.to_sql())
        .bind(now.microseconds());
    query
        .bind(expires_at.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a browser session (no application) or an application's token.
pub(crate) async fn remove(
    connection: &mut Connection,
    secret: SecretHash,
    application_id: Option<ApplicationId>,
) -> Result<(), AccountsError> {
    let application_id = application_id.map_or(0, ApplicationId::to_sql);
    let query = infra_db::query(REMOVE_BY_HASH).bind(secret.to_sql());
    query.bind(application_id).execute(connection).await?;
    Ok(())
}

/// The application of a token, as the column holds it, if there is such a token.
pub(crate) async fn application_of(
    connection: &mut Connection,
    secret: SecretHash,
) -> Result<Option<i64>, AccountsError> {
    let query = infra_db::query_scalar(APPLICATION_OF).bind(secret.to_sql());
    Ok(query.fetch_optional(connection).await?)
}

/// Removes one session and returns its hash, if it was still there.
pub(crate) async fn remove_by_id(
    connection: &mut Connection,
    id: SessionId,
) -> Result<Option<SecretHash>, AccountsError> {
    let query = infra_db::query_scalar(REMOVE_BY_ID).bind(id.to_sql());
    let removed: Option<Vec<u8>> = query.fetch_optional(connection).await?;
    Ok(removed.as_deref().map(SecretHash::from_sql))
}
