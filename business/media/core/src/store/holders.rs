//! The table `holders`: what shows which item.

use business_media_gateway::MediaId;
use infra_db::{Connection, json_ids};
use infra_kernel::AccountId;

use crate::error::MediaError;

pub(super) const INSERT: &str = "INSERT INTO holders (holder, media_id, open) SELECT $1, value, $3 FROM json_each($2) WHERE TRUE
     ON CONFLICT (holder, media_id) DO UPDATE SET open = excluded.open";

/// Records that the holder shows these items, and whether everyone may see it; said again, the last
/// word holds.
pub(crate) async fn insert(
    connection: &mut Connection,
    holder: &str,
    ids: &[MediaId],
    open: bool,
) -> Result<(), MediaError> {
    // `WHERE TRUE` is for SQLite, which would take ON for a join's.
    infra_db::query(INSERT)
        .bind(holder)
        .bind(json_ids(ids.iter().map(|id| id.to_sql())))
        .bind(open)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const SETTLE_OPENNESS: &str = "UPDATE media SET open = NOT open, revision = revision + 1
     WHERE id IN (SELECT value FROM json_each($1))
         AND open <> EXISTS (SELECT 1 FROM holders WHERE media_id = media.id AND holders.open)
     RETURNING id";

/// Brings the items' openness in step with their holders'. Returns those that changed.
pub(crate) async fn settle_openness(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<Vec<MediaId>, MediaError> {
    // Only rows that differ are touched, so that a revision grows with a change alone.
    let changed: Vec<i64> = infra_db::query_scalar(SETTLE_OPENNESS)
        .bind(json_ids(ids.iter().map(|id| id.to_sql())))
        .fetch_all(connection)
        .await?;
    Ok(changed.into_iter().map(MediaId::from_sql).collect())
}

/// What a holder released.
pub(crate) struct Released {
    /// Items that nothing holds now.
    pub(crate) free: Vec<MediaId>,
    /// Items that something else holds.
    pub(crate) held: Vec<MediaId>,
}

pub(super) const HOLDS: &str =
    "SELECT EXISTS (SELECT 1 FROM holders WHERE holder = $1 AND media_id = $2)";

/// Whether this holder shows the item.
pub(crate) async fn holds(
    connection: &mut Connection,
    holder: &str,
    id: MediaId,
) -> Result<bool, MediaError> {
    let holds = infra_db::query_scalar(HOLDS)
        .bind(holder)
        .bind(id.to_sql())
        .fetch_one(connection)
        .await?;
    Ok(holds)
}

pub(super) const REMOVE: &str = "DELETE FROM holders WHERE holder = $1
         AND EXISTS (SELECT 1 FROM media WHERE id = holders.media_id AND owner_id = $2)
     RETURNING media_id";
pub(super) const REMOVE_SOME: &str = "DELETE FROM holders WHERE holder = $1
         AND media_id IN (SELECT value FROM json_each($3))
         AND EXISTS (SELECT 1 FROM media WHERE id = holders.media_id AND owner_id = $2)
     RETURNING media_id";
pub(super) const UNHELD: &str = "SELECT id FROM media WHERE id IN (SELECT value FROM json_each($1))
     AND NOT EXISTS (SELECT 1 FROM holders WHERE media_id = media.id)";

/// Removes a holder from this owner's items, or from these of them.
pub(crate) async fn remove(
    connection: &mut Connection,
    holder: &str,
    owner: AccountId,
    only: &[MediaId],
) -> Result<Released, MediaError> {
    // The name of a holder is the caller's: with it nobody frees photos of another account.
    let removal = match only {
        [] => infra_db::query_scalar(REMOVE)
            .bind(holder)
            .bind(owner.to_sql()),
        only => infra_db::query_scalar(REMOVE_SOME)
            .bind(holder)
            .bind(owner.to_sql())
            .bind(json_ids(only.iter().map(|id| id.to_sql()))),
    };
    let held: Vec<i64> = removal.fetch_all(&mut *connection).await?;
    let free: Vec<i64> = infra_db::query_scalar(UNHELD)
        .bind(json_ids(held.iter().copied()))
        .fetch_all(connection)
        .await?;
    let held = held.into_iter().filter(|id| !free.contains(id));
    Ok(Released {
        held: held.map(MediaId::from_sql).collect(),
        free: free.into_iter().map(MediaId::from_sql).collect(),
    })
}

pub(super) const REMOVE_ITEM: &str = "DELETE FROM holders WHERE media_id = $1";

/// Takes an item from everything that holds it.
pub(crate) async fn remove_item(
    connection: &mut Connection,
    id: MediaId,
) -> Result<(), MediaError> {
    infra_db::query(REMOVE_ITEM)
        .bind(id.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}
