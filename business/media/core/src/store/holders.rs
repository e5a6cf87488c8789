//! The table `holders`: what shows which item.

use infra_db::{Connection, json_ids};
use infra_kernel::MediaId;

use crate::error::MediaError;

pub(crate) async fn insert(
    connection: &mut Connection,
    holder: &str,
    ids: &[MediaId],
) -> Result<(), MediaError> {
    sqlx::query(
        "INSERT INTO holders (holder, media_id) SELECT $1, value FROM json_each($2) WHERE TRUE ON CONFLICT DO NOTHING",
    )
    .bind(holder)
    .bind(json_ids(ids.iter().map(|id| id.to_sql())))
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes a holder. Answers which of the items it held are held by nothing now.
pub(crate) async fn remove(
    connection: &mut Connection,
    holder: &str,
) -> Result<Vec<MediaId>, MediaError> {
    let held: Vec<i64> =
        sqlx::query_scalar("DELETE FROM holders WHERE holder = $1 RETURNING media_id")
            .bind(holder)
            .fetch_all(&mut *connection)
            .await?;
    let free: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM media WHERE id IN (SELECT value FROM json_each($1))
             AND NOT EXISTS (SELECT 1 FROM holders WHERE media_id = media.id)",
    )
    .bind(json_ids(held))
    .fetch_all(connection)
    .await?;
    Ok(free.into_iter().map(MediaId::from_sql).collect())
}

/// Takes an item from everything that holds it.
pub(crate) async fn remove_item(
    connection: &mut Connection,
    id: MediaId,
) -> Result<(), MediaError> {
    sqlx::query("DELETE FROM holders WHERE media_id = $1")
        .bind(id.to_sql())
        .execute(connection)
        .await?;
    Ok(())
}
