//! Who has asked to follow whom.

use business_graph_gateway::Follow;
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Page, Timestamp};

use super::follows::FollowRow;

macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, follower_id, followee_id, show_reblogs, notify FROM follow_requests \
             WHERE followee_id = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const FIND: &str = "SELECT id, follower_id, followee_id, show_reblogs, notify \
     FROM follow_requests WHERE follower_id = $1 AND followee_id = $2";
pub(super) const INSERT: &str = "INSERT INTO follow_requests \
     (id, follower_id, followee_id, show_reblogs, notify, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const SET_OPTIONS: &str =
    "UPDATE follow_requests SET show_reblogs = $2, notify = $3 WHERE id = $1";
pub(super) const DELETE: &str = "DELETE FROM follow_requests \
     WHERE follower_id = $1 AND followee_id = $2 \
     RETURNING id, follower_id, followee_id, show_reblogs, notify";
pub(super) const COUNT_MADE: &str = "SELECT COUNT(*) FROM (SELECT id FROM follow_requests \
     WHERE follower_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const COUNT_RECEIVED: &str = "SELECT COUNT(*) FROM (SELECT id FROM follow_requests \
     WHERE followee_id = $1 LIMIT CAST($2 AS BIGINT)) AS counted";
pub(super) const OLDER: &str = page!("DESC");
pub(super) const NEWER: &str = page!("ASC");

/// The follow that one account has asked another for, asked within a write.
pub(crate) async fn find(
    connection: &mut Connection,
    follower: AccountId,
    followee: AccountId,
) -> Result<Option<Follow>, DbError> {
    let row: Option<FollowRow> = infra_db::query(FIND)
        .bind(follower.to_sql())
        .bind(followee.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Follow::from))
}

pub(crate) async fn insert(
    connection: &mut Connection,
    request: &Follow,
    created_at: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(INSERT)
        .bind(request.follow().to_sql())
        .bind(request.follower().to_sql())
        .bind(request.followee().to_sql())
        .bind(request.show_reblogs)
        .bind(request.notify)
        .bind(created_at.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn set_options(
    connection: &mut Connection,
    request: &Follow,
) -> Result<(), DbError> {
    infra_db::query(SET_OPTIONS)
        .bind(request.follow().to_sql())
        .bind(request.show_reblogs)
        .bind(request.notify)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a request and returns it, if it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    follower: AccountId,
    followee: AccountId,
) -> Result<Option<Follow>, DbError> {
    let row: Option<FollowRow> = infra_db::query(DELETE)
        .bind(follower.to_sql())
        .bind(followee.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(Follow::from))
}

/// Whether an account asks as many as it may, asked within a write.
pub(crate) async fn is_full(
    connection: &mut Connection,
    follower: AccountId,
    max: u32,
) -> Result<bool, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT_MADE)
        .bind(follower.to_sql())
        .bind(i64::from(max))
        .fetch_one(connection)
        .await?;
    Ok(count >= i64::from(max))
}

/// How many ask an account, counted up to a limit.
pub(crate) async fn count(
    database: &Database,
    followee: AccountId,
    limit: u32,
) -> Result<u64, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT_RECEIVED)
        .bind(followee.to_sql())
        .bind(i64::from(limit))
        .fetch_one(database.reader())
        .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Who asks an account, the latest first.
pub(crate) async fn list(
    database: &Database,
    followee: AccountId,
    page: &Page,
) -> Result<Vec<Follow>, DbError> {
    let statement = page.either(OLDER, NEWER);
    let rows: Vec<FollowRow> = infra_db::query(statement)
        .bind(followee.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(Follow::from)))
}
