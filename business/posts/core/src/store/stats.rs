//! How many posts that everyone may see, and when the last one.

use std::collections::HashMap;

use business_posts_gateway::{Post, Visibility};
use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::AccountId;

use crate::recent::Filter;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) posts: u64,
    /// How many of them reply to nothing.
    pub(crate) top_level_posts: u64,
    /// Microseconds since the Unix epoch; 0 for never.
    pub(crate) last_posted_at_us: i64,
}

/// An author, or 0 for everyone.
pub(crate) type AuthorNumbers = (u64, Numbers);

/// Counts an open post, for its author and for everyone; returns what their numbers are then.
pub(crate) async fn add_post(
    connection: &mut Connection,
    post: &Post,
) -> Result<Vec<AuthorNumbers>, DbError> {
    let rows = infra_db::query(
        "INSERT INTO author_stats (author_id, posts, last_posted_at, top_level_posts) VALUES ($1, 1, $2, $3), (0, 1, $2, $3) \
         ON CONFLICT (author_id) DO UPDATE SET posts = author_stats.posts + 1, last_posted_at = excluded.last_posted_at, \
         top_level_posts = author_stats.top_level_posts + excluded.top_level_posts \
         RETURNING author_id, posts, last_posted_at, top_level_posts",
    )
    .bind(post.author().to_sql())
    .bind(post.created_at_us)
    .bind(top_level(post))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(numbers).collect())
}

pub(super) const REMOVE_POST: &str = "UPDATE author_stats SET posts = posts - 1, top_level_posts = top_level_posts - $2, last_posted_at = \
     CASE WHEN author_id = 0 THEN last_posted_at ELSE COALESCE((SELECT created_at FROM posts \
     WHERE posts.author_id = $1 AND (CAST(1 AS BIGINT) << CAST(posts.visibility AS INTEGER)) & $3 <> 0 ORDER BY id DESC LIMIT 1), 0) END \
     WHERE author_id IN ($1, 0)";

/// Counts an open post no more; the author's last one is then the newest open one of those that are
/// left.
pub(crate) async fn remove_post(connection: &mut Connection, post: &Post) -> Result<(), DbError> {
    infra_db::query(REMOVE_POST)
        .bind(post.author().to_sql())
        .bind(top_level(post))
        .bind(Filter::mask(Visibility::OPEN.into_iter()))
        .execute(connection)
        .await?;
    Ok(())
}

/// What a post adds to the count of those that reply to nothing.
fn top_level(post: &Post) -> i64 {
    i64::from(post.in_reply_to().is_none())
}

pub(super) const GET: &str = "SELECT author_id, posts, last_posted_at, top_level_posts FROM author_stats WHERE author_id IN (SELECT value FROM json_each($1))";

/// The numbers of these authors (0: everyone's); those who never posted are left out.
pub(crate) async fn get(
    database: &Database,
    authors: &[u64],
) -> Result<HashMap<u64, Numbers>, DbError> {
    let wanted = json_ids(authors.iter().map(|id| AccountId::new(*id).to_sql()));
    let rows = infra_db::query(GET)
        .bind(wanted)
        .fetch_all(database.reader())
        .await?;
    Ok(rows.into_iter().map(numbers).collect())
}

fn numbers((author, posts, last_posted_at_us, top_level): (i64, i64, i64, i64)) -> AuthorNumbers {
    let numbers = Numbers {
        posts: u64::try_from(posts).unwrap_or_default(),
        top_level_posts: u64::try_from(top_level).unwrap_or_default(),
        last_posted_at_us,
    };
    (AccountId::from_sql(author).get(), numbers)
}
