//! Which post shows a media item.

use business_posts_gateway::PostId;
use infra_db::{Connection, DbError};

use crate::store::posts::media_json;

pub(super) const CLAIM: &str = "INSERT INTO shown_media (media_id, post_id) SELECT value, $1 FROM json_each($2) WHERE true ON CONFLICT DO NOTHING";

/// Records that a post shows these items; returns whether no other post does.
pub(crate) async fn claim(
    connection: &mut Connection,
    post: PostId,
    media_ids: &[u64],
) -> Result<bool, DbError> {
    // `WHERE true` is for SQLite, which would take ON for a join's.
    let inserted = infra_db::query(CLAIM)
        .bind(post.to_sql())
        .bind(media_json(media_ids))
        .execute(connection)
        .await?;
    Ok(inserted == media_ids.len() as u64)
}

pub(super) const GIVE_UP: &str =
    "DELETE FROM shown_media WHERE media_id IN (SELECT value FROM json_each($1))";

pub(crate) async fn give_up(connection: &mut Connection, media_ids: &[u64]) -> Result<(), DbError> {
    infra_db::query(GIVE_UP)
        .bind(media_json(media_ids))
        .execute(connection)
        .await?;
    Ok(())
}
