//! The table `holders`: what shows which item.

use business_media_gateway::MediaId;
use infra_db::{Connection, json_ids};
use infra_kernel::AccountId;

use crate::error::MediaError;

/// Records that the holder shows these items, and whether everyone may see it; said again, the last
/// word holds.
pub(crate) async fn insert(
    connection: &mut Connection,
    holder: &str,
    ids: &[MediaId],
    open: bool,
) -> Result<(), MediaError> {
    infra_db::query(
        "INSERT INTO holders (holder, media_id, open) SELECT $1, value, $3 FROM json_each($2) WHERE TRUE
             ON CONFLICT (holder, media_id) DO UPDATE SET open = excluded.open",
    )
    .bind(holder)
    .bind(json_ids(ids.iter().map(|id| id.to_sql())))
    .bind(open)
    .execute(connection)
    .await?;
    Ok(())
}

/// Brings the items' openness in step with their holders'. Returns those that changed.
pub(crate) async fn settle_openness(
    connection: &mut Connection,
    ids: &[MediaId],
) -> Result<Vec<MediaId>, MediaError> {
    let changed: Vec<i64> = infra_db::query_scalar(
        "UPDATE media SET open = NOT open, revision = revision + 1
         WHERE id IN (SELECT value FROM json_each($1))
             AND open <> EXISTS (SELECT 1 FROM holders WHERE media_id = media.id AND holders.open)
         RETURNING id",
    )
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

/// Removes a holder from this owner's items.
pub(crate) async fn remove(
    connection: &mut Connection,
    holder: &str,
    owner: AccountId,
) -> Result<Released, MediaError> {
    let held: Vec<i64> = infra_db::query_scalar(
        "DELETE FROM holders WHERE holder = $1
             AND EXISTS (SELECT 1 FROM media WHERE id = holders.media_id AND owner_id = $2)
         RETURNING media_id",
    )
    .bind(holder)
    .bind(owner.to_sql())
    .fetch_all(&mut *connection)
    .await?;
    let free: Vec<i64> = infra_db::query_scalar(
        "SELECT id FROM media WHERE id IN (SELECT value FROM json_each($1))
             AND NOT EXISTS (SELECT 1 FROM holders WHERE media_id = media.id)",
    )
    .bind(json_ids(held.iter().copied()))
    .fetch_all(connection)
    .await?;
    let held = held.into_iter().filter(|id| !free.contains(id));
    Ok(Released {
        held: held.map(MediaId::from_sql).collect(),
        free: free.into_iter().map(MediaId::from_sql).collect(),
    })
}

/// Takes an item from everything that holds it.
pub(crate) async fn remove_item(
    connection: &mut Connection,
    id: MediaId,
) -> Result<(), MediaError> {
    infra_db::query("DELETE FROM holders WHERE media_id = $1")
        .bind(id.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}
