//! What accounts are not told before they accept it.

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::Page;
use product_notifications_gateway::{GROUPED_MAX, Kind, Notification};

use super::notifications::{NotificationRow, Wanted};
use super::{from_sql, to_sql};

// Beside what is told, on a page of both: none of it is of a group.
macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, account_id, kind, from_id, post_id, created_at, \
             CAST(0 AS BIGINT) AS group_hour FROM held WHERE account_id = $1 AND id < $2 \
             AND id > $3 AND +kind IN (SELECT value FROM json_each($5)) \
             AND (CAST($6 AS BIGINT) = 0 OR from_id = CAST($6 AS BIGINT)) ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OLDER: &str = page!("DESC");
pub(super) const NEWER: &str = page!("ASC");
pub(super) const GET: &str = "SELECT id, account_id, kind, from_id, post_id, created_at, \
     CAST(0 AS BIGINT) AS group_hour FROM held WHERE account_id = $1 AND id = $2";
pub(super) const NEWEST: &str =
    "SELECT id FROM held WHERE account_id = $1 ORDER BY id DESC LIMIT 1";
pub(super) const DELETE: &str = "DELETE FROM held WHERE account_id = $1 AND id = $2";
pub(super) const DELETE_OF_ACCOUNT: &str = "DELETE FROM held WHERE account_id = $1";
pub(super) const DELETE_OF_SENDER: &str = "DELETE FROM held WHERE account_id = $1 AND from_id = $2";
pub(super) const DELETE_OF_SOURCE: &str = "DELETE FROM held WHERE source_id = $1 AND +kind = $2";
pub(super) const DELETE_SOME_OF_POST: &str = "DELETE FROM held WHERE id IN \
     (SELECT id FROM held WHERE post_id = $1 LIMIT CAST($2 AS BIGINT))";
pub(super) const TRIM: &str = "DELETE FROM held WHERE account_id = $1 AND id <= \
     (SELECT id FROM held WHERE account_id = $1 ORDER BY id DESC LIMIT 1 \
     OFFSET CAST($2 AS BIGINT))";
// The newest one too many of what one account did, and all before it.
pub(super) const TRIM_SENDER: &str = "DELETE FROM held WHERE account_id = $1 AND from_id = $2 AND id <= \
     (SELECT id FROM held WHERE account_id = $1 AND from_id = $2 ORDER BY id DESC LIMIT 1 \
     OFFSET CAST($3 AS BIGINT))";
pub(super) const DELETE_SAME: &str = "DELETE FROM held \
     WHERE account_id = $1 AND kind = $2 AND from_id = $3 AND post_id = $4";
pub(super) const AMONG: &str = "SELECT DISTINCT from_id FROM held WHERE account_id = $1 \
     AND from_id IN (SELECT value FROM json_each($2))";
// They keep their ids, and with them their places in the list. What was told meanwhile stays.
pub(super) const TELL: &str = "INSERT INTO notifications \
     (id, account_id, kind, from_id, post_id, source_id, created_at) \
     SELECT id, account_id, kind, from_id, post_id, source_id, created_at FROM held \
     WHERE account_id = $1 AND from_id = $2 \
     ON CONFLICT (account_id, kind, from_id, post_id) DO UPDATE \
     SET source_id = excluded.source_id WHERE notifications.source_id < excluded.source_id";

macro_rules! senders {
    ($order:literal) => {
        concat!(
            "SELECT DISTINCT from_id FROM held WHERE account_id = $1 AND from_id < $2 \
             AND from_id > $3 ORDER BY from_id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const SENDERS_OLDER: &str = senders!("DESC");
pub(super) const SENDERS_NEWER: &str = senders!("ASC");
// Where there are too many, each sender has its newest.
pub(super) const OF_SENDERS: &str = "SELECT id, account_id, kind, from_id, post_id, created_at, \
     CAST(0 AS BIGINT) AS group_hour FROM (SELECT id, account_id, kind, from_id, post_id, \
     created_at, row_number() OVER (PARTITION BY from_id ORDER BY id DESC) AS place FROM held \
     WHERE account_id = $1 AND from_id IN (SELECT value FROM json_each($2))) AS theirs \
     ORDER BY place, id DESC LIMIT CAST($3 AS BIGINT)";

/// Holds a notification. Where the same is held already, that stays, and comes of the newer source
/// from now on.
pub(crate) async fn insert(
    connection: &mut Connection,
    notification: &Notification,
    source: u64,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO held (id, account_id, kind, from_id, post_id, source_id, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (account_id, kind, from_id, post_id) DO UPDATE \
         SET source_id = excluded.source_id WHERE held.source_id < excluded.source_id",
    )
    .bind(to_sql(notification.id))
    .bind(to_sql(notification.account_id))
    .bind(i64::from(notification.kind))
    .bind(to_sql(notification.from_id))
    .bind(to_sql(notification.post_id))
    .bind(to_sql(source))
    .bind(notification.created_at_us)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes the oldest of what is held for an account, so that so many stay, and before that of what
/// this one sent, so that so many of its stay.
pub(crate) async fn trim(
    connection: &mut Connection,
    account: u64,
    from: u64,
    (kept_max, of_sender_max): (u32, u32),
) -> Result<(), DbError> {
    infra_db::query(TRIM_SENDER)
        .bind(to_sql(account))
        .bind(to_sql(from))
        .bind(i64::from(of_sender_max))
        .execute(&mut *connection)
        .await?;
    infra_db::query(TRIM)
        .bind(to_sql(account))
        .bind(i64::from(kept_max))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes what came of a like, a follow or a reshare.
pub(crate) async fn delete_of_source(
    connection: &mut Connection,
    kind: Kind,
    source: u64,
) -> Result<(), DbError> {
    infra_db::query(DELETE_OF_SOURCE)
        .bind(to_sql(source))
        .bind(kind as i64)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes at most so many of those about a post, and returns how many.
pub(crate) async fn delete_some_of_post(
    connection: &mut Connection,
    post: u64,
    count_max: u32,
) -> Result<u64, DbError> {
    infra_db::query(DELETE_SOME_OF_POST)
        .bind(to_sql(post))
        .bind(i64::from(count_max))
        .execute(connection)
        .await
}

/// Removes one, and returns whether it was there.
pub(crate) async fn delete(
    connection: &mut Connection,
    account: u64,
    id: u64,
) -> Result<bool, DbError> {
    let deleted = infra_db::query(DELETE)
        .bind(to_sql(account))
        .bind(to_sql(id))
        .execute(connection)
        .await?;
    Ok(deleted == 1)
}

/// Removes all of an account: no more than are held.
pub(crate) async fn delete_of_account(
    connection: &mut Connection,
    account: u64,
) -> Result<(), DbError> {
    infra_db::query(DELETE_OF_ACCOUNT)
        .bind(to_sql(account))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes what is held of one sender.
pub(crate) async fn delete_of_sender(
    connection: &mut Connection,
    account: u64,
    from: u64,
) -> Result<(), DbError> {
    infra_db::query(DELETE_OF_SENDER)
        .bind(to_sql(account))
        .bind(to_sql(from))
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes what is held of one sender part of what the account was told.
pub(crate) async fn tell(
    connection: &mut Connection,
    account: u64,
    from: u64,
) -> Result<(), DbError> {
    infra_db::query(TELL)
        .bind(to_sql(account))
        .bind(to_sql(from))
        .execute(&mut *connection)
        .await?;
    delete_of_sender(connection, account, from).await
}

/// Those of these of whom something is held.
pub(crate) async fn among(
    connection: &mut Connection,
    account: u64,
    senders: &[u64],
) -> Result<Vec<u64>, DbError> {
    let among: Vec<i64> = infra_db::query_scalar(AMONG)
        .bind(to_sql(account))
        .bind(json_ids(senders.iter().copied().map(to_sql)))
        .fetch_all(connection)
        .await?;
    Ok(among.into_iter().map(from_sql).collect())
}

/// Removes the same of the same sender.
pub(crate) async fn delete_same(
    connection: &mut Connection,
    like: &Notification,
) -> Result<(), DbError> {
    infra_db::query(DELETE_SAME)
        .bind(to_sql(like.account_id))
        .bind(i64::from(like.kind))
        .bind(to_sql(like.from_id))
        .bind(to_sql(like.post_id))
        .execute(connection)
        .await?;
    Ok(())
}

/// One of what is held for an account.
pub(crate) async fn get(
    database: &Database,
    account: u64,
    id: u64,
) -> Result<Option<Notification>, DbError> {
    let row: Option<NotificationRow> = infra_db::query(GET)
        .bind(to_sql(account))
        .bind(to_sql(id))
        .fetch_optional(database.reader())
        .await?;
    Ok(row.map(Notification::from))
}

/// The newest that is held for an account; 0 for nothing.
pub(crate) async fn newest(database: &Database, account: u64) -> Result<u64, DbError> {
    let id: Option<i64> = infra_db::query_scalar(NEWEST)
        .bind(to_sql(account))
        .fetch_optional(database.reader())
        .await?;
    Ok(id.map_or(0, from_sql))
}

/// A page of what is held for an account, newest first.
pub(crate) async fn list(
    database: &Database,
    account: u64,
    page: &Page,
    wanted: &Wanted,
) -> Result<Vec<Notification>, DbError> {
    let rows: Vec<NotificationRow> = infra_db::query(page.either(OLDER, NEWER))
        .bind(to_sql(account))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .bind(wanted.kinds())
        .bind(to_sql(wanted.from))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(rows.into_iter().map(Notification::from)))
}

/// A page of those of whom something is held, the newest account first.
pub(crate) async fn senders(
    database: &Database,
    account: u64,
    page: &Page,
) -> Result<Vec<u64>, DbError> {
    let senders: Vec<i64> = infra_db::query_scalar(page.either(SENDERS_OLDER, SENDERS_NEWER))
        .bind(to_sql(account))
        .bind(page.before_sql())
        .bind(page.after_sql())
        .bind(i64::from(page.limit))
        .fetch_all(database.reader())
        .await?;
    Ok(page.newest_first(senders.into_iter().map(from_sql)))
}

/// What is held of these senders, in no order.
pub(crate) async fn of_senders(
    database: &Database,
    account: u64,
    senders: &[u64],
) -> Result<Vec<Notification>, DbError> {
    let rows: Vec<NotificationRow> = infra_db::query(OF_SENDERS)
        .bind(to_sql(account))
        .bind(json_ids(senders.iter().copied().map(to_sql)))
        .bind(i64::from(GROUPED_MAX))
        .fetch_all(database.reader())
        .await?;
    Ok(rows.into_iter().map(Notification::from).collect())
}
