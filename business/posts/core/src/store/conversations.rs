//! A post's ancestors, and its replies.

use std::collections::HashSet;

use business_posts_gateway::PostId;
use infra_db::{Database, DbError};

/// Upwards, one step a row. The last id may be of a post that is deleted.
pub(crate) const ANCESTORS: &str = "WITH RECURSIVE above (id, height) AS ( \
     SELECT in_reply_to_id, 1 FROM posts WHERE id = $1 AND in_reply_to_id IS NOT NULL \
     UNION ALL \
     SELECT posts.in_reply_to_id, above.height + 1 FROM above CROSS JOIN posts ON posts.id = above.id \
     WHERE posts.in_reply_to_id IS NOT NULL AND above.height < $2 \
     ) SELECT id FROM above ORDER BY height";

/// Downwards, depth first, oldest sibling first. Each row leads to its first reply and to its next
/// sibling, and the deepest row waiting is taken next: so a post with a hundred thousand replies
/// costs as many look-ups as replies are asked for. A step that leads nowhere is a row without id,
/// of which there is at most one more than posts.
pub(crate) const DESCENDANTS: &str = "WITH RECURSIVE below (id, parent_id, depth) AS ( \
     SELECT (SELECT MIN(id) FROM posts WHERE in_reply_to_id = $1), $1, 1 \
     UNION ALL \
     SELECT (SELECT MIN(posts.id) FROM posts WHERE posts.in_reply_to_id = below.id), below.id, below.depth + 1 \
     FROM below WHERE below.id IS NOT NULL \
     UNION ALL \
     SELECT (SELECT MIN(posts.id) FROM posts WHERE posts.in_reply_to_id = below.parent_id AND posts.id > below.id), \
     below.parent_id, below.depth \
     FROM below WHERE below.id IS NOT NULL \
     ORDER BY 3 DESC LIMIT $2 * 2 + 1 \
     ) SELECT id FROM below WHERE id IS NOT NULL LIMIT $2";

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
