//! What the check of the blobs asks of the database, over all tables that name blobs.

use business_media_gateway::MediaId;
use infra_blob::BlobKey;
use infra_db::{Connection, Database};
use infra_kernel::{AccountId, Timestamp};

use crate::error::MediaError;
use crate::store::{blob_rows, usage};

/// An item as the check wants to see it.
#[derive(infra_db::Row, Debug, Clone)]
pub(crate) struct ItemRow {
    pub(crate) id: i64,
    pub(crate) owner_id: i64,
    pub(crate) revision: i64,
    pub(crate) state: i64,
    pub(crate) original_key: String,
    pub(crate) original_bytes: i64,
    pub(crate) original_lost: bool,
    pub(crate) memory_bytes: i64,
}

impl ItemRow {
    pub(crate) const fn media(&self) -> MediaId {
        MediaId::from_sql(self.id)
    }
}

/// A file that an item is shown by.
#[derive(infra_db::Row, Debug, Clone)]
pub(crate) struct FormRow {
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) bytes: i64,
}

/// An item with everything that names a blob, as of one moment.
#[derive(Debug, Clone)]
pub(crate) struct Inspected {
    pub(crate) item: ItemRow,
    /// Largest first, and the moving picture of an animation.
    pub(crate) renditions: Vec<FormRow>,
    /// Other forms of them.
    pub(crate) alternates: Vec<FormRow>,
}

/// A part of an upload that is under way.
#[derive(infra_db::Row, Debug, Clone)]
pub(crate) struct PartRow {
    pub(crate) upload_id: i64,
    pub(crate) position: i64,
    pub(crate) key: String,
    pub(crate) bytes: i64,
}

/// The ids of items after this one, in order.
pub(crate) async fn ids_after(
    database: &Database,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>, MediaError> {
    let ids = infra_db::query_scalar("SELECT id FROM media WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(after)
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(ids)
}

/// An item; nothing when it is gone.
pub(crate) async fn read(database: &Database, id: i64) -> Result<Option<Inspected>, MediaError> {
    let mut transaction = database.reader().snapshot().await?;
    let item: Option<ItemRow> = infra_db::query(
        "SELECT id, owner_id, revision, state, original_key, original_bytes, original_lost, memory_bytes
         FROM media WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(&mut transaction)
    .await?;
    let renditions = infra_db::query(
        "SELECT name, key, bytes FROM renditions WHERE media_id = $1 ORDER BY position, name",
    )
    .bind(id)
    .fetch_all(&mut transaction)
    .await?;
    let alternates = infra_db::query(
        "SELECT name, key, bytes FROM alternates WHERE media_id = $1 ORDER BY name",
    )
    .bind(id)
    .fetch_all(&mut transaction)
    .await?;
    Ok(item.map(|item| Inspected {
        item,
        renditions,
        alternates,
    }))
}

/// Parts of uploads after this one, in order.
pub(crate) async fn parts_after(
    database: &Database,
    (upload_id, position): (i64, i64),
    limit: i64,
) -> Result<Vec<PartRow>, MediaError> {
    let parts = infra_db::query(
        "SELECT upload_id, position, key, bytes FROM upload_parts WHERE (upload_id, position) > ($1, $2)
         ORDER BY upload_id, position LIMIT $3",
    )
    .bind(upload_id)
    .bind(position)
    .bind(limit)
    .fetch_all(database.reader())
    .await?;
    Ok(parts)
}

/// Whether the part is still there.
pub(crate) async fn has_part(database: &Database, part: &PartRow) -> Result<bool, MediaError> {
    let has = infra_db::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM upload_parts WHERE upload_id = $1 AND position = $2 AND key = $3)",
    )
    .bind(part.upload_id)
    .bind(part.position)
    .bind(&part.key)
    .fetch_one(database.reader())
    .await?;
    Ok(has)
}

/// Ends an upload that cannot be finished. Returns the blobs of its parts.
pub(crate) async fn remove_upload(
    connection: &mut Connection,
    upload_id: i64,
) -> Result<Vec<BlobKey>, MediaError> {
    let keys: Vec<String> =
        infra_db::query_scalar("DELETE FROM upload_parts WHERE upload_id = $1 RETURNING key")
            .bind(upload_id)
            .fetch_all(&mut *connection)
            .await?;
    infra_db::query("DELETE FROM upload_sessions WHERE id = $1")
        .bind(upload_id)
        .execute(connection)
        .await?;
    Ok(keys.iter().filter_map(|key| key.parse().ok()).collect())
}

/// The items that share an alternate.
pub(crate) async fn sharing_alternate(
    connection: &mut Connection,
    key: &str,
) -> Result<Vec<MediaId>, MediaError> {
    let ids: Vec<i64> =
        infra_db::query_scalar("SELECT DISTINCT media_id FROM alternates WHERE key = $1")
            .bind(key)
            .fetch_all(connection)
            .await?;
    Ok(ids.into_iter().map(MediaId::from_sql).collect())
}

/// Whether the item is as it was.
pub(crate) async fn is_unchanged(database: &Database, item: &ItemRow) -> Result<bool, MediaError> {
    let unchanged = infra_db::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM media WHERE id = $1 AND revision = $2)",
    )
    .bind(item.id)
    .bind(item.revision)
    .fetch_one(database.reader())
    .await?;
    Ok(unchanged)
}

/// Says of an item that its original is lost, or is back. Returns whether it still was as it had
/// been seen.
pub(crate) async fn mark_original(
    connection: &mut Connection,
    item: &ItemRow,
    lost: bool,
) -> Result<bool, MediaError> {
    let marked = infra_db::query(
        "UPDATE media SET original_lost = $3, revision = revision + 1 WHERE id = $1 AND revision = $2",
    )
    .bind(item.id)
    .bind(item.revision)
    .bind(lost)
    .execute(connection)
    .await?;
    Ok(marked == 1)
}

/// Takes hold of an item that is as it was seen, for a change of what it is made of.
pub(crate) async fn grow_revision(
    connection: &mut Connection,
    item: &ItemRow,
) -> Result<bool, MediaError> {
    let grown =
        infra_db::query("UPDATE media SET revision = revision + 1 WHERE id = $1 AND revision = $2")
            .bind(item.id)
            .bind(item.revision)
            .execute(connection)
            .await?;
    Ok(grown == 1)
}

/// Removes an item's renditions of these names. Returns their keys.
pub(crate) async fn remove_renditions(
    connection: &mut Connection,
    id: MediaId,
    names: &[String],
) -> Result<Vec<BlobKey>, MediaError> {
    let mut keys = Vec::new();
    for name in names {
        let removed: Vec<String> = infra_db::query_scalar(
            "DELETE FROM renditions WHERE media_id = $1 AND name = $2 RETURNING key",
        )
        .bind(id.to_sql())
        .bind(name)
        .fetch_all(&mut *connection)
        .await?;
        // What is not the name of a blob never led to one.
        keys.extend(removed.iter().filter_map(|key| key.parse::<BlobKey>().ok()));
    }
    Ok(keys)
}

/// Gives up an item of which nothing is left, whatever its state, or the original of one that has
/// failed already. Returns whether it still was as it had been seen.
pub(crate) async fn mark_lost(
    connection: &mut Connection,
    item: &ItemRow,
    failure: &str,
    now: Timestamp,
) -> Result<bool, MediaError> {
    let marked = infra_db::query(
        "UPDATE media SET failure = CASE WHEN state = 3 THEN failure ELSE $3 END,
             failure_code = CASE WHEN state = 3 THEN failure_code ELSE 'lost' END,
             failure_cause = CASE WHEN state = 3 THEN failure_cause ELSE 'a check found its files missing or damaged' END,
             failed_at = CASE WHEN state = 3 THEN failed_at ELSE $4 END,
             state = 3, original_key = '', original_lost = FALSE, revision = revision + 1,
             lease_holder = 0, leased_until = 0, next_attempt_at = 0
         WHERE id = $1 AND revision = $2",
    )
    .bind(item.id)
    .bind(item.revision)
    .bind(failure)
    .bind(now.microseconds())
    .execute(&mut *connection)
    .await?;
    let marked = marked == 1;
    if marked {
        let owner = AccountId::from_sql(item.owner_id);
        let (key, bytes) = (&item.original_key, item.original_bytes);
        usage::remove_original(connection, owner, key, bytes).await?;
    }
    Ok(marked)
}

/// Whether any blob is named, by a photo or by an upload under way.
pub(crate) async fn names_any(database: &Database) -> Result<bool, MediaError> {
    let any = infra_db::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM media) OR EXISTS (SELECT 1 FROM upload_parts)",
    )
    .fetch_one(database.reader())
    .await?;
    Ok(any)
}

/// Those of the blobs that no row names, that nobody has noted since this moment, and that do not
/// wait to be deleted. `keys` is a JSON array of texts.
pub(crate) async fn unnamed(
    connection: &mut Connection,
    keys: &str,
    recorded_since: Timestamp,
) -> Result<Vec<String>, MediaError> {
    let keys = infra_db::query_scalar(
        "SELECT value FROM json_each($1, '$') AS listed
         WHERE NOT EXISTS (SELECT 1 FROM media WHERE original_key = listed.value)
             AND NOT EXISTS (SELECT 1 FROM renditions WHERE key = listed.value)
             AND NOT EXISTS (SELECT 1 FROM alternates WHERE key = listed.value)
             AND NOT EXISTS (SELECT 1 FROM upload_parts WHERE key = listed.value)
             AND NOT EXISTS (SELECT 1 FROM blob_writes WHERE key = listed.value AND noted_at >= $2)
             AND NOT EXISTS (SELECT 1 FROM blob_deletions WHERE key = listed.value)",
    )
    .bind(keys)
    .bind(recorded_since.microseconds())
    .fetch_all(connection)
    .await?;
    Ok(keys)
}

/// Queues a blob for deletion that nothing names, and forgets the old notes of it. Returns whether
/// it was queued.
pub(crate) async fn queue_unnamed(
    connection: &mut Connection,
    key: BlobKey,
    recorded_since: Timestamp,
    now: Timestamp,
) -> Result<bool, MediaError> {
    let listed = format!("[\"{key}\"]");
    if unnamed(connection, &listed, recorded_since)
        .await?
        .is_empty()
    {
        return Ok(false);
    }
    infra_db::query("DELETE FROM blob_writes WHERE key = $1 AND noted_at < $2")
        .bind(key.to_string())
        .bind(recorded_since.microseconds())
        .execute(&mut *connection)
        .await?;
    blob_rows::queue_deletions(connection, &[key], now).await?;
    Ok(true)
}
