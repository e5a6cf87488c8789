//! How many posts, and when the last one.

use std::collections::HashMap;

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::{AccountId, Timestamp};

/// An author's numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) posts: u64,
    /// Microseconds since the Unix epoch; 0 for never.
    pub(crate) last_posted_at_us: i64,
}

/// Counts a post, for its author and for everyone.
pub(crate) async fn add_post(
    connection: &mut Connection,
    author: AccountId,
    at: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO author_stats (author_id, posts, last_posted_at) VALUES ($1, 1, $2), (0, 1, $2) \
         ON CONFLICT (author_id) DO UPDATE SET posts = author_stats.posts + 1, last_posted_at = excluded.last_posted_at",
    )
    .bind(author.to_sql())
    .bind(at.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a post no more; the author's last one is then the newest of those that are left.
pub(crate) async fn remove_post(
    connection: &mut Connection,
    author: AccountId,
) -> Result<(), DbError> {
    sqlx::query(
        "UPDATE author_stats SET posts = posts - 1, last_posted_at = CASE WHEN author_id = 0 THEN last_posted_at ELSE \
         COALESCE((SELECT created_at FROM posts WHERE posts.author_id = $1 ORDER BY id DESC LIMIT 1), 0) END \
         WHERE author_id IN ($1, 0)",
    )
    .bind(author.to_sql())
    .execute(connection)
    .await?;
    Ok(())
}

/// The numbers of these authors (0: everyone's); those who never posted are left out.
pub(crate) async fn get(
    database: &Database,
    authors: &[u64],
) -> Result<HashMap<u64, Numbers>, DbError> {
    let wanted = json_ids(authors.iter().map(|id| AccountId::new(*id).to_sql()));
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT author_id, posts, last_posted_at FROM author_stats WHERE author_id IN (SELECT value FROM json_each($1))",
    )
    .bind(wanted)
    .fetch_all(database.reader())
    .await?;
    let numbers = |(author, posts, last_posted_at_us): (i64, i64, i64)| {
        let numbers = Numbers {
            posts: u64::try_from(posts).unwrap_or_default(),
            last_posted_at_us,
        };
        (AccountId::from_sql(author).get(), numbers)
    };
    Ok(rows.into_iter().map(numbers).collect())
}
