//! How many like each post.

use std::collections::HashMap;

use infra_db::{Connection, Database, DbError, json_ids};

use super::{from_sql, to_sql};

/// One like more; returns how many there are now.
pub(crate) async fn add(connection: &mut Connection, post: u64) -> Result<u64, DbError> {
    let likes: i64 = infra_db::query_scalar(
        "INSERT INTO like_counts (post_id, likes) VALUES ($1, 1) \
         ON CONFLICT (post_id) DO UPDATE SET likes = like_counts.likes + 1 RETURNING likes",
    )
    .bind(to_sql(post))
    .fetch_one(connection)
    .await?;
    Ok(likes.cast_unsigned())
}

pub(super) const SUBTRACT: &str =
    "UPDATE like_counts SET likes = likes - $2 WHERE post_id = $1 RETURNING likes";

/// So many likes less, which are there because they were added before; returns how many there are
/// now.
pub(crate) async fn subtract(
    connection: &mut Connection,
    post: u64,
    fewer: i64,
) -> Result<u64, DbError> {
    let likes: i64 = infra_db::query_scalar(SUBTRACT)
        .bind(to_sql(post))
        .bind(fewer)
        .fetch_one(connection)
        .await?;
    Ok(likes.cast_unsigned())
}

pub(super) const REMOVE: &str = "DELETE FROM like_counts WHERE post_id = $1 AND likes = 0";

/// Forgets a post that has no likes any more.
pub(crate) async fn remove(connection: &mut Connection, post: u64) -> Result<(), DbError> {
    infra_db::query(REMOVE)
        .bind(to_sql(post))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const READ: &str = "SELECT likes FROM like_counts WHERE post_id = $1";

/// How many there are, as the transaction sees it.
pub(crate) async fn read(connection: &mut Connection, post: u64) -> Result<u64, DbError> {
    let likes: Option<i64> = infra_db::query_scalar(READ)
        .bind(to_sql(post))
        .fetch_optional(connection)
        .await?;
    Ok(likes.unwrap_or_default().cast_unsigned())
}

pub(super) const GET: &str = "SELECT post_id, likes FROM json_each($1) AS wanted \
     CROSS JOIN like_counts WHERE post_id = wanted.value";

/// How many like these posts; those that nobody ever liked are left out.
pub(crate) async fn get(database: &Database, posts: &[u64]) -> Result<HashMap<u64, u64>, DbError> {
    let rows: Vec<(i64, i64)> = infra_db::query(GET)
        .bind(json_ids(posts.iter().map(|id| to_sql(*id))))
        .fetch_all(database.reader())
        .await?;
    let counts = rows.into_iter();
    let counts = counts.map(|(post, likes)| (from_sql(post), likes.cast_unsigned()));
    Ok(counts.collect())
}
