//! Who follows whom.

use std::collections::HashMap;

use business_graph_gateway::{Follow, FollowId};
use infra_db::{Connection, Database, DbError};
use infra_kernel::{AccountId, Direction, Page, Timestamp};

use crate::relationships::RelationState;

macro_rules! page {
    ($owner:literal, $order:literal) => {
        concat!(
            "SELECT id, follower_id, followee_id, show_reblogs, notify FROM follows WHERE ",
            $owner,
            " = $1 AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

macro_rules! notified {
    ($order:literal) => {
        concat!(
            "SELECT id, follower_id, followee_id, show_reblogs, notify FROM follows \
             WHERE followee_id = $1 AND notify = TRUE AND id < $2 AND id > $3 ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const FIND: &str = "SELECT id, follower_id, followee_id, show_reblogs, notify FROM follows WHERE follower_id = $1 AND followee_id = $2";
pub(super) const FOLLOWERS_OLDER: &str = page!("followee_id", "DESC");
pub(super) const FOLLOWERS_NEWER: &str = page!("followee_id", "ASC");
pub(super) const FOLLOWING_OLDER: &str = page!("follower_id", "DESC");
pub(super) const FOLLOWING_NEWER: &str = page!("follower_id", "ASC");
pub(super) const NOTIFIED_OLDER: &str = notified!("DESC");
pub(super) const NOTIFIED_NEWER: &str = notified!("ASC");
// CROSS JOIN fixes the order of the loops: each wanted id is one look-up of a pair, however many
// follows there are.
pub(super) const FOLLOWING_AMONG: &str = "SELECT follows.id, follower_id, followee_id, show_reblogs, notify FROM json_each($2) AS wanted \
     CROSS JOIN follows WHERE follower_id = $1 AND followee_id = wanted.value";
pub(super) const FOLLOWERS_AMONG: &str = "SELECT follower_id FROM json_each($2) AS wanted \
     CROSS JOIN follows WHERE follower_id = wanted.value AND followee_id = $1";

/// Which end of the follows an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Follower,
    Followee,
}

/// A follow, or one that is asked for: their tables have the same columns.
#[derive(infra_db::Row)]
pub(super) struct FollowRow {
    id: i64,
    follower_id: i64,
    followee_id: i64,
    show_reblogs: bool,
    notify: bool,
}

impl From<FollowRow> for Follow {
    fn from(row: FollowRow) -> Self {
        Self {
            id: FollowId::from_sql(row.id).get(),
            follower_id: AccountId::from_sql(row.follower_id).get(),
            followee_id: AccountId::from_sql(row.followee_id).get(),
            show_reblogs: row.show_reblogs,
            notify: row.notify,
        }
    }
}

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
    follow: &Follow,
    created_at: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO follows (id, follower_id, followee_id, show_reblogs, notify, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(follow.follow().to_sql())
    .bind(follow.follower().to_sql())
    .bind(follow.followee().to_sql())
    .bind(follow.show_reblogs)
    .bind(follow.notify)
    .bind(created_at.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) const SET_OPTIONS: &str =
    "UPDATE follows SET show_reblogs = $2, notify = $3 WHERE id = $1";

pub(crate) async fn set_options(
    connection: &mut Connection,
    follow: &Follow,
) -> Result<(), DbError> {
    infra_db::query(SET_OPTIONS)
        .bind(follow.follow().to_sql())
        .bind(follow.show_reblogs)
        .bind(follow.notify)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) const DELETE: &str =
    "DELETE FROM follows WHERE follower_id = $1 AND followee_id = $2 RETURNING id";

/// Removes a follow and returns its id, if it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    follower: AccountId,
    followee: AccountId,
) -> Result<Option<FollowId>, DbError> {
    let id: Option<i64> = infra_db::query_scalar(DELETE)
        .bind(follower.to_sql())
        .bind(followee.to_sql())
        .fetch_optional(connection)
        .await?;
    Ok(id.map(FollowId::from_sql))
}

/// The follows at whose `end` the account is, newest first: from a replica that has every write, if
/// there is one, because nothing caches them.
pub(crate) async fn list(
    database: &Database,
    end: End,
    account: AccountId,
    page: &Page,
) -> Result<Vec<Follow>, DbError> {
    let statement = match (end, page.direction) {
        (End::Followee, Direction::Older) => FOLLOWERS_OLDER,
        (End::Followee, Direction::Newer) => FOLLOWERS_NEWER,
        (End::Follower, Direction::Older) => FOLLOWING_OLDER,
        (End::Follower, Direction::Newer) => FOLLOWING_NEWER,
    };
    list_by(statement, database, account, page).await
}

/// The follows of an account's followers who want to be told of each of its posts, newest first.
pub(crate) async fn list_notified(
    database: &Database,
    account: AccountId,
    page: &Page,
) -> Result<Vec<Follow>, DbError> {
    let statement = page.either(NOTIFIED_OLDER, NOTIFIED_NEWER);
    list_by(statement, database, account, page).await
}

async fn list_by(
    statement: &'static str,
    database: &Database,
    account: AccountId,
    page: &Page,
) -> Result<Vec<Follow>, DbError> {
    let rows: Vec<FollowRow> = infra_db::query(statement)
        .bind(account.to_sql())
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(&database.reader_at(database.position()))
        .await?;
    Ok(page.newest_first(rows.into_iter().map(Follow::from)))
}

/// Adds whom a viewer follows among the wanted accounts (a JSON list), and who of them follows.
pub(crate) async fn add_to(
    relations: &mut HashMap<u64, RelationState>,
    database: &Database,
    viewer: AccountId,
    wanted: &str,
) -> Result<(), DbError> {
    let following: Vec<FollowRow> = infra_db::query(FOLLOWING_AMONG)
        .bind(viewer.to_sql())
        .bind(wanted)
        .fetch_all(database.reader())
        .await?;
    for follow in following.into_iter().map(Follow::from) {
        let relation = relations.entry(follow.followee_id).or_default();
        relation.following = true;
        relation.show_reblogs = follow.show_reblogs;
        relation.notify = follow.notify;
    }
    let followers: Vec<i64> = infra_db::query_scalar(FOLLOWERS_AMONG)
        .bind(viewer.to_sql())
        .bind(wanted)
        .fetch_all(database.reader())
        .await?;
    for follower in followers {
        let follower = AccountId::from_sql(follower).get();
        relations.entry(follower).or_default().followed_by = true;
    }
    Ok(())
}
