//! Where a subscription stands in the log.
//!
//! Its positions are the log's, counted on from a base. A log that was made again counts from one,
//! and what waits for redelivery or is dead is kept by its position: with the base raised over all
//! that was before, no position is ever given twice.

use std::sync::Arc;

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;

use crate::log::Extent;

/// Where a subscription begins to read.
pub(crate) struct Cursor {
    pub(crate) history: Arc<str>,
    /// What is added to the log's positions.
    pub(crate) base: i64,
    pub(crate) position: i64,
    /// No event beyond this position is dead.
    pub(crate) dead_to: i64,
}

/// What a subscription that registers finds.
pub(super) struct Found {
    pub(super) extent: Extent,
    /// No position up to here may be used again.
    pub(super) above: i64,
}

/// Where a subscription stands, as its row has it.
#[derive(Debug, infra_db::Row)]
pub(crate) struct StoredPosition {
    position: i64,
    log_history: String,
    log_base: i64,
}

impl StoredPosition {
    /// The last position of this log that it has passed; none when its position means nothing
    /// there: it is of another history, or of one that has lost its end.
    pub(crate) fn passed_in(&self, extent: &Extent) -> Option<i64> {
        let passed = self.position - self.log_base;
        let is_of_it = self.log_history == *extent.history && passed <= extent.last;
        is_of_it.then_some(passed)
    }

    /// After a position of this log, over all positions that the subscription has used.
    pub(crate) fn above(used: i64, history: &str, passed: i64) -> Self {
        Self {
            position: used + passed,
            log_history: history.to_owned(),
            log_base: used,
        }
    }
}

#[derive(infra_db::Row)]
struct CursorRow {
    #[row(flatten)]
    stored: StoredPosition,
    waiting_to: i64,
    dead_to: i64,
}

impl CursorRow {
    /// The same subscription at the beginning of this log.
    fn rebased(&self, Found { extent, above }: &Found) -> StoredPosition {
        // `above` is what only memory knows: positions of a batch whose write may yet succeed.
        let used = [self.stored.position, self.waiting_to, self.dead_to, *above];
        let used = used.into_iter().fold(0, i64::max);
        StoredPosition::above(used, &extent.history, extent.before_first)
    }
}

/// Makes the subscription known, if it is not yet: it starts at the beginning of what is kept. One
/// whose log is another one now, or has lost its end, begins there too, since nobody can say which
/// of the events there it has seen.
pub(super) async fn register(
    database: &Database,
    subscription: &'static str,
    found: Found,
    now: Timestamp,
) -> Result<Cursor, DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                add(connection, subscription, &found.extent, now).await?;
                let mut row = find(connection, subscription).await?;
                if row.stored.passed_in(&found.extent).is_none() {
                    row.stored = row.rebased(&found);
                    store(connection, subscription, &row.stored).await?;
                    tracing::warn!(
                        subscription,
                        "the log is not the one that was read before; \
                         the subscription begins at its beginning"
                    );
                }
                Ok(Cursor {
                    history: found.extent.history,
                    base: row.stored.log_base,
                    position: row.stored.position,
                    dead_to: row.dead_to,
                })
            })
        })
        .await
}

pub(crate) const ADD: &str =
    "INSERT INTO subscriptions (name, position, created_at, log_history, log_base)
     SELECT $1, base + $2, $3, $4, base FROM (SELECT CASE WHEN $4 = '' THEN 0 ELSE COALESCE(
         (SELECT max(position) FROM dead_letters WHERE subscription = $1), 0) END AS base)
         AS above
     WHERE true
     ON CONFLICT (name) DO NOTHING";

/// One that is new may have dead letters from a time before it was forgotten: their positions may
/// be of another log, and its own lie beyond them. The embedded log never counts again.
async fn add(
    connection: &mut Connection,
    subscription: &str,
    extent: &Extent,
    now: Timestamp,
) -> Result<(), DbError> {
    // `WHERE true`: without it SQLite takes ON for the beginning of a join's condition.
    infra_db::query(ADD)
        .bind(subscription)
        .bind(extent.before_first)
        .bind(now.microseconds())
        .bind(extent.history.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) const FIND: &str = "SELECT position, log_history, log_base,
         COALESCE((SELECT max(position) FROM redelivery WHERE subscription = $1), 0)
             AS waiting_to,
         COALESCE((SELECT max(position) FROM dead_letters WHERE subscription = $1), 0)
             AS dead_to
     FROM subscriptions WHERE name = $1";

async fn find(connection: &mut Connection, subscription: &str) -> Result<CursorRow, DbError> {
    infra_db::query(FIND)
        .bind(subscription)
        .fetch_one(connection)
        .await
}

pub(crate) const STORE: &str =
    "UPDATE subscriptions SET position = $2, log_history = $3, log_base = $4 WHERE name = $1";

/// Has a subscription stand there.
pub(crate) async fn store(
    connection: &mut Connection,
    subscription: &str,
    row: &StoredPosition,
) -> Result<(), DbError> {
    infra_db::query(STORE)
        .bind(subscription)
        .bind(row.position)
        .bind(&row.log_history)
        .bind(row.log_base)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) const PASSED_BY_ALL: &str = "SELECT position, log_history, log_base FROM subscriptions";

/// The log's position that every known subscription has passed; those that have not begun with this
/// history have passed nothing of it.
pub(super) async fn passed_by_all(database: &Database, extent: &Extent) -> Result<i64, DbError> {
    let stored: Vec<StoredPosition> = infra_db::query(PASSED_BY_ALL)
        .fetch_all(database.reader())
        .await?;
    let passed = stored.iter().map(|one| one.passed_in(extent).unwrap_or(0));
    // Nobody subscribes, so nobody is waited for: the retention alone decides.
    Ok(passed.min().unwrap_or(i64::MAX))
}
