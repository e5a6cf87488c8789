//! Who likes what.

use business_engagement_gateway::{LikeId, PostLike};
use infra_db::{Connection, Database, DbError};
use infra_kernel::{Direction, Page};

use super::{from_sql, to_sql};

macro_rules! page {
    ($owner:literal, $order:literal) => {
        concat!(
            "SELECT id, account_id, post_id, created_at FROM likes WHERE ",
            $owner,
            " = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OF_POST_OLDER: &str = page!("post_id", "DESC");
pub(super) const OF_POST_NEWER: &str = page!("post_id", "ASC");
pub(super) const OF_ACCOUNT_OLDER: &str = page!("account_id", "DESC");
pub(super) const OF_ACCOUNT_NEWER: &str = page!("account_id", "ASC");
pub(super) const FIND: &str = "SELECT id FROM likes WHERE account_id = $1 AND post_id = $2";
// CROSS JOIN fixes the order of the loops: each wanted id is one look-up of a pair, however much an
// account likes.
pub(crate) const AMONG: &str = "SELECT post_id FROM json_each($2) AS wanted \
     CROSS JOIN likes WHERE account_id = $1 AND post_id = wanted.value";
pub(crate) const DELETE_SOME_OF_POST: &str = "DELETE FROM likes WHERE id IN \
     (SELECT id FROM likes WHERE post_id = $1 ORDER BY id LIMIT CAST($2 AS BIGINT)) RETURNING account_id";

/// Which end of the likes an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Post,
    Account,
}

#[derive(infra_db::Row)]
struct LikeRow {
    id: i64,
    account_id: i64,
    post_id: i64,
    created_at: i64,
}

impl From<LikeRow> for PostLike {
    fn from(row: LikeRow) -> Self {
        Self {
            id: from_sql(row.id),
            account_id: from_sql(row.account_id),
            post_id: from_sql(row.post_id),
            created_at_us: row.created_at,
        }
    }
}

/// Whether an account likes a post.
pub(crate) async fn find(
    connection: &mut Connection,
    account: u64,
    post: u64,
) -> Result<bool, DbError> {
    let id: Option<i64> = infra_db::query_scalar(FIND)
        .bind(to_sql(account))
        .bind(to_sql(post))
        .fetch_optional(connection)
        .await?;
    Ok(id.is_some())
}

pub(crate) async fn insert(connection: &mut Connection, like: &PostLike) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO likes (id, account_id, post_id, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(like.like().to_sql())
    .bind(like.account().to_sql())
    .bind(to_sql(like.post_id))
    .bind(like.created_at_us)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const DELETE: &str =
    "DELETE FROM likes WHERE account_id = $1 AND post_id = $2 RETURNING id";

/// Removes a like and returns its id, if it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    account: u64,
    post: u64,
) -> Result<Option<LikeId>, DbError> {
    let id: Option<i64> = infra_db::query_scalar(DELETE)
        .bind(to_sql(account))
        .bind(to_sql(post))
        .fetch_optional(connection)
        .await?;
    Ok(id.map(LikeId::from_sql))
}

/// A page of the likes of a post or an account, newest first.
pub(crate) async fn list(
    database: &Database,
    end: End,
    id: u64,
    page: &Page,
) -> Result<Vec<PostLike>, DbError> {
    let statement = match (end, page.direction) {
        (End::Post, Direction::Older) => OF_POST_OLDER,
        (End::Post, Direction::Newer) => OF_POST_NEWER,
        (End::Account, Direction::Older) => OF_ACCOUNT_OLDER,
        (End::Account, Direction::Newer) => OF_ACCOUNT_NEWER,
    };
    let rows: Vec<LikeRow> = infra_db::query(statement)
        .bind(to_sql(id))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(PostLike::from)))
}
