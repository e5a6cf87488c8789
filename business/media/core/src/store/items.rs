//! The table `media`.

use business_media_gateway::{MediaId, MediaItem};
use infra_blob::BlobKey;
use infra_db::{Connection, Database, json_ids};
use infra_kernel::{AccountId, CorrelationId, Error, Timestamp};

use crate::error::MediaError;
use crate::rules::lane::Lane;
use crate::store::{camera, renditions, usage};

/// What an upload brings, whatever is in the file.
#[derive(Clone)]
pub(crate) struct NewItem {
    pub(crate) id: MediaId,
    pub(crate) owner: AccountId,
    pub(crate) description: String,
    pub(crate) focus: (f32, f32),
    pub(crate) created_at: Timestamp,
    pub(crate) original_key: String,
    pub(crate) original_bytes: u64,
    /// The upload in parts that it came by, and when that is to be forgotten.
    pub(crate) upload: Option<(i64, Timestamp)>,
    /// The name in the logs of the request that brought it.
    pub(crate) correlation_id: CorrelationId,
}

/// What the header of an upload's file says.
pub(crate) struct NewPicture {
    pub(crate) content_type: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) memory_bytes: u64,
    pub(crate) lane: Lane,
}

/// Adds an item that waits for a worker.
pub(crate) async fn insert(
    connection: &mut Connection,
    item: &NewItem,
    picture: &NewPicture,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO media (id, owner_id, revision, state, failure, content_type, description, focus_x, focus_y, blurhash,
             dominant_color, width, height, attached, created_at, original_key, original_bytes, memory_bytes,
             correlation_id, lane)
         VALUES ($1, $2, 1, 1, '', $3, $4, $5, $6, '', '', $7, $8, FALSE, $9, $10, $11, $12, $13, $14)",
    )
    .bind(item.id.to_sql())
    .bind(item.owner.to_sql())
    .bind(picture.content_type)
    .bind(&item.description)
    .bind(f64::from(item.focus.0))
    .bind(f64::from(item.focus.1))
    .bind(i64::from(picture.width))
    .bind(i64::from(picture.height))
    .bind(item.created_at.microseconds())
    .bind(&item.original_key)
    .bind(item.original_bytes.cast_signed())
    .bind(picture.memory_bytes.cast_signed())
    .bind(item.correlation_id.as_str())
    .bind(picture.lane.to_sql())
    .execute(&mut *connection)
    .await?;
    usage::add_item(connection, item).await
}

pub(super) const SET_MEMORY_BYTES: &str =
    "UPDATE media SET memory_bytes = $3 WHERE id = $1 AND original_key = $2";

/// Records what work on the item's original takes, if this is still its original.
pub(crate) async fn set_memory_bytes(
    connection: &mut Connection,
    id: MediaId,
    original: BlobKey,
    memory_bytes: u64,
) -> Result<(), MediaError> {
    infra_db::query(SET_MEMORY_BYTES)
        .bind(id.to_sql())
        .bind(original.to_string())
        .bind(memory_bytes.cast_signed())
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(infra_db::Row)]
struct ItemRow {
    id: i64,
    owner_id: i64,
    revision: i64,
    state: i64,
    failure: String,
    content_type: String,
    description: String,
    focus_x: f64,
    focus_y: f64,
    blurhash: String,
    dominant_color: String,
    width: i64,
    height: i64,
    attached: bool,
    open: bool,
    created_at: i64,
    original_bytes: i64,
    failure_code: String,
    camera: String,
}

impl From<ItemRow> for MediaItem {
    #[allow(clippy::cast_possible_truncation)] // both were written from 32 bits
    fn from(row: ItemRow) -> Self {
        Self {
            id: row.id.cast_unsigned(),
            owner_id: row.owner_id.cast_unsigned(),
            revision: row.revision.cast_unsigned(),
            state: i32::try_from(row.state).unwrap_or_default(),
            failure: row.failure,
            content_type: row.content_type,
            description: row.description,
            focus_x: row.focus_x as f32,
            focus_y: row.focus_y as f32,
            blurhash: row.blurhash,
            dominant_color: row.dominant_color,
            width: u32::try_from(row.width).unwrap_or(0),
            height: u32::try_from(row.height).unwrap_or(0),
            renditions: Vec::new(),
            attached: row.attached,
            open: row.open,
            created_at_us: row.created_at,
            original_bytes: row.original_bytes.cast_unsigned(),
            failure_code: row.failure_code,
            camera: camera::read(&row.camera),
            ..Self::default()
        }
    }
}

pub(super) const LOAD: &str = "SELECT id, owner_id, revision, state, failure, content_type, description, focus_x, focus_y, blurhash,
         dominant_color, width, height, attached, open, created_at, original_bytes, failure_code, camera
     FROM media WHERE id IN (SELECT value FROM json_each($1))";

/// Items by id, whole and each as of the same moment; those that are not there are left out. In no
/// order.
pub(crate) async fn load(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<Vec<MediaItem>, MediaError> {
    let ids = json_ids(ids.iter().map(|id| id.to_sql()));
    let rows: Vec<ItemRow> = infra_db::query(LOAD)
        .bind(&ids)
        .fetch_all(&mut *connection)
        .await?;
    let mut items: Vec<MediaItem> = rows.into_iter().map(MediaItem::from).collect();
    renditions::add_to(connection, &ids, &mut items).await?;
    Ok(items)
}

/// One item of an account. Another's is as good as none: nobody learns which ids there are.
pub(crate) async fn load_own(
    connection: &mut Connection,
    id: MediaId,
    owner: AccountId,
) -> Result<MediaItem, MediaError> {
    let item = load(connection, &[id]).await?.pop();
    let own = item.filter(|item| item.owner() == owner);
    Ok(own.ok_or_else(|| Error::not_found("photo"))?)
}

/// The same for one item, outside a transaction.
pub(crate) async fn read(
    database: &Database,
    ids: &[MediaId],
) -> Result<Vec<MediaItem>, MediaError> {
    // One transaction, so that an item and its renditions are of the same moment.
    let mut transaction = database.reader().snapshot().await?;
    let items = load(&mut transaction, ids).await?;
    Ok(items)
}

pub(super) const COUNT_UNATTACHED: &str = "SELECT COUNT(*) FROM media WHERE owner_id = $1 AND NOT attached AND state <> 3 AND created_at >= $2";

/// How many items an account has uploaded since then that nothing shows, without those that have
/// failed.
pub(crate) async fn count_unattached(
    connection: &mut Connection,
    owner: AccountId,
    since: Timestamp,
) -> Result<u32, MediaError> {
    let count: i64 = infra_db::query_scalar(COUNT_UNATTACHED)
        .bind(owner.to_sql())
        .bind(since.microseconds())
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(super) const UNATTACHED_OF: &str = "SELECT id FROM media WHERE owner_id = $1 AND NOT attached AND (created_at >= $2 OR state = 3) ORDER BY id DESC LIMIT $3";

/// The items of an account that nothing shows, newest first: those uploaded since then, and those
/// that have failed.
pub(crate) async fn unattached_of(
    database: &Database,
    owner: AccountId,
    since: Timestamp,
    limit: i64,
) -> Result<Vec<MediaId>, MediaError> {
    let ids: Vec<i64> = infra_db::query_scalar(UNATTACHED_OF)
        .bind(owner.to_sql())
        .bind(since.microseconds())
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(ids.into_iter().map(MediaId::from_sql).collect())
}

pub(super) const DESCRIBE: &str =
    "UPDATE media SET revision = revision + 1, description = COALESCE($2, description),
         focus_x = COALESCE($3, focus_x), focus_y = COALESCE($4, focus_y)
     WHERE id = $1";

/// Changes what the owner may change; what is not set stays.
pub(crate) async fn describe(
    connection: &mut Connection,
    id: MediaId,
    description: Option<String>,
    focus: (Option<f32>, Option<f32>),
) -> Result<(), MediaError> {
    infra_db::query(DESCRIBE)
        .bind(id.to_sql())
        .bind(description)
        .bind(focus.0.map(f64::from))
        .bind(focus.1.map(f64::from))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const MARK_ATTACHED: &str = "UPDATE media SET attached = TRUE, revision = revision + 1
     WHERE NOT attached AND id IN (SELECT value FROM json_each($1))";

/// Marks items as shown by something.
pub(crate) async fn mark_attached(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<(), MediaError> {
    infra_db::query(MARK_ATTACHED)
        .bind(json_ids(ids.iter().map(|id| id.to_sql())))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const UNATTACHED_BEFORE: &str = "SELECT id FROM media WHERE NOT attached AND state <> 3 AND created_at < $1 ORDER BY created_at LIMIT $2";

/// Items that were uploaded before this moment and that nothing shows, oldest first; failed ones
/// are another matter.
pub(crate) async fn unattached_before(
    database: &Database,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<MediaId>, MediaError> {
    let ids: Vec<i64> = infra_db::query_scalar(UNATTACHED_BEFORE)
        .bind(before.microseconds())
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(ids.into_iter().map(MediaId::from_sql).collect())
}

pub(super) const STILL_UNATTACHED: &str =
    "SELECT id FROM media WHERE NOT attached AND id IN (SELECT value FROM json_each($1))";

/// Those of the items that still are shown by nothing.
pub(crate) async fn still_unattached(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<Vec<MediaId>, MediaError> {
    let ids: Vec<i64> = infra_db::query_scalar(STILL_UNATTACHED)
        .bind(json_ids(ids.iter().map(|id| id.to_sql())))
        .fetch_all(connection)
        .await?;
    Ok(ids.into_iter().map(MediaId::from_sql).collect())
}

pub(super) const FAILED_BEFORE: &str = "SELECT id FROM media WHERE state = 3 AND (NOT attached OR original_key <> '') AND failed_at < $1
     ORDER BY failed_at LIMIT $2";

/// Failed items whose time is over: they failed before this moment, and nothing shows them or they
/// still have their original. Longest ago first.
pub(crate) async fn failed_before(
    database: &Database,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<MediaId>, MediaError> {
    let ids: Vec<i64> = infra_db::query_scalar(FAILED_BEFORE)
        .bind(before.microseconds())
        .bind(limit)
        .fetch_all(database.reader())
        .await?;
    Ok(ids.into_iter().map(MediaId::from_sql).collect())
}

pub(super) const FAILED_ORIGINAL: &str = "SELECT owner_id, original_key, original_bytes FROM media WHERE id = $1 AND state = 3 AND original_key <> ''";
pub(super) const FORGET_ORIGINAL: &str =
    "UPDATE media SET original_key = '', revision = revision + 1 WHERE id = $1";

/// Lets a failed item go of its original, whose bytes may then be collected. Returns its key.
pub(crate) async fn forget_original(
    connection: &mut Connection,
    id: MediaId,
) -> Result<Option<BlobKey>, MediaError> {
    let row: Option<(i64, String, i64)> = infra_db::query(FAILED_ORIGINAL)
        .bind(id.to_sql())
        .fetch_optional(&mut *connection)
        .await?;
    let Some((owner_id, key, bytes)) = row else {
        return Ok(None);
    };
    infra_db::query(FORGET_ORIGINAL)
        .bind(id.to_sql())
        .execute(&mut *connection)
        .await?;
    usage::remove_original(connection, AccountId::from_sql(owner_id), &key, bytes).await?;
    Ok(Some(key.parse()?))
}

pub(super) const STILL_FAILED: &str =
    "SELECT id, attached FROM media WHERE state = 3 AND id IN (SELECT value FROM json_each($1))";

/// Those of the items that have still failed, and whether something shows them.
pub(crate) async fn still_failed(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<Vec<(MediaId, bool)>, MediaError> {
    let rows: Vec<(i64, bool)> = infra_db::query(STILL_FAILED)
        .bind(json_ids(ids.iter().map(|id| id.to_sql())))
        .fetch_all(connection)
        .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(id, attached)| (MediaId::from_sql(id), attached))
        .collect())
}
