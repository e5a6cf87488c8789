//! Which posts are on top of their authors' pages.

use business_posts_gateway::PostId;
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Timestamp};

pub(super) const COUNT: &str =
    "SELECT COUNT(*) FROM posts WHERE author_id = $1 AND pinned_at IS NOT NULL";
pub(super) const PIN: &str =
    "UPDATE posts SET pinned_at = $3 WHERE id = $1 AND author_id = $2 AND pinned_at IS NULL";
pub(super) const UNPIN: &str = "UPDATE posts SET pinned_at = NULL WHERE id = $1 AND author_id = $2";
pub(super) const LIST: &str = "SELECT id FROM posts \
     WHERE author_id = $1 AND pinned_at IS NOT NULL ORDER BY pinned_at DESC";

/// How many of an author's posts are on top, asked within a write.
pub(crate) async fn count(connection: &mut Connection, author: AccountId) -> Result<u64, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(author.to_sql())
        .fetch_one(connection)
        .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Puts a post on top that is not there yet.
pub(crate) async fn pin(
    connection: &mut Connection,
    post: PostId,
    author: AccountId,
    now: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(PIN)
        .bind(post.to_sql())
        .bind(author.to_sql())
        .bind(now.microseconds())
        .execute(connection)
        .await
        .map(drop)
}

/// Takes a post off the top.
pub(crate) async fn unpin(
    connection: &mut Connection,
    post: PostId,
    author: AccountId,
) -> Result<(), DbError> {
    infra_db::query(UNPIN)
        .bind(post.to_sql())
        .bind(author.to_sql())
        .execute(connection)
        .await
        .map(drop)
}

/// The posts on top of an author's page, the latest pinned first. No more than can be.
pub(crate) async fn list(database: &Database, author: AccountId) -> Result<Vec<u64>, DbError> {
    let ids: Vec<i64> = infra_db::query_scalar(LIST)
        .bind(author.to_sql())
        .fetch_all(database.reader())
        .await?;
    Ok(ids
        .into_iter()
        .map(|id| PostId::from_sql(id).get())
        .collect())
}
