//! How far each subscription has come: what an operator looks at first.

use infra_db::{Database, DbError};

/// Where one subscription stands.
#[derive(Debug, Clone, PartialEq, Eq, infra_db::Row)]
pub struct Status {
    /// The subscription's name, as the program has it: "feed.fan-out".
    pub subscription: String,
    /// Every event of the log up to here is handled, waits for redelivery or is dead.
    pub position: i64,
    /// How many positions the log's end is ahead, whatever their topics. It is zero for a running
    /// subscription on a quiet server, give or take the second after which a subscription notes
    /// that it skipped others' events.
    pub behind: i64,
    /// How many events wait to be retried, or wait behind one that does.
    pub waiting: i64,
    /// How many events were given up.
    pub dead_letters: i64,
}

pub(crate) const STATUSES_BEHIND: &str =
    "SELECT name AS subscription, position, max(0, $1 + log_base - position) AS behind,
         (SELECT count(*) FROM redelivery WHERE subscription = name) AS waiting,
         (SELECT count(*) FROM dead_letters WHERE subscription = name) AS dead_letters
     FROM subscriptions ORDER BY name";

/// Every subscription of a log that ends at this position, by name.
pub(crate) async fn statuses_behind(database: &Database, end: i64) -> Result<Vec<Status>, DbError> {
    infra_db::query(STATUSES_BEHIND)
        .bind(end)
        .fetch_all(database.reader())
        .await
}

pub(crate) const FORGET_WAITING: &str = "DELETE FROM redelivery WHERE subscription = $1";
pub(crate) const FORGET: &str = "DELETE FROM subscriptions WHERE name = $1";

/// Forgets a subscription that no longer exists in the program: its cursor, which would keep the
/// log, whichever it is, from being trimmed, and what waits for redelivery. Its dead letters stay.
/// Returns whether there was one.
///
/// A subscription that is still run must not be forgotten: when it is run the next time it begins
/// at the beginning.
///
/// # Errors
/// When the database cannot be written.
pub async fn forget(database: &Database, subscription: &str) -> Result<bool, DbError> {
    let subscription = subscription.to_owned();
    database
        .write(move |connection| {
            Box::pin(async move {
                // In one transaction: rows that were left would be delivered to a later one of the
                // same name.
                infra_db::query(FORGET_WAITING)
                    .bind(&subscription)
                    .execute(&mut *connection)
                    .await?;
                let deleted = infra_db::query(FORGET)
                    .bind(&subscription)
                    .execute(connection)
                    .await?;
                Ok(deleted == 1)
            })
        })
        .await
}
