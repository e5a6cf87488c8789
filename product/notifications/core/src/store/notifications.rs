//! What accounts are told.

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::Page;
use product_notifications_gateway::{Kind, Notification};

use super::{from_sql, to_sql};

// The plus keeps SQLite from walking another index than the one that is in the page's order.
macro_rules! page {
    ($order:literal) => {
        concat!(
            "SELECT id, account_id, kind, from_id, post_id, created_at, group_hour FROM notifications \
             WHERE account_id = $1 AND id < $2 AND id > $3 \
             AND +kind IN (SELECT value FROM json_each($5)) \
             AND (CAST($6 AS BIGINT) = 0 OR from_id = CAST($6 AS BIGINT)) ORDER BY id ",
            $order,
            " LIMIT CAST($4 AS BIGINT)"
        )
    };
}

pub(super) const OLDER: &str = page!("DESC");
pub(super) const NEWER: &str = page!("ASC");
pub(super) const COUNT: &str = "SELECT count(*) FROM (SELECT id FROM notifications \
     WHERE account_id = $1 AND id > $2 AND +kind IN (SELECT value FROM json_each($4)) \
     AND (CAST($5 AS BIGINT) = 0 OR from_id = CAST($5 AS BIGINT)) \
     LIMIT CAST($3 AS BIGINT)) AS unread";
pub(super) const GET: &str = "SELECT id, account_id, kind, from_id, post_id, created_at, \
     group_hour FROM notifications WHERE account_id = $1 AND id = $2";
pub(super) const DELETE: &str = "DELETE FROM notifications WHERE account_id = $1 AND id = $2";
pub(super) const DELETE_OF_ACCOUNT: &str = "DELETE FROM notifications WHERE account_id = $1";
pub(super) const DELETE_OF_SOURCE: &str =
    "DELETE FROM notifications WHERE source_id = $1 AND +kind = $2";
pub(super) const DELETE_SAME: &str = "DELETE FROM notifications \
     WHERE account_id = $1 AND kind = $2 AND from_id = $3 AND post_id = $4";
pub(super) const SAME: &str = "SELECT id FROM notifications \
     WHERE account_id = $1 AND kind = $2 AND from_id = $3 AND post_id = $4";
pub(super) const DELETE_SOME_OF_POST: &str = "DELETE FROM notifications WHERE id IN \
     (SELECT id FROM notifications WHERE post_id = $1 LIMIT CAST($2 AS BIGINT))";
// The newest one too many, and all before it.
pub(super) const TRIM: &str = "DELETE FROM notifications WHERE account_id = $1 AND id <= \
     (SELECT id FROM notifications WHERE account_id = $1 \
     ORDER BY id DESC LIMIT 1 OFFSET CAST($2 AS BIGINT))";

// The same among those of one kind by one account. Posts are told of in the order of their ids, or
// nearly.
pub(super) const TRIM_SENDER: &str = "DELETE FROM notifications \
     WHERE account_id = $1 AND kind = $2 AND from_id = $3 AND post_id <= \
     (SELECT post_id FROM notifications WHERE account_id = $1 AND kind = $2 AND from_id = $3 \
     ORDER BY post_id DESC LIMIT 1 OFFSET CAST($4 AS BIGINT))";

#[derive(infra_db::Row)]
pub(super) struct NotificationRow {
    id: i64,
    account_id: i64,
    kind: i64,
    from_id: i64,
    post_id: i64,
    created_at: i64,
    group_hour: i64,
}

impl From<NotificationRow> for Notification {
    fn from(row: NotificationRow) -> Self {
        Self {
            id: from_sql(row.id),
            account_id: from_sql(row.account_id),
            // What this program does not know is of no kind.
            kind: i32::try_from(row.kind).unwrap_or_default(),
            from_id: from_sql(row.from_id),
            post_id: from_sql(row.post_id),
            created_at_us: row.created_at,
            // No group is said to begin beyond the year 490,000.
            group_hour: u32::try_from(row.group_hour).unwrap_or_default(),
        }
    }
}

/// Which notifications of an account are meant.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) kinds: Vec<Kind>,
    /// 0 for everyone.
    pub(crate) from: u64,
}

impl Wanted {
    pub(super) fn kinds(&self) -> String {
        json_kinds(&self.kinds)
    }
}

/// Kinds as a statement takes them.
pub(super) fn json_kinds(kinds: &[Kind]) -> String {
    json_ids(kinds.iter().map(|kind| *kind as i64))
}

/// Stores a notification. Where the account was told the same before, that stays, and comes of the
/// newer source from now on. Returns whether it is new.
pub(crate) async fn insert(
    connection: &mut Connection,
    notification: &Notification,
    source: u64,
) -> Result<bool, DbError> {
    let stored: Option<i64> = infra_db::query_scalar(
        "INSERT INTO notifications \
         (id, account_id, kind, from_id, post_id, source_id, created_at, group_hour) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (account_id, kind, from_id, post_id) DO UPDATE \
         SET source_id = excluded.source_id WHERE notifications.source_id < excluded.source_id \
         RETURNING id",
    )
    .bind(to_sql(notification.id))
    .bind(to_sql(notification.account_id))
    .bind(i64::from(notification.kind))
    .bind(to_sql(notification.from_id))
    .bind(to_sql(notification.post_id))
    .bind(to_sql(source))
    .bind(notification.created_at_us)
    .bind(i64::from(notification.group_hour))
    .fetch_optional(connection)
    .await?;
    Ok(stored == Some(to_sql(notification.id)))
}

/// Removes what the account was told of the same kind, by the same account, about the same post.
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

/// Whether the account was told of the same kind, by the same account, about the same post.
pub(crate) async fn has_same(
    connection: &mut Connection,
    like: &Notification,
) -> Result<bool, DbError> {
    let found: Option<i64> = infra_db::query_scalar(SAME)
        .bind(to_sql(like.account_id))
        .bind(i64::from(like.kind))
        .bind(to_sql(like.from_id))
        .bind(to_sql(like.post_id))
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

/// Removes the oldest of an account's notifications, so that so many stay.
pub(crate) async fn trim(
    connection: &mut Connection,
    account: u64,
    kept_max: u32,
) -> Result<(), DbError> {
    infra_db::query(TRIM)
        .bind(to_sql(account))
        .bind(i64::from(kept_max))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes the oldest of what an account was told of the same kind by the same account, so that so
/// many stay.
pub(crate) async fn trim_sender(
    connection: &mut Connection,
    like: &Notification,
    kept_max: u32,
) -> Result<(), DbError> {
    infra_db::query(TRIM_SENDER)
        .bind(to_sql(like.account_id))
        .bind(i64::from(like.kind))
        .bind(to_sql(like.from_id))
        .bind(i64::from(kept_max))
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes what came of a like or a follow.
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

/// Removes at most so many of the notifications about a post, and returns how many.
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

/// Removes one notification, and returns whether it was there.
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

/// Removes all of an account: no more than are kept.
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

/// One notification of an account.
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

/// A page of an account's notifications, newest first.
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

/// How many of an account's notifications are newer than this one, counted up to a limit.
pub(crate) async fn count(
    database: &Database,
    account: u64,
    after: u64,
    limit: u32,
    wanted: &Wanted,
) -> Result<u32, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(to_sql(account))
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::from(limit))
        .bind(wanted.kinds())
        .bind(to_sql(wanted.from))
        .fetch_one(database.reader())
        .await?;
    // Never more than the limit.
    Ok(u32::try_from(count).unwrap_or(limit))
}
