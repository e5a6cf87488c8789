//! Deleting an item: its rows, its event, and the notes that lead to the end of its bytes.

use business_media_gateway::{MediaDeleted, MediaId, topics};
use infra_blob::BlobKey;
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, IdGenerator, Timestamp};

use crate::error::MediaError;
use crate::store::{alternates, blob_rows, renditions, usage};

/// What an item left behind when its rows were deleted.
#[derive(Default)]
pub(crate) struct Leftovers {
    /// Items that are gone.
    pub(crate) items: Vec<MediaId>,
    /// The keys of renditions, and of their other forms, that lost a row.
    pub(crate) renditions: Vec<BlobKey>,
    /// Blobs that may have no user any more: originals, renditions and alternates.
    pub(crate) blobs: Vec<BlobKey>,
}

impl Leftovers {
    fn add(&mut self, other: Self) {
        self.items.extend(other.items);
        self.renditions.extend(other.renditions);
        self.blobs.extend(other.blobs);
    }
}

/// Deletes items. Those that are not there are skipped.
pub(crate) async fn delete_items(
    connection: &mut Connection,
    context: &Context,
    ids: &IdGenerator,
    now: Timestamp,
    items: &[MediaId],
) -> Result<Leftovers, MediaError> {
    let mut leftovers = Leftovers::default();
    for &item in items {
        if let Some(deleted) = delete_item(connection, context, ids, now, item).await? {
            leftovers.add(deleted);
        }
    }
    Ok(leftovers)
}

pub(super) const DELETE_RENDITIONS: &str =
    "DELETE FROM renditions WHERE media_id = $1 RETURNING key, content_type";
pub(super) const DELETE_ITEM: &str =
    "DELETE FROM media WHERE id = $1 RETURNING owner_id, original_key, original_bytes";

async fn delete_item(
    connection: &mut Connection,
    context: &Context,
    ids: &IdGenerator,
    now: Timestamp,
    id: MediaId,
) -> Result<Option<Leftovers>, MediaError> {
    // Before the row that they refer to.
    let files: Vec<(String, String)> = infra_db::query(DELETE_RENDITIONS)
        .bind(id.to_sql())
        .fetch_all(&mut *connection)
        .await?;
    let alternates = alternates::remove(connection, id).await?;
    let row: Option<(i64, String, i64)> = infra_db::query(DELETE_ITEM)
        .bind(id.to_sql())
        .fetch_optional(&mut *connection)
        .await?;
    let Some((owner_id, original, original_bytes)) = row else {
        return Ok(None);
    };
    let owner = AccountId::from_sql(owner_id);
    usage::remove_item(connection, owner, &original, original_bytes).await?;
    // After its own rows: another item may have the same file.
    let gone = not_served_any_more(connection, &files).await?;
    let event = MediaDeleted {
        media_id: id.get(),
        owner_id: owner_id.cast_unsigned(),
        keys: gone,
    };
    let event = Event::new(context, ids, topics::DELETED, id.get(), &event);
    outbox::append(connection, &event).await?;
    let renditions = parse(files.iter().map(|(key, _)| key).chain(&alternates))?;
    let mut blobs = renditions.clone();
    // A picture that failed long ago has released its original already.
    if !original.is_empty() {
        blobs.push(original.parse()?);
    }
    blob_rows::queue_deletions(connection, &blobs, now).await?;
    Ok(Some(Leftovers {
        items: vec![id],
        renditions,
        blobs,
    }))
}

fn parse<'key>(keys: impl Iterator<Item = &'key String>) -> Result<Vec<BlobKey>, MediaError> {
    let mut parsed = keys
        .map(|key| key.parse())
        .collect::<Result<Vec<BlobKey>, _>>()?;
    // A small picture's renditions are one file.
    parsed.sort_unstable();
    parsed.dedup();
    Ok(parsed)
}

pub(super) const NOT_SERVED_ANY_MORE: &str =
    "SELECT EXISTS (SELECT 1 FROM renditions WHERE key = $1)";

/// The file names of those of the keys that no rendition has.
async fn not_served_any_more(
    connection: &mut Connection,
    files: &[(String, String)],
) -> Result<Vec<String>, MediaError> {
    let mut gone = Vec::new();
    for (key, content_type) in files {
        let served: bool = infra_db::query_scalar(NOT_SERVED_ANY_MORE)
            .bind(key)
            .fetch_one(&mut *connection)
            .await?;
        let name = renditions::file_name(key, content_type);
        if !served && !gone.contains(&name) {
            gone.push(name);
        }
    }
    Ok(gone)
}
