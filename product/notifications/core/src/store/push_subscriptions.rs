//! Where push services are told of what accounts are told.

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;

use super::{push_queue, to_sql};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, session_id, account_id, endpoint, host, p256dh, auth, standard, alerts, policy \
             FROM push_subscriptions ",
            $rest
        )
    };
}

pub(super) const OF_SESSION: &str = select!("WHERE session_id = $1 AND account_id = $2");
pub(super) const SESSIONS: &str = "SELECT id, session_id FROM push_subscriptions \
     WHERE session_id > $1 ORDER BY session_id LIMIT CAST($2 AS BIGINT)";
pub(super) const CHANGE: &str =
    "UPDATE push_subscriptions SET alerts = $2, policy = $3 WHERE session_id = $1";
pub(super) const REMOVE: &str = "DELETE FROM push_subscriptions WHERE id = $1";
// The newest one too many, and all before it.
pub(super) const TOO_MANY: &str = "SELECT id FROM push_subscriptions WHERE account_id = $1 \
     AND id <= (SELECT id FROM push_subscriptions WHERE account_id = $1 \
     ORDER BY id DESC LIMIT 1 OFFSET CAST($2 AS BIGINT))";

/// A subscription as it is kept.
#[derive(Debug, Clone, infra_db::Row)]
pub(crate) struct SubscriptionRow {
    pub(crate) id: i64,
    pub(crate) session_id: i64,
    pub(crate) account_id: i64,
    pub(crate) endpoint: String,
    pub(crate) host: String,
    pub(crate) p256dh: Vec<u8>,
    pub(crate) auth: Vec<u8>,
    pub(crate) standard: bool,
    pub(crate) alerts: i64,
    pub(crate) policy: i64,
}

/// The subscription of an account's session.
pub(crate) async fn get(
    database: &Database,
    account: u64,
    session: u64,
) -> Result<Option<SubscriptionRow>, DbError> {
    infra_db::query(OF_SESSION)
        .bind(to_sql(session))
        .bind(to_sql(account))
        .fetch_optional(database.reader())
        .await
}

/// The same within a transaction.
pub(crate) async fn read(
    connection: &mut Connection,
    account: u64,
    session: u64,
) -> Result<Option<SubscriptionRow>, DbError> {
    infra_db::query(OF_SESSION)
        .bind(to_sql(session))
        .bind(to_sql(account))
        .fetch_optional(connection)
        .await
}

/// Stores a subscription. Its session has none.
pub(crate) async fn insert(
    connection: &mut Connection,
    row: &SubscriptionRow,
    now: Timestamp,
) -> Result<(), DbError> {
    infra_db::query(
        "INSERT INTO push_subscriptions (session_id, id, account_id, endpoint, host, p256dh, auth, \
         standard, alerts, policy, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(row.session_id)
    .bind(row.id)
    .bind(row.account_id)
    .bind(row.endpoint.as_str())
    .bind(row.host.as_str())
    .bind(row.p256dh.as_slice())
    .bind(row.auth.as_slice())
    .bind(row.standard)
    .bind(row.alerts)
    .bind(row.policy)
    .bind(now.microseconds())
    .execute(connection)
    .await?;
    Ok(())
}

/// Changes what the subscription of a session is told of.
pub(crate) async fn change(
    connection: &mut Connection,
    row: &SubscriptionRow,
) -> Result<(), DbError> {
    infra_db::query(CHANGE)
        .bind(row.session_id)
        .bind(row.alerts)
        .bind(row.policy)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes the oldest of an account's subscriptions, so that so many stay.
pub(crate) async fn trim(
    connection: &mut Connection,
    account: i64,
    kept_max: u32,
) -> Result<(), DbError> {
    let too_many: Vec<i64> = infra_db::query_scalar(TOO_MANY)
        .bind(account)
        .bind(i64::from(kept_max))
        .fetch_all(&mut *connection)
        .await?;
    for id in too_many {
        remove(connection, id).await?;
    }
    Ok(())
}

/// Removes a subscription with what waits for it, and returns whether it was there.
pub(crate) async fn remove(connection: &mut Connection, id: i64) -> Result<bool, DbError> {
    let removed = infra_db::query(REMOVE).bind(id);
    let removed = removed.execute(&mut *connection).await?;
    push_queue::remove_of_subscription(connection, id).await?;
    Ok(removed == 1)
}

/// Some subscriptions and their sessions, in the order of these, after this one.
pub(crate) async fn sessions(
    database: &Database,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, i64)>, DbError> {
    infra_db::query(SESSIONS)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(database.reader())
        .await
}
