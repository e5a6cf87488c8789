//! What is on its way to push services.

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::Timestamp;
use product_notifications_gateway::{Alert, Notification, PushPolicy};

use super::to_sql;
use crate::push::{KEPT_FOR, WAITING_MAX, bit};

pub(super) const ADD: &str = "INSERT INTO push_queue \
     (subscription_id, notification_id, account_id, host, due_at, attempts, created_at) \
     SELECT s.id, n.id, s.account_id, s.host, CAST($3 AS BIGINT), 0, CAST($3 AS BIGINT) \
     FROM push_subscriptions s CROSS JOIN notifications n \
     WHERE s.account_id = $1 AND n.id = $2 AND (s.alerts & CAST($4 AS BIGINT)) <> 0 \
     AND s.policy <> CAST($5 AS BIGINT) ON CONFLICT DO NOTHING";
// The newest one too many, and all before it.
pub(super) const TRIM: &str = "DELETE FROM push_queue WHERE account_id = $1 AND notification_id <= \
     (SELECT notification_id FROM push_queue WHERE account_id = $1 \
     ORDER BY notification_id DESC LIMIT 1 OFFSET CAST($2 AS BIGINT))";
// Only the index is read of what is not taken.
pub(super) const DUE: &str = "SELECT q.subscription_id, q.notification_id, q.account_id, q.host, q.due_at, \
     p.attempts, s.session_id, s.endpoint, s.p256dh, s.auth, s.standard, s.alerts, s.policy, \
     n.kind, n.from_id FROM (\
     SELECT subscription_id, notification_id, account_id, host, due_at FROM push_queue \
     WHERE due_at <= $1 AND host NOT IN (SELECT value FROM json_each($2, '$')) \
     AND account_id NOT IN (SELECT value FROM json_each($3)) \
     ORDER BY due_at LIMIT CAST($4 AS BIGINT)) AS q \
     JOIN push_queue p ON p.subscription_id = q.subscription_id \
     AND p.notification_id = q.notification_id \
     JOIN push_subscriptions s ON s.id = q.subscription_id \
     LEFT JOIN notifications n ON n.id = q.notification_id";
pub(super) const TAKE: &str = "UPDATE push_queue SET due_at = $4, attempts = attempts + 1 \
     WHERE subscription_id = $1 AND notification_id = $2 AND due_at = $3";
pub(super) const ATTEMPTS: &str =
    "SELECT attempts FROM push_queue WHERE subscription_id = $1 AND notification_id = $2";
pub(super) const PUT_OFF: &str =
    "UPDATE push_queue SET due_at = $3 WHERE subscription_id = $1 AND notification_id = $2";
pub(super) const REMOVE: &str =
    "DELETE FROM push_queue WHERE subscription_id = $1 AND notification_id = $2";
pub(super) const REMOVE_OF_SUBSCRIPTION: &str = "DELETE FROM push_queue WHERE subscription_id = $1";
pub(super) const FORGET: &str = "DELETE FROM push_queue WHERE (subscription_id, notification_id) IN \
     (SELECT subscription_id, notification_id FROM push_queue WHERE created_at < $1 \
     LIMIT CAST($2 AS BIGINT))";

/// A push that is due, with what it needs.
#[derive(Debug, Clone, infra_db::Row)]
pub(crate) struct DueRow {
    pub(crate) subscription_id: i64,
    pub(crate) notification_id: i64,
    pub(crate) account_id: i64,
    pub(crate) host: String,
    pub(crate) due_at: i64,
    pub(crate) attempts: i64,
    pub(crate) session_id: i64,
    pub(crate) endpoint: String,
    pub(crate) p256dh: Vec<u8>,
    pub(crate) auth: Vec<u8>,
    pub(crate) standard: bool,
    pub(crate) alerts: i64,
    pub(crate) policy: i64,
    /// What was done, and by whom; none when the notification is gone.
    pub(crate) kind: Option<i64>,
    pub(crate) from_id: Option<i64>,
}

/// Puts a notification that was just stored into the queue of each subscription of its account that
/// wants it.
pub(crate) async fn add(
    connection: &mut Connection,
    notification: &Notification,
    now: Timestamp,
) -> Result<(), DbError> {
    // What is heard of this late is no news.
    if notification.created_at_us < now.minus(KEPT_FOR).microseconds() {
        return Ok(());
    }
    let Some(alert) = Alert::of(notification.kind()) else {
        return Ok(());
    };
    let added = infra_db::query(ADD)
        .bind(to_sql(notification.account_id))
        .bind(to_sql(notification.id))
        .bind(now.microseconds())
        .bind(bit(alert))
        .bind(PushPolicy::None as i64)
        .execute(&mut *connection)
        .await?;
    if added > 0 {
        infra_db::query(TRIM)
            .bind(to_sql(notification.account_id))
            .bind(i64::from(WAITING_MAX))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Pushes that are due, but for these hosts and accounts.
pub(crate) async fn due(
    database: &Database,
    now: Timestamp,
    hosts: &[String],
    accounts: &[u64],
    limit: u32,
) -> Result<Vec<DueRow>, DbError> {
    let mut due: Vec<DueRow> = infra_db::query(DUE)
        .bind(now.microseconds())
        .bind(json_texts(hosts))
        .bind(json_ids(accounts.iter().map(|id| to_sql(*id))))
        .bind(i64::from(limit))
        .fetch_all(database.reader())
        .await?;
    due.sort_by_key(|push| (push.due_at, push.notification_id));
    Ok(due)
}

/// Takes a push until this moment; returns whether it was still there to be taken.
pub(crate) async fn take(
    connection: &mut Connection,
    push: &DueRow,
    until: Timestamp,
) -> Result<bool, DbError> {
    let taken = infra_db::query(TAKE)
        .bind(push.subscription_id)
        .bind(push.notification_id)
        .bind(push.due_at)
        .bind(until.microseconds())
        .execute(connection)
        .await?;
    Ok(taken == 1)
}

/// How often a push was taken, if it is still there.
pub(crate) async fn attempts(
    connection: &mut Connection,
    subscription: i64,
    notification: i64,
) -> Result<Option<i64>, DbError> {
    infra_db::query_scalar(ATTEMPTS)
        .bind(subscription)
        .bind(notification)
        .fetch_optional(connection)
        .await
}

/// Puts a push off until then.
pub(crate) async fn put_off(
    connection: &mut Connection,
    subscription: i64,
    notification: i64,
    until: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(PUT_OFF)
        .bind(subscription)
        .bind(notification)
        .bind(until.microseconds())
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes a push.
pub(crate) async fn remove(
    connection: &mut Connection,
    subscription: i64,
    notification: i64,
) -> Result<(), DbError> {
    infra_db::query(REMOVE)
        .bind(subscription)
        .bind(notification)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes what waits for a subscription: no more than waits for one account.
pub(crate) async fn remove_of_subscription(
    connection: &mut Connection,
    subscription: i64,
) -> Result<(), DbError> {
    infra_db::query(REMOVE_OF_SUBSCRIPTION)
        .bind(subscription)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes at most so many that have waited since before this, and returns how many.
pub(crate) async fn forget(
    database: &Database,
    before: Timestamp,
    count_max: u32,
) -> Result<u64, DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(FORGET)
                    .bind(before.microseconds())
                    .bind(i64::from(count_max))
                    .execute(connection)
                    .await
            })
        })
        .await
}

/// Hosts as `json_each` takes them: names and addresses, in which nothing has to be escaped.
fn json_texts(hosts: &[String]) -> String {
    let plain = |host: &&String| !host.contains(['"', '\\']) && !host.contains(char::is_control);
    let quoted = hosts.iter().filter(plain).map(|host| format!("\"{host}\""));
    format!("[{}]", quoted.collect::<Vec<_>>().join(","))
}
