//! The table `renditions`.

use std::collections::HashMap;

use business_media_codec::EncodedRendition;
use business_media_gateway::{MediaItem, Rendition};
use infra_blob::{BlobKey, Stored};
use infra_db::{Connection, Database};
use infra_kernel::MediaId;
use sqlx::FromRow;

use crate::caches::Head;
use crate::error::MediaError;

/// The end of a rendition's file name, unless it is of another type than JPEG.
const FILE_ENDING: &str = ".jpg";

/// The name of the row that is no still picture: the moving one of an animation.
const ANIMATION: &str = "animation";

/// The file name under which a rendition is served.
pub(crate) fn file_name(key: impl std::fmt::Display, content_type: &str) -> String {
    let ending = match content_type {
        "image/gif" => ".gif",
        "image/png" => ".png",
        "image/webp" => ".webp",
        _ => FILE_ENDING,
    };
    format!("{key}{ending}")
}

/// The blob behind a file name; nothing for a text that is no such name.
pub(crate) fn key_of_file_name(name: &str) -> Option<BlobKey> {
    name.strip_suffix(FILE_ENDING)?.parse().ok()
}

pub(crate) async fn insert(
    connection: &mut Connection,
    id: MediaId,
    position: i64,
    rendition: &EncodedRendition,
    stored: Stored,
) -> Result<(), MediaError> {
    sqlx::query(
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

/// The names and sizes in bytes of an item's still renditions that may have smaller forms.
pub(crate) async fn sizes(
    database: &Database,
    id: MediaId,
) -> Result<Vec<(String, u64)>, MediaError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT name, bytes FROM renditions WHERE media_id = $1 AND name <> $2 ORDER BY position",
    )
    .bind(id.to_sql())
    .bind(ANIMATION)
    .fetch_all(database.reader())
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(name, bytes)| (name, bytes.cast_unsigned()))
        .collect())
}

/// The keys of an item's renditions.
pub(crate) async fn keys(database: &Database, id: MediaId) -> Result<Vec<BlobKey>, MediaError> {
    let keys: Vec<String> = sqlx::query_scalar("SELECT key FROM renditions WHERE media_id = $1")
        .bind(id.to_sql())
        .fetch_all(database.reader())
        .await?;
    Ok(keys
        .iter()
        .map(|key| key.parse())
        .collect::<Result<_, _>>()?)
}

#[derive(FromRow)]
struct RenditionRow {
    media_id: i64,
    name: String,
    key: String,
    content_type: String,
    width: i64,
    height: i64,
    bytes: i64,
}

/// Adds to each item its renditions, largest first, and its animation. `ids` is the JSON array of the items' ids.
pub(crate) async fn add_to(
    connection: &mut Connection,
    ids: &str,
    items: &mut [MediaItem],
) -> Result<(), MediaError> {
    let rows: Vec<RenditionRow> = sqlx::query_as(
        "SELECT media_id, name, key, content_type, width, height, bytes FROM renditions
         WHERE media_id IN (SELECT value FROM json_each($1)) ORDER BY media_id, position",
    )
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
            key: file_name(row.key, &row.content_type),
            name: row.name,
            content_type: row.content_type,
            width: u32::try_from(row.width).unwrap_or(0),
            height: u32::try_from(row.height).unwrap_or(0),
            bytes: row.bytes.cast_unsigned(),
        }
    }
}

/// What is known of a rendition, by its key; several items may share it.
pub(crate) async fn read_head(
    database: &Database,
    key: BlobKey,
) -> Result<Option<Head>, MediaError> {
    let row: Option<(String, i64)> =
        sqlx::query_as("SELECT content_type, bytes FROM renditions WHERE key = $1 LIMIT 1")
            .bind(key.to_string())
            .fetch_optional(database.reader())
            .await?;
    Ok(row.map(|(content_type, bytes)| Head {
        content_type: content_type.into(),
        bytes: bytes.cast_unsigned(),
    }))
}
