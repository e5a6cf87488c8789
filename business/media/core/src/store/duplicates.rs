//! Items of one account with the same content: what was made for one serves the others.
//!
//! Rows are copied and blobs shared. In the transaction that copies, the duplicate's rows are there
//! and name the blobs, so none of them can be claimed for deletion before the copies name them too.

use business_media_gateway::MediaId;
use infra_db::Connection;
use infra_kernel::{AccountId, Timestamp};

use crate::error::MediaError;
use crate::store::items::NewItem;
use crate::store::usage;

pub(super) const FIND: &str = "SELECT id FROM media WHERE owner_id = $1 AND original_key = $2 AND state = 2 AND NOT original_lost
     LIMIT 1";

/// A ready item of the account with this original, unless it has lost it: then the content is
/// wanted again.
pub(crate) async fn find(
    connection: &mut Connection,
    owner: AccountId,
    original_key: &str,
) -> Result<Option<MediaId>, MediaError> {
    let id: Option<i64> = infra_db::query_scalar(FIND)
        .bind(owner.to_sql())
        .bind(original_key)
        .fetch_optional(connection)
        .await?;
    Ok(id.map(MediaId::from_sql))
}

pub(super) const INSERT_COPY: &str = "INSERT INTO media (id, owner_id, revision, state, failure, content_type, description, focus_x, focus_y, blurhash,
         dominant_color, width, height, attached, created_at, original_key, original_bytes, memory_bytes, camera,
         original_unstrippable, correlation_id, alternates_tried)
     SELECT $1, owner_id, 1, 2, '', content_type, $3, $4, $5, blurhash, dominant_color, width, height, FALSE, $6,
         original_key, original_bytes, memory_bytes, camera, original_unstrippable, $7, alternates_tried
     FROM media WHERE id = $2";

/// Adds an item that is ready at once, with everything that was made for its duplicate and words of
/// its own.
pub(crate) async fn insert_copy(
    connection: &mut Connection,
    item: &NewItem,
    duplicate: MediaId,
) -> Result<(), MediaError> {
    infra_db::query(INSERT_COPY)
        .bind(item.id.to_sql())
        .bind(duplicate.to_sql())
        .bind(&item.description)
        .bind(f64::from(item.focus.0))
        .bind(f64::from(item.focus.1))
        .bind(item.created_at.microseconds())
        .bind(item.correlation_id.as_str())
        .execute(&mut *connection)
        .await?;
    usage::add_item(connection, item).await?;
    copy_files(connection, duplicate, item.id, item.created_at).await
}

pub(super) const COPY_RENDITIONS: &str = "INSERT INTO renditions (media_id, name, position, key, content_type, width, height, bytes)
     SELECT $1, name, position, key, content_type, width, height, bytes FROM renditions WHERE media_id = $2";
pub(super) const COPY_JOB: &str =
    "INSERT INTO alternate_jobs (media_id, owner_id, attempts, next_attempt_at, lease_holder)
     SELECT $1, owner_id, 0, $3, 0 FROM alternate_jobs WHERE media_id = $2";
pub(super) const COPY_GIVEN_UP: &str = "INSERT INTO alternates_given_up (media_id, attempts, given_up_at, cause)
     SELECT $1, attempts, given_up_at, cause FROM alternates_given_up WHERE media_id = $2 ON CONFLICT DO NOTHING";

/// Copies the rows of renditions and alternates, and the wish for alternates that are still to be
/// made or that it was given up.
pub(crate) async fn copy_files(
    connection: &mut Connection,
    duplicate: MediaId,
    id: MediaId,
    now: Timestamp,
) -> Result<(), MediaError> {
    infra_db::query(COPY_RENDITIONS)
        .bind(id.to_sql())
        .bind(duplicate.to_sql())
        .execute(&mut *connection)
        .await?;
    copy_alternates(connection, duplicate, id).await?;
    infra_db::query(COPY_JOB)
        .bind(id.to_sql())
        .bind(duplicate.to_sql())
        .bind(now.microseconds())
        .execute(&mut *connection)
        .await?;
    infra_db::query(COPY_GIVEN_UP)
        .bind(id.to_sql())
        .bind(duplicate.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const FIND_WITH_ALTERNATES: &str = "SELECT twin.id FROM media AS item JOIN media AS twin
         ON twin.owner_id = item.owner_id AND twin.original_key = item.original_key
     WHERE item.id = $1 AND twin.id <> $1 AND twin.state = 2
         AND (twin.alternates_tried & $2) = $2
     LIMIT 1";

/// A ready item of the account with the same original of which these alternates were made, as
/// [`alternates::bits`](crate::store::alternates::bits).
pub(crate) async fn find_with_alternates(
    connection: &mut Connection,
    id: MediaId,
    bits: i64,
) -> Result<Option<MediaId>, MediaError> {
    let duplicate: Option<i64> = infra_db::query_scalar(FIND_WITH_ALTERNATES)
        .bind(id.to_sql())
        .bind(bits)
        .fetch_optional(connection)
        .await?;
    Ok(duplicate.map(MediaId::from_sql))
}

pub(super) const COPY_ALTERNATES: &str = "INSERT INTO alternates (media_id, name, content_type, key, bytes)
     SELECT $1, name, content_type, key, bytes FROM alternates WHERE media_id = $2 ON CONFLICT DO NOTHING";

pub(crate) async fn copy_alternates(
    connection: &mut Connection,
    duplicate: MediaId,
    id: MediaId,
) -> Result<(), MediaError> {
    infra_db::query(COPY_ALTERNATES)
        .bind(id.to_sql())
        .bind(duplicate.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}
