//! What accounts have bookmarked.

use business_engagement_gateway::PostBookmark;
use infra_db::{Connection, Database, DbError};
use infra_kernel::Page;

use super::{from_sql, to_sql};

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, account_id, post_id, created_at FROM bookmarks \
             WHERE account_id = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OLDER: &str = page!("DESC");
pub(super) const NEWER: &str = page!("ASC");
// As with likes: each wanted id is one look-up of a pair.
pub(crate) const AMONG: &str = "SELECT post_id FROM json_each($2) AS wanted \
     CROSS JOIN bookmarks WHERE account_id = $1 AND post_id = wanted.value";
pub(crate) const DELETE_SOME_OF_POST: &str = "DELETE FROM bookmarks WHERE id IN \
     (SELECT id FROM bookmarks WHERE post_id = $1 LIMIT CAST($2 AS BIGINT)) RETURNING account_id";

#[derive(infra_db::Row)]
struct BookmarkRow {
    id: i64,
    account_id: i64,
    post_id: i64,
    created_at: i64,
}

impl From<BookmarkRow> for PostBookmark {
    fn from(row: BookmarkRow) -> Self {
        Self {
            id: from_sql(row.id),
            account_id: from_sql(row.account_id),
            post_id: from_sql(row.post_id),
            created_at_us: row.created_at,
        }
    }
}

/// Stores a bookmark, and returns whether it was not there before.
pub(crate) async fn insert(
    connection: &mut Connection,
    bookmark: &PostBookmark,
) -> Result<bool, DbError> {
    let inserted = infra_db::query(
        "INSERT INTO bookmarks (id, account_id, post_id, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (account_id, post_id) DO NOTHING",
    )
    .bind(bookmark.bookmark().to_sql())
    .bind(bookmark.account().to_sql())
    .bind(to_sql(bookmark.post_id))
    .bind(bookmark.created_at_us)
    .execute(connection)
    .await?;
    Ok(inserted == 1)
}

pub(super) const DELETE: &str = "DELETE FROM bookmarks WHERE account_id = $1 AND post_id = $2";

/// Removes a bookmark, and returns whether it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    account: u64,
    post: u64,
) -> Result<bool, DbError> {
    let deleted = infra_db::query(DELETE)
        .bind(to_sql(account))
        .bind(to_sql(post))
        .execute(connection)
        .await?;
    Ok(deleted == 1)
}

/// A page of an account's bookmarks, newest first.
pub(crate) async fn list(
    database: &Database,
    account: u64,
    page: &Page,
) -> Result<Vec<PostBookmark>, DbError> {
    let rows: Vec<BookmarkRow> = infra_db::query(page.either(OLDER, NEWER))
        .bind(to_sql(account))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(PostBookmark::from)))
}
