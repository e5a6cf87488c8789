//! Client applications.

use business_accounts_gateway::Application;
use infra_db::{Connection, Reader, json_ids};
use infra_kernel::{ApplicationId, Timestamp};

use super::sessions;
use crate::error::AccountsError;
use crate::secret::SecretHash;

pub(crate) const BY_CLIENT_ID: &str = "SELECT id, client_id, secret_hash, name, website, \
    redirect_uris, scopes, public_client FROM applications WHERE client_id = $1";
pub(crate) const BY_ID: &str = "SELECT id, client_id, secret_hash, name, website, \
    redirect_uris, scopes, public_client FROM applications WHERE id = $1";
pub(crate) const MARK_USED: &str =
    "UPDATE applications SET is_used = TRUE WHERE id = $1 AND is_used = FALSE";
/// The 1,000 newest stay, some megabytes: clients that register once for many people remember it
/// when the first of them gave up, and cannot be told that it is gone.
pub(crate) const REMOVE_UNUSED: &str = "DELETE FROM applications WHERE id IN \
    (SELECT id FROM applications WHERE is_used = FALSE AND created_at <= $1 AND created_at <= \
    (SELECT created_at FROM applications WHERE is_used = FALSE ORDER BY created_at DESC LIMIT 1 OFFSET 1000) \
    LIMIT $2) RETURNING id";

#[derive(infra_db::Row)]
struct Row {
    id: i64,
    client_id: String,
    secret_hash: Vec<u8>,
    name: String,
    website: String,
    redirect_uris: String,
    scopes: String,
    public_client: bool,
}

/// An application and what is kept of its secret.
pub(crate) struct Client {
    pub(crate) application: Application,
    pub(crate) secret_hash: Vec<u8>,
}

impl TryFrom<Row> for Client {
    type Error = AccountsError;

    fn try_from(row: Row) -> Result<Self, AccountsError> {
        let redirect_uris = serde_json::from_str(&row.redirect_uris)
            .map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
        let application = Application {
            id: row.id.cast_unsigned(),
            client_id: row.client_id,
            name: row.name,
            website: row.website,
            redirect_uris,
            scopes: row.scopes,
            public_client: row.public_client,
        };
        Ok(Self {
            application,
            secret_hash: row.secret_hash,
        })
    }
}

/// What holds U+0000 is no client id, and not every database can look for it.
pub(crate) async fn by_client_id(
    reader: &Reader,
    client_id: &str,
) -> Result<Option<Client>, AccountsError> {
    if client_id.contains('\0') {
        return Ok(None);
    }
    let query = infra_db::query(BY_CLIENT_ID).bind(client_id);
    let row: Option<Row> = query.fetch_optional(reader).await?;
    row.map(Client::try_from).transpose()
}

pub(crate) async fn by_id(
    reader: &Reader,
    id: ApplicationId,
) -> Result<Option<Client>, AccountsError> {
    let query = infra_db::query(BY_ID).bind(id.to_sql());
    let row: Option<Row> = query.fetch_optional(reader).await?;
    row.map(Client::try_from).transpose()
}

/// Writes an application that is not used yet.
pub(crate) async fn insert(
    connection: &mut Connection,
    application: &Application,
    secret: SecretHash,
    now: Timestamp,
) -> Result<(), AccountsError> {
    let redirect_uris = serde_json::to_string(&application.redirect_uris)
        .map_err(|error| AccountsError::Unreadable(Box::new(error)))?;
    infra_db::query(
        "INSERT INTO applications (id, client_id, secret_hash, name, website, redirect_uris, scopes, created_at, \
         public_client, is_used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, FALSE)",
    )
    .bind(application.id.cast_signed())
    .bind(&application.client_id)
    .bind(secret.to_sql())
    .bind(&application.name)
    .bind(&application.website)
    .bind(redirect_uris)
    .bind(&application.scopes)
    .bind(now.microseconds())
    .bind(application.public_client)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes some applications from before a moment that nobody has used, with their own tokens, and
/// returns how many.
pub(crate) async fn remove_unused(
    connection: &mut Connection,
    before: Timestamp,
    limit: u32,
) -> Result<u64, AccountsError> {
    let removed: Vec<i64> = infra_db::query_scalar(REMOVE_UNUSED)
        .bind(before.microseconds())
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
    let count = removed.len() as u64;
    if count > 0 {
        infra_db::query(sessions::REMOVE_OF_APPLICATIONS)
            .bind(json_ids(removed))
            .execute(connection)
            .await?;
    }
    Ok(count)
}

/// Keeps an application for good. Of one that is kept already nothing is written. One that was
/// removed since it was read stays away: its code or token is worth what an unknown application's
/// is, nothing, or is one more row.
pub(crate) async fn mark_used(
    connection: &mut Connection,
    id: ApplicationId,
) -> Result<(), AccountsError> {
    let query = infra_db::query(MARK_USED).bind(id.to_sql());
    query.execute(connection).await?;
    Ok(())
}
