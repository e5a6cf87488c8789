//! A post's ancestors, and its replies.

use std::collections::HashSet;

use business_posts_gateway::PostId;
use infra_db::{Database, DbError};

/// Upwards, one step a row. The last id may be of a post that is deleted.
pub(crate) const ANCESTORS: &str = "WITH RECURSIVE above (id, height) AS ( \
     SELECT in_reply_to_id, 1 FROM posts WHERE id = $1 AND in_reply_to_id IS NOT NULL \
     UNION ALL \
     SELECT posts.in_reply_to_id, above.height + 1 FROM above CROSS JOIN posts WHERE posts.id = above.id \
     AND posts.in_reply_to_id IS NOT NULL AND above.height < $2 \
     ) SELECT id FROM above ORDER BY height";

/// Downwards, depth first, oldest sibling first. Each row is a step: at the post `place`, where it
/// found the reply `id`, or none. From a reply that was found the next step goes down to the oldest
/// reply to it; where there was none it goes up, to the next sibling of `place`; the walk ends when
/// it would leave the post it began at. So a post with a hundred thousand replies costs as many
/// steps as replies are asked for, and at most as many again upwards.
pub(crate) const DESCENDANTS: &str = "WITH RECURSIVE walk (step, found, place, id) AS ( \
     SELECT 1, 0, CAST($1 AS BIGINT), (SELECT MIN(id) FROM posts WHERE in_reply_to_id = $1) \
     UNION ALL \
     SELECT walk.step + 1, \
     CASE WHEN walk.id IS NULL THEN walk.found ELSE walk.found + 1 END, \
     CASE WHEN walk.id IS NULL THEN (SELECT up.in_reply_to_id FROM posts AS up WHERE up.id = walk.place) ELSE walk.id END, \
     CASE WHEN walk.id IS NULL THEN (SELECT MIN(next.id) FROM posts AS next WHERE next.id > walk.place \
     AND next.in_reply_to_id = (SELECT up.in_reply_to_id FROM posts AS up WHERE up.id = walk.place)) \
     ELSE (SELECT MIN(reply.id) FROM posts AS reply WHERE reply.in_reply_to_id = walk.id) END \
     FROM walk WHERE walk.found < $2 AND (walk.id IS NOT NULL OR walk.place <> $1) \
     ) SELECT id FROM walk WHERE id IS NOT NULL AND found < $2 ORDER BY step";

/// The ancestors of a post, oldest first, at most so many.
pub(crate) async fn ancestors(
    database: &Database,
    post: PostId,
    max: u32,
) -> Result<Vec<u64>, DbError> {
    let mut ids = walk(database, ANCESTORS, post, max).await?;
    ids.reverse();
    Ok(ids)
}

/// The replies to a post, depth first, at most so many.
pub(crate) async fn descendants(
    database: &Database,
    post: PostId,
    max: u32,
) -> Result<Vec<u64>, DbError> {
    walk(database, DESCENDANTS, post, max).await
}

async fn walk(
    database: &Database,
    statement: &'static str,
    post: PostId,
    max: u32,
) -> Result<Vec<u64>, DbError> {
    if max == 0 {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = infra_db::query_scalar(statement)
        .bind(post.to_sql())
        .bind(i64::from(max))
        .fetch_all(database.reader())
        .await?;
    // A reply is always younger than its parent, so there are no cycles; should a damaged file hold
    // one, it is walked once.
    let mut seen = HashSet::from([post.get()]);
    let ids = ids.into_iter().map(|id| PostId::from_sql(id).get());
    Ok(ids.take_while(|id| seen.insert(*id)).collect())
}
