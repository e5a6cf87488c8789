//! The redelivery table's statements: events that failed, and events that wait behind them.
//!
//! Of each key only the first event has a time of its next attempt (it is the head); the others
//! have none and wait behind it. Every transaction that changes a key's rows ends in
//! [`settle_heads`], which makes that so again.

use std::collections::HashSet;
use std::time::Duration;

use infra_db::{Connection, Database, DbError, json_ids};
use infra_kernel::Timestamp;

use crate::row::{EventRow, HoldsEvent, Taken, take_bounded};

/// The most events of one key that are loaded at once.
const RUN_MAX: usize = 64;

/// An event that waits.
#[derive(infra_db::Row)]
pub(crate) struct WaitingRow {
    #[row(flatten)]
    pub(crate) event: EventRow,
    pub(crate) attempts: i64,
    next_attempt_at: Option<i64>,
}

impl HoldsEvent for WaitingRow {
    fn event_row(&self) -> &EventRow {
        &self.event
    }
}

/// What waits, in numbers.
pub(crate) struct Waiting {
    pub(crate) count: u64,
    /// The earliest next attempt that is not due yet.
    pub(crate) next: Option<Timestamp>,
}

/// Which attempts are due: those whose time has come, and those whose time is further away than any
/// pause is long, which a clock that was set back has left behind.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    now: Timestamp,
    beyond: Timestamp,
}

impl Due {
    pub(crate) fn at(now: Timestamp, pause_max: Duration) -> Self {
        Self {
            now,
            beyond: now.plus(pause_max),
        }
    }

    fn holds(self, at: i64) -> bool {
        at <= self.now.microseconds() || at > self.beyond.microseconds()
    }
}

pub(crate) const COUNT: &str = "SELECT count(*) FROM redelivery WHERE subscription = $1";
pub(crate) const NEXT_DUE: &str = "SELECT min(next_attempt_at) FROM redelivery
     WHERE subscription = $1 AND next_attempt_at IS NOT NULL AND next_attempt_at > $2";

pub(crate) async fn count(
    database: &Database,
    subscription: &str,
    due: Due,
) -> Result<Waiting, DbError> {
    let count: i64 = infra_db::query_scalar(COUNT)
        .bind(subscription)
        .fetch_one(database.reader())
        .await?;
    // Nearly always so: then one statement is all that a look costs.
    if count == 0 {
        return Ok(Waiting {
            count: 0,
            next: None,
        });
    }
    let next: Option<i64> = infra_db::query_scalar(NEXT_DUE)
        .bind(subscription)
        .bind(due.now.microseconds())
        .fetch_one(database.reader())
        .await?;
    Ok(Waiting {
        count: count.cast_unsigned(),
        next: next.map(Timestamp::from_microseconds),
    })
}

pub(crate) const DUE_KEYS: &str = "SELECT key FROM redelivery
     WHERE subscription = $1 AND next_attempt_at IS NOT NULL
         AND (next_attempt_at <= $2 OR next_attempt_at > $3)
     ORDER BY next_attempt_at LIMIT CAST($4 AS BIGINT)";

/// The keys whose first waiting event is due, the longest due first.
pub(crate) async fn due_keys(
    database: &Database,
    subscription: &str,
    due: Due,
    keys_max: usize,
) -> Result<Vec<i64>, DbError> {
    infra_db::query_scalar(DUE_KEYS)
        .bind(subscription)
        .bind(due.now.microseconds())
        .bind(due.beyond.microseconds())
        .bind(i64::try_from(keys_max).unwrap_or(i64::MAX))
        .fetch_all(database.reader())
        .await
}

pub(crate) const RUN_OF_KEY: &str = "SELECT position, event_id, topic, key, payload, occurred_at, correlation_id, headers,
         attempts, next_attempt_at
     FROM redelivery WHERE subscription = $1 AND key = $2 ORDER BY position LIMIT CAST($3 AS BIGINT)";

/// The first waiting events of a key, in order; none when the first is not due.
pub(crate) async fn run_of_key(
    database: &Database,
    subscription: &str,
    key: i64,
    due: Due,
) -> Result<Vec<WaitingRow>, DbError> {
    let run = infra_db::query(RUN_OF_KEY)
        .bind(subscription)
        .bind(key)
        .bind(i64::try_from(RUN_MAX).unwrap_or(i64::MAX));
    let taken: Taken<WaitingRow> = take_bounded(run, database, RUN_MAX).await?;
    let rows = taken.rows;
    // Asked again, of the rows themselves: the key was found due in an earlier read, and its head
    // may have been postponed since.
    let head = rows.first().and_then(|row| row.next_attempt_at);
    if head.is_some_and(|at| due.holds(at)) {
        Ok(rows)
    } else {
        Ok(Vec::new())
    }
}

pub(crate) const BLOCKED_KEYS: &str = "SELECT DISTINCT key FROM redelivery
     WHERE subscription = $1 AND key IN (SELECT value FROM json_each($2))";

/// Which of these keys have an event that waits.
pub(crate) async fn blocked_keys(
    database: &Database,
    subscription: &str,
    keys: impl IntoIterator<Item = i64>,
) -> Result<HashSet<i64>, DbError> {
    let found: Vec<i64> = infra_db::query_scalar(BLOCKED_KEYS)
        .bind(subscription)
        .bind(json_ids(keys))
        .fetch_all(database.reader())
        .await?;
    Ok(found.into_iter().collect())
}

pub(crate) const DEAD_POSITIONS: &str = "SELECT position FROM dead_letters
     WHERE subscription = $1 AND position IN (SELECT value FROM json_each($2))";

/// Which of these positions are dead letters.
pub(crate) async fn dead_positions(
    database: &Database,
    subscription: &str,
    positions: impl IntoIterator<Item = i64>,
) -> Result<HashSet<i64>, DbError> {
    let found: Vec<i64> = infra_db::query_scalar(DEAD_POSITIONS)
        .bind(subscription)
        .bind(json_ids(positions))
        .fetch_all(database.reader())
        .await?;
    Ok(found.into_iter().collect())
}

pub(crate) const HOLD_BACK: &str = "UPDATE redelivery SET next_attempt_at = NULL
     WHERE subscription = $1 AND key IN (SELECT value FROM json_each($2))
         AND next_attempt_at IS NOT NULL
         AND EXISTS (SELECT 1 FROM redelivery AS earlier
             WHERE earlier.subscription = redelivery.subscription
                 AND earlier.key = redelivery.key AND earlier.position < redelivery.position)";
pub(crate) const RELEASE: &str = "UPDATE redelivery SET next_attempt_at = $3
     WHERE subscription = $1 AND next_attempt_at IS NULL
         AND position IN (SELECT (SELECT min(position) FROM redelivery AS first
                 WHERE first.subscription = $1 AND first.key = touched.value)
             FROM json_each($2) AS touched)";

/// Makes the first waiting event of each key its head, due now unless it has a time already, and
/// every other wait behind it.
pub(crate) async fn settle_heads(
    connection: &mut Connection,
    subscription: &str,
    keys: impl IntoIterator<Item = i64>,
    now: Timestamp,
) -> Result<(), DbError> {
    let keys = json_ids(keys);
    // A replayed dead letter may lie before the head, which then waits behind it again.
    infra_db::query(HOLD_BACK)
        .bind(subscription)
        .bind(&keys)
        .execute(&mut *connection)
        .await?;
    infra_db::query(RELEASE)
        .bind(subscription)
        .bind(&keys)
        .bind(now.microseconds())
        .execute(&mut *connection)
        .await?;
    Ok(())
}
