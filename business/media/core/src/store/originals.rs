//! Originals: what the rows of `media` say of them, and the row of `alternates` that holds what
//! others may download.

use std::sync::Arc;

use business_media_gateway::{MediaId, MediaState};
use infra_blob::{BlobKey, Stored};
use infra_db::{Connection, Database};

use crate::error::MediaError;
use crate::forms::Form;

/// The name of the row of `alternates` that holds an original without its metadata. No rendition
/// has this name.
pub(crate) const SHARED: &str = "original";

/// What is known of an upload.
#[derive(infra_db::Row)]
struct OriginalRow {
    state: i64,
    content_type: String,
    original_key: String,
    original_bytes: i64,
    original_lost: bool,
    original_unstrippable: bool,
}

/// An upload that has not released its bytes.
pub(crate) struct Original {
    pub(crate) form: Form,
    pub(crate) ready: bool,
    /// A check found the bytes missing or damaged.
    pub(crate) lost: bool,
    /// It was tried before, without success.
    pub(crate) unstrippable: bool,
}

pub(super) const READ: &str = "SELECT state, content_type, original_key, original_bytes, original_lost, original_unstrippable FROM media
     WHERE id = $1 AND original_key <> ''";

/// Nothing when the item is not there, or has released its original.
pub(crate) async fn read(database: &Database, id: MediaId) -> Result<Option<Original>, MediaError> {
    let row: Option<OriginalRow> = infra_db::query(READ)
        .bind(id.to_sql())
        .fetch_optional(database.reader())
        .await?;
    row.map(|row| {
        Ok(Original {
            ready: row.state == MediaState::Ready as i64,
            lost: row.original_lost,
            unstrippable: row.original_unstrippable,
            form: Form {
                key: row.original_key.parse()?,
                content_type: row.content_type.into(),
                bytes: row.original_bytes.cast_unsigned(),
            },
        })
    })
    .transpose()
}

pub(super) const READ_SHARED: &str =
    "SELECT content_type, key, bytes FROM alternates WHERE media_id = $1 AND name = $2";

/// What others may download of an item, if it has been made.
pub(crate) async fn read_shared(
    connection: &mut Connection,
    id: MediaId,
) -> Result<Option<Form>, MediaError> {
    let row: Option<(String, String, i64)> = infra_db::query(READ_SHARED)
        .bind(id.to_sql())
        .bind(SHARED)
        .fetch_optional(connection)
        .await?;
    row.map(|(content_type, key, bytes)| {
        Ok(Form {
            key: key.parse::<BlobKey>()?,
            content_type: content_type.into(),
            bytes: bytes.cast_unsigned(),
        })
    })
    .transpose()
}

pub(super) const INSERT_SHARED: &str =
    "INSERT INTO alternates (media_id, name, content_type, key, bytes)
     SELECT id, $2, $3, $4, $5 FROM media WHERE id = $1 ON CONFLICT DO NOTHING";

/// Records what others may download of an item. Returns whether it is recorded: not when the item
/// is gone, or another was quicker.
pub(crate) async fn insert_shared(
    connection: &mut Connection,
    id: MediaId,
    content_type: &Arc<str>,
    stored: Stored,
) -> Result<bool, MediaError> {
    let inserted = infra_db::query(INSERT_SHARED)
        .bind(id.to_sql())
        .bind(SHARED)
        .bind(&**content_type)
        .bind(stored.key.to_string())
        .bind(stored.bytes.cast_signed())
        .execute(connection)
        .await?;
    Ok(inserted == 1)
}

pub(super) const MARK_UNSTRIPPABLE: &str =
    "UPDATE media SET original_unstrippable = TRUE WHERE original_key = $1";

/// Records that what an upload tells cannot be taken out of its file: of every item that has this
/// file.
pub(crate) async fn mark_unstrippable(
    connection: &mut Connection,
    original_key: BlobKey,
) -> Result<(), MediaError> {
    infra_db::query(MARK_UNSTRIPPABLE)
        .bind(original_key.to_string())
        .execute(connection)
        .await?;
    Ok(())
}
