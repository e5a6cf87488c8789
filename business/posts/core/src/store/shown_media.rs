//! Which post shows a media item.

use business_posts_gateway::PostId;
use infra_db::{Connection, DbError};

use crate::store::posts::media_json;

/// Records that a post shows these items; returns whether no other post does.
pub(crate) async fn claim(
    connection: &mut Connection,
    post: PostId,
    media_ids: &[u64],
) -> Result<bool, DbError> {
    let inserted = infra_db::query(
        "INSERT INTO shown_media (media_id, post_id) SELECT value, $1 FROM json_each($2) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(post.to_sql())
    .bind(media_json(media_ids))
    .execute(connection)
    .await?;
    Ok(inserted == media_ids.len() as u64)
}

pub(crate) async fn give_up(connection: &mut Connection, media_ids: &[u64]) -> Result<(), DbError> {
    infra_db::query("DELETE FROM shown_media WHERE media_id IN (SELECT value FROM json_each($1))")
        .bind(media_json(media_ids))
        .execute(connection)
        .await?;
    Ok(())
}
