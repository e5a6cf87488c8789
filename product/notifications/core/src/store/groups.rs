//! What is told as one.

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::Page;
use product_notifications_gateway::{GROUPED_MAX, Group, Kind, Notification};

use super::notifications::{NotificationRow, Wanted, json_kinds};
use super::{from_sql, to_sql};

// A page holds each group once, by the first of it that the page comes to. What it looks at is no
// more than what is kept for one account, and beside each a look-up of one row.
macro_rules! page {
    ($order:literal, $earlier:literal) => {
        concat!(
            "SELECT id, account_id, kind, from_id, post_id, created_at, group_hour \
             FROM notifications AS told WHERE account_id = $1 AND id < $2 AND id > $3 \
             AND +kind IN (SELECT value FROM json_each($5)) \
             AND (CAST($6 AS BIGINT) = 0 OR from_id = CAST($6 AS BIGINT)) AND (group_hour = 0 \
             OR +kind NOT IN (SELECT value FROM json_each($7)) OR NOT EXISTS \
             (SELECT 1 FROM notifications AS other WHERE other.account_id = $1 \
             AND other.kind = told.kind AND other.post_id = told.post_id \
             AND other.group_hour = told.group_hour AND other.group_hour > 0 AND ",
            $earlier,
            " AND (CAST($6 AS BIGINT) = 0 OR other.from_id = CAST($6 AS BIGINT)))) ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OLDER: &str = page!("DESC", "other.id > told.id AND other.id < $2");
pub(super) const NEWER: &str = page!("ASC", "other.id < told.id AND other.id > $3");

// CROSS JOIN fixes the order of the loops. Where there are too many, each group has its newest.
pub(super) const MEMBERS: &str = "SELECT id, account_id, kind, from_id, post_id, created_at, \
     group_hour FROM (SELECT other.id, other.account_id, other.kind, other.from_id, other.post_id, \
     other.created_at, other.group_hour, row_number() OVER \
     (PARTITION BY other.kind, other.post_id, other.group_hour ORDER BY other.id DESC) AS place \
     FROM json_each($2) AS wanted CROSS JOIN notifications AS told \
     CROSS JOIN notifications AS other WHERE told.id = wanted.value AND told.account_id = $1 \
     AND other.account_id = $1 AND other.kind = told.kind AND other.post_id = told.post_id \
     AND other.group_hour = told.group_hour AND other.group_hour > 0 AND other.id < $3 \
     AND (CAST($4 AS BIGINT) = 0 OR other.from_id = CAST($4 AS BIGINT))) AS grouped \
     ORDER BY place, id DESC LIMIT CAST($5 AS BIGINT)";

macro_rules! of_group {
    ($order:literal) => {
        concat!(
            "SELECT id, account_id, kind, from_id, post_id, created_at, group_hour \
             FROM notifications WHERE account_id = $1 AND kind = $2 AND post_id = $3 \
             AND group_hour = $4 AND group_hour > 0 AND id < $5 AND id > $6 ORDER BY id ",
            $order,
            " LIMIT CAST($7 AS BIGINT)"
        )
    };
}

pub(super) const OF_GROUP_OLDER: &str = of_group!("DESC");
pub(super) const OF_GROUP_NEWER: &str = of_group!("ASC");
pub(super) const LATEST_HOUR: &str = "SELECT group_hour FROM notifications \
     WHERE account_id = $1 AND kind = $2 AND post_id = $3 AND group_hour > 0 \
     ORDER BY group_hour DESC LIMIT 1";
pub(super) const DELETE: &str = "DELETE FROM notifications WHERE account_id = $1 AND kind = $2 \
     AND post_id = $3 AND group_hour = $4 AND group_hour > 0";

pub(super) const NEWEST: &str =
    "SELECT id FROM notifications WHERE account_id = $1 ORDER BY id DESC LIMIT 1";

/// The newest that an account was told; 0 for nothing.
pub(crate) async fn newest(database: &Database, account: u64) -> Result<u64, DbError> {
    let id: Option<i64> = infra_db::query_scalar(NEWEST)
        .bind(to_sql(account))
        .fetch_optional(database.reader())
        .await?;
    Ok(id.map_or(0, from_sql))
}

/// In which hour the latest group began of what is told of one post, or of follows; 0 for none.
pub(crate) async fn latest_hour(
    connection: &mut Connection,
    account: u64,
    kind: Kind,
    post: u64,
) -> Result<u32, DbError> {
    let hour: Option<i64> = infra_db::query_scalar(LATEST_HOUR)
        .bind(to_sql(account))
        .bind(kind as i64)
        .bind(to_sql(post))
        .fetch_optional(connection)
        .await?;
    Ok(hour.and_then(|hour| u32::try_from(hour).ok()).unwrap_or(0))
}

/// The notifications by which groups, and what stands by itself, stand on a page; newest first.
pub(crate) async fn positions(
    database: &Database,
    account: u64,
    page: &Page,
    wanted: &Wanted,
    grouped: &[Kind],
) -> Result<Vec<Notification>, DbError> {
    let rows: Vec<NotificationRow> = infra_db::query(page.either(OLDER, NEWER))
        .bind(to_sql(account))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(wanted.kinds())
        .bind(to_sql(wanted.from))
        .bind(json_kinds(grouped))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(Notification::from)))
}

/// The notifications of the groups that these belong to, with ids below `before`, in no order.
pub(crate) async fn members(
    database: &Database,
    account: u64,
    positions: &[u64],
    before: u64,
    wanted: &Wanted,
) -> Result<Vec<Notification>, DbError> {
    let rows: Vec<NotificationRow> = infra_db::query(MEMBERS)
        .bind(to_sql(account))
        .bind(json_ids(positions.iter().copied().map(to_sql)))
        .bind(i64::try_from(before).unwrap_or(i64::MAX))
        .bind(to_sql(wanted.from))
        .bind(i64::from(GROUPED_MAX))
        .fetch_all(database.reader())
        .await?;
    Ok(rows.into_iter().map(Notification::from).collect())
}

/// A page of the notifications of one group, newest first.
pub(crate) async fn list(
    database: &Database,
    account: u64,
    group: &Group,
    page: &Page,
) -> Result<Vec<Notification>, DbError> {
    let statement = page.either(OF_GROUP_OLDER, OF_GROUP_NEWER);
    let rows: Vec<NotificationRow> = infra_db::query(statement)
        .bind(to_sql(account))
        .bind(i64::from(group.kind))
        .bind(to_sql(group.post_id))
        .bind(i64::from(group.hour))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(Notification::from)))
}

/// Removes all of a group: no more than are kept for one account.
pub(crate) async fn delete(
    connection: &mut Connection,
    account: u64,
    group: &Group,
) -> Result<(), DbError> {
    infra_db::query(DELETE)
        .bind(to_sql(account))
        .bind(i64::from(group.kind))
        .bind(to_sql(group.post_id))
        .bind(i64::from(group.hour))
        .execute(connection)
        .await?;
    Ok(())
}
