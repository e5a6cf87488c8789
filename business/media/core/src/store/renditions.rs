//! The table `renditions`, and what is served under a rendition's key.

use std::collections::HashMap;
use std::sync::Arc;

use business_media_codec::EncodedRendition;
use business_media_gateway::{MediaId, MediaItem, MediaState, Rendition};
use infra_blob::{BlobKey, Stored};
use infra_db::{Connection, Database, json_ids};

use crate::error::MediaError;
use crate::forms::{Form, Head};

/// The name of the row that holds an animation; the others are stills.
pub(crate) const ANIMATION: &str = "animation";

/// The ends of file names, by what is in the files.
const ENDINGS: [(&str, &str); 5] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/avif", "avif"),
];

/// The file name under which a rendition is served.
pub(crate) fn file_name(key: &str, content_type: &str) -> String {
    let known = ENDINGS.iter().find(|(known, _)| *known == content_type);
    let ending = known.map_or("bin", |(_, ending)| *ending);
    format!("{key}.{ending}")
}

/// The blob behind a file name, and the type of content that its end indicates; nothing for a text
/// that is no such name.
pub(crate) fn key_of_file_name(name: &str) -> Option<(BlobKey, &'static str)> {
    let (key, ending) = name.split_once('.')?;
    let (content_type, _) = ENDINGS.iter().find(|(_, known)| *known == ending)?;
    Some((key.parse().ok()?, content_type))
}

pub(crate) async fn insert(
    connection: &mut Connection,
    id: MediaId,
    position: i64,
    rendition: &EncodedRendition,
    stored: Stored,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO renditions (media_id, name, position, key, content_type, width, height, bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id.to_sql())
    .bind(rendition.name)
    .bind(position)
    .bind(stored.key.to_string())
    .bind(rendition.content_type)
    .bind(i64::from(rendition.width))
    .bind(i64::from(rendition.height))
    .bind(stored.bytes.cast_signed())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const SIZES: &str =
    "SELECT name, bytes FROM renditions WHERE media_id = $1 AND name <> $2 ORDER BY position";

/// The names and sizes in bytes of an item's still renditions that may have smaller forms.
pub(crate) async fn sizes(
    database: &Database,
    id: MediaId,
) -> Result<Vec<(String, u64)>, MediaError> {
    let rows: Vec<(String, i64)> = infra_db::query(SIZES)
        .bind(id.to_sql())
        .bind(ANIMATION)
        .fetch_all(database.reader())
        .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(name, bytes)| (name, bytes.cast_unsigned()))
        .collect())
}

pub(super) const KEYS: &str = "SELECT key FROM renditions WHERE media_id = $1";

/// The keys of an item's renditions.
pub(crate) async fn keys(database: &Database, id: MediaId) -> Result<Vec<BlobKey>, MediaError> {
    let keys: Vec<String> = infra_db::query_scalar(KEYS)
        .bind(id.to_sql())
        .fetch_all(database.reader())
        .await?;
    Ok(keys
        .iter()
        .map(|key| key.parse())
        .collect::<Result<_, _>>()?)
}

#[derive(infra_db::Row)]
struct RenditionRow {
    media_id: i64,
    name: String,
    key: String,
    content_type: String,
    width: i64,
    height: i64,
    bytes: i64,
}

pub(super) const ADD_TO: &str =
    "SELECT media_id, name, key, content_type, width, height, bytes FROM renditions
     WHERE media_id IN (SELECT value FROM json_each($1)) ORDER BY media_id, position";

/// Adds to each item its renditions, largest first, and its animation. `ids` is the JSON array of
/// the items' ids.
pub(crate) async fn add_to(
    connection: &mut Connection,
    ids: &str,
    items: &mut [MediaItem],
) -> Result<(), MediaError> {
    let rows: Vec<RenditionRow> = infra_db::query(ADD_TO)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    let mut by_item: HashMap<u64, Vec<Rendition>> = HashMap::new();
    for row in rows {
        let id = row.media_id.cast_unsigned();
        by_item.entry(id).or_default().push(row.into());
    }
    for item in items {
        item.renditions = by_item.remove(&item.id).unwrap_or_default();
        // It stands last, after the stills.
        item.animation = item
            .renditions
            .pop_if(|rendition| rendition.name == ANIMATION);
    }
    Ok(())
}

impl From<RenditionRow> for Rendition {
    fn from(row: RenditionRow) -> Self {
        Self {
            key: file_name(&row.key, &row.content_type),
            name: row.name,
            content_type: row.content_type,
            width: u32::try_from(row.width).unwrap_or(0),
            height: u32::try_from(row.height).unwrap_or(0),
            bytes: row.bytes.cast_unsigned(),
        }
    }
}

pub(super) const KEYS_OF: &str =
    "SELECT key FROM renditions WHERE media_id IN (SELECT value FROM json_each($1))";

/// The keys of these items' renditions.
pub(crate) async fn keys_of(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<Vec<BlobKey>, MediaError> {
    let keys: Vec<String> = infra_db::query_scalar(KEYS_OF)
        .bind(json_ids(ids.iter().map(|id| id.to_sql())))
        .fetch_all(connection)
        .await?;
    Ok(keys
        .iter()
        .map(|key| key.parse())
        .collect::<Result<_, _>>()?)
}

pub(super) const READ_HEAD: &str =
    "SELECT r.content_type, r.bytes, EXISTS (SELECT 1 FROM renditions other
         JOIN media item ON item.id = other.media_id
         WHERE other.key = $1 AND item.state = $2 AND item.open)
     FROM renditions r JOIN media m ON m.id = r.media_id WHERE r.key = $1 AND m.state = $2 LIMIT 1";

/// What is known of a rendition, by its key; several items may share it, and it is open when one of
/// them is.
pub(crate) async fn read_head(
    database: &Database,
    key: BlobKey,
) -> Result<Option<Head>, MediaError> {
    // One transaction, so that a rendition and its forms are of the same moment.
    let mut transaction = database.reader().snapshot().await?;
    let row: Option<(String, i64, bool)> = infra_db::query(READ_HEAD)
        .bind(key.to_string())
        .bind(MediaState::Ready as i32)
        .fetch_optional(&mut transaction)
        .await?;
    let Some((content_type, bytes, open)) = row else {
        return Ok(None);
    };
    let others = forms_of(&mut transaction, key).await?;
    let forms_to_come = waits_for_alternates(&mut transaction, key).await?;
    let itself = Form {
        key,
        content_type: content_type.into(),
        bytes: bytes.cast_unsigned(),
    };
    Ok(Some(Head {
        itself,
        open,
        others,
        forms_to_come,
    }))
}

pub(super) const WAITS_FOR_ALTERNATES: &str = "SELECT EXISTS (SELECT 1 FROM renditions r JOIN alternate_jobs j ON j.media_id = r.media_id WHERE r.key = $1)";

async fn waits_for_alternates(
    connection: &mut Connection,
    key: BlobKey,
) -> Result<bool, MediaError> {
    Ok(infra_db::query_scalar(WAITS_FOR_ALTERNATES)
        .bind(key.to_string())
        .fetch_one(connection)
        .await?)
}

pub(super) const FORMS_OF: &str = "SELECT DISTINCT a.content_type, a.key, a.bytes FROM renditions r
         JOIN alternates a ON a.media_id = r.media_id AND a.name = r.name
     WHERE r.key = $1 ORDER BY a.content_type, a.key";

/// The other forms of a rendition. Where several items share it, any one's serve: they show the
/// same.
async fn forms_of(connection: &mut Connection, key: BlobKey) -> Result<Arc<[Form]>, MediaError> {
    let rows: Vec<(String, String, i64)> = infra_db::query(FORMS_OF)
        .bind(key.to_string())
        .fetch_all(connection)
        .await?;
    rows.into_iter()
        .map(|(content_type, key, bytes)| {
            Ok(Form {
                key: key.parse()?,
                content_type: content_type.into(),
                bytes: bytes.cast_unsigned(),
            })
        })
        .collect()
}

pub(super) const IS_SERVED: &str = "SELECT EXISTS (SELECT 1 FROM renditions WHERE key = $1) OR EXISTS (SELECT 1 FROM alternates WHERE key = $1)";

/// Whether a blob is a rendition or another form of one.
pub(crate) async fn is_served(database: &Database, key: BlobKey) -> Result<bool, MediaError> {
    let served = infra_db::query_scalar(IS_SERVED)
        .bind(key.to_string())
        .fetch_one(database.reader())
        .await?;
    Ok(served)
}
