//! The tables `blob_writes` and `blob_deletions`. How they work together is described in
//! `blobs.rs`.

use infra_blob::BlobKey;
use infra_db::{Connection, Database};
use infra_kernel::Timestamp;

use crate::error::MediaError;

pub(super) const IS_CLAIMED: &str =
    "SELECT EXISTS (SELECT 1 FROM blob_deletions WHERE key = $1 AND claimed)";

/// Whether this blob's bytes are being deleted just now.
pub(crate) async fn is_claimed(
    connection: &mut Connection,
    key: BlobKey,
) -> Result<bool, MediaError> {
    let claimed = infra_db::query_scalar(IS_CLAIMED)
        .bind(key.to_string())
        .fetch_one(connection)
        .await?;
    Ok(claimed)
}

pub(crate) async fn insert_write(
    connection: &mut Connection,
    id: i64,
    key: BlobKey,
    now: Timestamp,
) -> Result<(), MediaError> {
    infra_db::query("INSERT INTO blob_writes (id, key, noted_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(key.to_string())
        .bind(now.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const REMOVE_WRITE: &str = "DELETE FROM blob_writes WHERE id = $1";

/// Removes a note. Returns whether it was there.
pub(crate) async fn remove_write(connection: &mut Connection, id: i64) -> Result<bool, MediaError> {
    let removed = infra_db::query(REMOVE_WRITE)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(removed == 1)
}

pub(super) const WRITES_BEFORE: &str =
    "SELECT id, key FROM blob_writes WHERE noted_at < $1 ORDER BY noted_at LIMIT $2";

/// Notes that were made before this moment, oldest first: the one who made them is gone.
pub(crate) async fn writes_before(
    database: &Database,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(i64, String)>, MediaError> {
    let rows = infra_db::query(WRITES_BEFORE)
        .bind(before.microseconds())
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(rows)
}

pub(crate) async fn queue_deletions(
    connection: &mut Connection,
    keys: &[BlobKey],
    now: Timestamp,
) -> Result<(), MediaError> {
    for key in keys {
        // One that is on the queue already keeps its claim and its place.
        infra_db::query(
            "INSERT INTO blob_deletions (key, claimed, queued_at) VALUES ($1, FALSE, $2) ON CONFLICT DO NOTHING",
        )
        .bind(key.to_string())
        .bind(now.microseconds())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub(super) const CLAIM_DELETION: &str = "UPDATE blob_deletions SET claimed = TRUE WHERE key = $1
     AND NOT EXISTS (SELECT 1 FROM media WHERE original_key = $1)
     AND NOT EXISTS (SELECT 1 FROM renditions WHERE key = $1)
     AND NOT EXISTS (SELECT 1 FROM alternates WHERE key = $1)
     AND NOT EXISTS (SELECT 1 FROM upload_parts WHERE key = $1)
     AND NOT EXISTS (SELECT 1 FROM blob_writes WHERE key = $1)";

/// Claims a queued blob if nothing uses or writes it. One that is claimed already, by a process
/// that died, counts.
pub(crate) async fn claim_deletion(
    connection: &mut Connection,
    key: BlobKey,
) -> Result<bool, MediaError> {
    // Every table that names blobs, and the notes of those that are being written.
    let claimed = infra_db::query(CLAIM_DELETION)
        .bind(key.to_string())
        .execute(connection)
        .await?;
    Ok(claimed == 1)
}

pub(super) const POSTPONE_DELETION: &str =
    "UPDATE blob_deletions SET queued_at = $2, claimed = $3 WHERE key = $1";

/// Lets a blob that could not be deleted wait behind the others. It stays claimed while its bytes
/// may yet go.
pub(crate) async fn postpone_deletion(
    connection: &mut Connection,
    key: BlobKey,
    stays_claimed: bool,
    now: Timestamp,
) -> Result<(), MediaError> {
    infra_db::query(POSTPONE_DELETION)
        .bind(key.to_string())
        .bind(now.microseconds())
        .bind(stays_claimed)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const REMOVE_NEEDLESS_DELETION: &str =
    "DELETE FROM blob_deletions WHERE key = $1 AND NOT claimed
     AND (EXISTS (SELECT 1 FROM media WHERE original_key = $1)
          OR EXISTS (SELECT 1 FROM renditions WHERE key = $1)
          OR EXISTS (SELECT 1 FROM alternates WHERE key = $1)
          OR EXISTS (SELECT 1 FROM upload_parts WHERE key = $1))";

/// Takes a blob that is in use off the queue; whatever uses it queues it again when it goes. One
/// that is only being written stays: its writer may yet fail.
pub(crate) async fn remove_needless_deletion(
    connection: &mut Connection,
    key: BlobKey,
) -> Result<(), MediaError> {
    // A claimed one stays on the queue until its bytes are gone.
    infra_db::query(REMOVE_NEEDLESS_DELETION)
        .bind(key.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const REMOVE_DELETION: &str = "DELETE FROM blob_deletions WHERE key = $1 AND claimed";

/// Records that the bytes of a claimed blob are gone.
pub(crate) async fn remove_deletion(
    connection: &mut Connection,
    key: BlobKey,
) -> Result<(), MediaError> {
    infra_db::query(REMOVE_DELETION)
        .bind(key.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const QUEUED_DELETIONS: &str =
    "SELECT key FROM blob_deletions ORDER BY queued_at LIMIT $1";

/// Blobs that wait to be deleted, oldest first.
pub(crate) async fn queued_deletions(
    database: &Database,
    limit: i64,
) -> Result<Vec<String>, MediaError> {
    let keys = infra_db::query_scalar(QUEUED_DELETIONS)
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(keys)
}
