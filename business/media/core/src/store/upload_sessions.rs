//! The tables `upload_sessions` and `upload_parts`.

use business_media_gateway::MediaId;
use infra_blob::BlobKey;
use infra_db::{Connection, Database};
use infra_kernel::{AccountId, Error, ErrorCode, Timestamp};

use crate::error::MediaError;
use crate::store::blob_rows;

/// An upload in parts.
#[derive(Debug, Clone, infra_db::Row)]
pub(crate) struct SessionRow {
    pub(crate) id: i64,
    pub(crate) owner_id: i64,
    pub(crate) bytes: i64,
    pub(crate) position: i64,
    pub(crate) description: String,
    pub(crate) focus_x: Option<f64>,
    pub(crate) focus_y: Option<f64>,
    pub(crate) metadata: String,
    pub(crate) expires_at: i64,
    pub(crate) media_id: i64,
}

/// A part that is here: a blob, and where in the file it begins.
#[derive(Debug, Clone, infra_db::Row)]
pub(crate) struct PartRow {
    pub(crate) position: i64,
    pub(crate) key: String,
    pub(crate) bytes: i64,
}

/// The uploads of an account that are under way.
#[derive(Debug, Clone, Copy, infra_db::Row)]
pub(crate) struct Unfinished {
    pub(crate) uploads: i64,
    /// Of the whole files, arrived or not.
    pub(crate) bytes: i64,
}

pub(crate) async fn insert(
    connection: &mut Connection,
    session: &SessionRow,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO upload_sessions (id, owner_id, bytes, position, description, focus_x, focus_y, metadata, expires_at,
             media_id)
         VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, 0)",
    )
    .bind(session.id)
    .bind(session.owner_id)
    .bind(session.bytes)
    .bind(&session.description)
    .bind(session.focus_x)
    .bind(session.focus_y)
    .bind(&session.metadata)
    .bind(session.expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const READ: &str = "SELECT id, owner_id, bytes, position, description, focus_x, focus_y, metadata, expires_at, media_id
     FROM upload_sessions WHERE id = $1 AND owner_id = $2";

/// An account's own upload; another's is as good as none.
pub(crate) async fn read(
    database: &Database,
    id: i64,
    owner: AccountId,
) -> Result<Option<SessionRow>, MediaError> {
    let row = infra_db::query(READ)
        .bind(id)
        .bind(owner.to_sql())
        .fetch_optional(database.reader())
        .await?;
    Ok(row)
}

pub(super) const COUNT_UNFINISHED: &str = "SELECT COUNT(*) AS uploads, CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes FROM upload_sessions
     WHERE owner_id = $1 AND media_id = 0";

/// What an account has under way. What has expired counts until it is swept: its bytes are still
/// here.
pub(crate) async fn count_unfinished(
    connection: &mut Connection,
    owner: AccountId,
) -> Result<Unfinished, MediaError> {
    // PostgreSQL makes a NUMERIC of a sum of BIGINTs, which cannot be read as one.
    let counted = infra_db::query(COUNT_UNFINISHED)
        .bind(owner.to_sql())
        .fetch_one(connection)
        .await?;
    Ok(counted)
}

pub(super) const UNTOUCHED: &str = "SELECT id FROM upload_sessions WHERE owner_id = $1 AND media_id = 0 AND position = 0 AND expires_at < $2";

/// An account's uploads that end before a moment and of which nothing has come; as many at most as
/// it may have.
pub(crate) async fn untouched(
    database: &Database,
    owner: AccountId,
    ends_before: Timestamp,
) -> Result<Vec<i64>, MediaError> {
    let ids = infra_db::query_scalar(UNTOUCHED)
        .bind(owner.to_sql())
        .bind(ends_before.microseconds())
        .fetch_all(database.reader())
        .await?;
    Ok(ids)
}

pub(super) const DELETE_UNTOUCHED: &str =
    "DELETE FROM upload_sessions WHERE id = $1 AND media_id = 0 AND position = 0
     AND NOT EXISTS (SELECT 1 FROM upload_parts WHERE upload_id = $1)";

/// Deletes an upload if nothing of it has come. Returns whether it did.
pub(crate) async fn delete_untouched(
    connection: &mut Connection,
    id: i64,
) -> Result<bool, MediaError> {
    let deleted = infra_db::query(DELETE_UNTOUCHED)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(deleted == 1)
}

pub(super) const LAST_PART: &str = "SELECT position, key, bytes FROM upload_parts WHERE upload_id = $1 ORDER BY position DESC LIMIT 1";

/// The part that arrived last.
pub(crate) async fn last_part(database: &Database, id: i64) -> Result<Option<PartRow>, MediaError> {
    let row = infra_db::query(LAST_PART)
        .bind(id)
        .fetch_optional(database.reader())
        .await?;
    Ok(row)
}

pub(super) const PARTS: &str =
    "SELECT position, key, bytes FROM upload_parts WHERE upload_id = $1 ORDER BY position";

/// Every part, in the file's order.
pub(crate) async fn parts(database: &Database, id: i64) -> Result<Vec<PartRow>, MediaError> {
    let rows = infra_db::query(PARTS)
        .bind(id)
        .fetch_all(database.reader())
        .await?;
    Ok(rows)
}

pub(super) const ADVANCE: &str = "UPDATE upload_sessions SET position = $3 WHERE id = $1 AND position = $2 AND media_id = 0 AND expires_at > $4";

/// Moves an upload that is under way on, if it is where it was thought to be. Returns whether it
/// was.
pub(crate) async fn advance(
    connection: &mut Connection,
    id: i64,
    (from, to): (i64, i64),
    now: Timestamp,
) -> Result<bool, MediaError> {
    let updated = infra_db::query(ADVANCE)
        .bind(id)
        .bind(from)
        .bind(to)
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(updated == 1)
}

pub(super) const PUT_PART: &str =
    "DELETE FROM upload_parts WHERE upload_id = $1 AND position = $2 RETURNING key";

/// Adds a part; one that begins where another does takes its place, and the other's blob is queued
/// for deletion and returned.
pub(crate) async fn put_part(
    connection: &mut Connection,
    id: i64,
    part: &PartRow,
    now: Timestamp,
) -> Result<Option<BlobKey>, MediaError> {
    let replaced: Option<String> = infra_db::query_scalar(PUT_PART)
        .bind(id)
        .bind(part.position)
        .fetch_optional(&mut *connection)
        .await?;
    infra_db::query(
        "INSERT INTO upload_parts (upload_id, position, key, bytes) VALUES ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(part.position)
    .bind(&part.key)
    .bind(part.bytes)
    .execute(&mut *connection)
    .await?;
    let replaced: Option<BlobKey> = replaced.map(|key| key.parse()).transpose()?;
    blob_rows::queue_deletions(connection, replaced.as_slice(), now).await?;
    Ok(replaced)
}

pub(super) const BECOME_ITEM: &str =
    "UPDATE upload_sessions SET media_id = $2, expires_at = $3 WHERE id = $1 AND media_id = 0";

/// Records what a whole upload became and releases its parts.
///
/// # Errors
/// When the upload has ended or become an item already.
pub(crate) async fn become_item(
    connection: &mut Connection,
    id: i64,
    item: MediaId,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<(), MediaError> {
    let updated = infra_db::query(BECOME_ITEM)
        .bind(id)
        .bind(item.to_sql())
        .bind(expires_at.microseconds())
        .execute(&mut *connection)
        .await?;
    if updated == 0 {
        let text = "This upload was ended by another request.";
        return Err(Error::new(ErrorCode::Gone, text).into());
    }
    drop_parts(connection, id, now).await?;
    Ok(())
}

pub(super) const DELETE: &str = "DELETE FROM upload_sessions WHERE id = $1";

/// Deletes an upload and releases its parts. Returns the blobs that may have no user any more.
pub(crate) async fn delete(
    connection: &mut Connection,
    id: i64,
    now: Timestamp,
) -> Result<Vec<BlobKey>, MediaError> {
    let keys = drop_parts(connection, id, now).await?;
    infra_db::query(DELETE).bind(id).execute(connection).await?;
    Ok(keys)
}

pub(super) const DROP_PARTS: &str = "DELETE FROM upload_parts WHERE upload_id = $1 RETURNING key";

async fn drop_parts(
    connection: &mut Connection,
    id: i64,
    now: Timestamp,
) -> Result<Vec<BlobKey>, MediaError> {
    let keys: Vec<String> = infra_db::query_scalar(DROP_PARTS)
        .bind(id)
        .fetch_all(&mut *connection)
        .await?;
    let keys = keys
        .iter()
        .map(|key| key.parse())
        .collect::<Result<Vec<BlobKey>, _>>()?;
    blob_rows::queue_deletions(connection, &keys, now).await?;
    Ok(keys)
}

pub(super) const EXPIRED: &str =
    "SELECT id FROM upload_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";

/// Uploads whose time is up, oldest first.
pub(crate) async fn expired(
    database: &Database,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<i64>, MediaError> {
    let ids = infra_db::query_scalar(EXPIRED)
        .bind(now.microseconds())
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(ids)
}
