//! What became of a batch of events, and how that is made durable: everything in one transaction
//! with the cursor.

use std::collections::BTreeSet;
use std::sync::Arc;

use infra_db::{Connection, DbError, json_ids};
use infra_kernel::Timestamp;

use super::waiting;
use crate::Event;
use crate::row::bind_event;

/// An event that is to be retried, or that waits behind one that is (no attempts yet, no time).
pub(crate) struct Postponed {
    pub(crate) position: i64,
    pub(crate) event: Arc<Event>,
    pub(crate) attempts: u32,
    pub(crate) next_attempt_at: Option<Timestamp>,
    pub(crate) error: String,
}

/// An event that is given up.
pub(crate) struct DeadEvent {
    pub(crate) position: i64,
    pub(crate) event: Arc<Event>,
    pub(crate) attempts: u32,
    pub(crate) error: String,
}

/// What became of a batch of events.
#[derive(Default)]
pub(crate) struct AckBatch {
    /// Counts ack batches, to tell which effects are in which.
    pub(crate) generation: u64,
    /// Every event of the log up to here is settled once this is durable.
    pub(crate) cursor: i64,
    /// Events to be retried or later.
    pub(crate) postponed: Vec<Postponed>,
    /// Positions that leave the redelivery table: handled, or dead.
    pub(crate) finished: Vec<i64>,
    pub(crate) dead: Vec<DeadEvent>,
    /// Keys whose rows in the redelivery table change.
    pub(crate) keys: BTreeSet<u64>,
}

pub(crate) const ADVANCE: &str =
    "UPDATE subscriptions SET position = $2 WHERE name = $1 AND position < $2";

impl AckBatch {
    /// Whether it holds more than the cursor.
    pub(crate) fn touches_tables(&self) -> bool {
        !self.keys.is_empty() || !self.dead.is_empty()
    }

    /// Writes all of it. May be repeated: a commit whose result was lost is made again.
    pub(crate) async fn apply(
        &self,
        connection: &mut Connection,
        subscription: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        for postponed in &self.postponed {
            postpone(connection, subscription, postponed).await?;
        }
        for dead in &self.dead {
            dead_letter(connection, subscription, dead, now).await?;
        }
        if !self.finished.is_empty() {
            finish(connection, subscription, &self.finished).await?;
        }
        // After all rows have changed: the heads are found among those that are left.
        if !self.keys.is_empty() {
            let keys = self.keys.iter().map(|key| key.cast_signed());
            waiting::settle_heads(connection, subscription, keys, now).await?;
        }
        // A batch that is made again after a later one must not move the cursor back.
        infra_db::query(ADVANCE)
            .bind(subscription)
            .bind(self.cursor)
            .execute(connection)
            .await
            .map(drop)
    }
}

/// An event that merely waits does not overwrite the attempts of a row that is there already.
async fn postpone(
    connection: &mut Connection,
    subscription: &str,
    postponed: &Postponed,
) -> Result<(), DbError> {
    let statement = infra_db::query(
        "INSERT INTO redelivery (subscription, position, event_id, topic, key, payload, occurred_at,
             correlation_id, headers, attempts, next_attempt_at, last_error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (subscription, position) DO UPDATE SET attempts = excluded.attempts,
             next_attempt_at = excluded.next_attempt_at, last_error = excluded.last_error
         WHERE excluded.attempts > 0",
    );
    let statement = statement.bind(subscription).bind(postponed.position);
    bind_event(statement, &postponed.event)
        .bind(i64::from(postponed.attempts))
        .bind(postponed.next_attempt_at.map(Timestamp::microseconds))
        .bind(&postponed.error)
        .execute(connection)
        .await
        .map(|_| ())
}

async fn dead_letter(
    connection: &mut Connection,
    subscription: &str,
    dead: &DeadEvent,
    now: Timestamp,
) -> Result<(), DbError> {
    // A batch that is made again finds its dead letters there.
    let statement = infra_db::query(
        "INSERT INTO dead_letters (subscription, position, event_id, topic, key, payload, occurred_at,
             correlation_id, headers, attempts, error, died_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (subscription, position) DO NOTHING",
    );
    let statement = statement.bind(subscription).bind(dead.position);
    bind_event(statement, &dead.event)
        .bind(i64::from(dead.attempts))
        .bind(&dead.error)
        .bind(now.microseconds())
        .execute(connection)
        .await
        .map(|_| ())
}

pub(crate) const FINISH: &str = "DELETE FROM redelivery
     WHERE subscription = $1 AND position IN (SELECT value FROM json_each($2))";

async fn finish(
    connection: &mut Connection,
    subscription: &str,
    positions: &[i64],
) -> Result<(), DbError> {
    infra_db::query(FINISH)
        .bind(subscription)
        .bind(json_ids(positions.iter().copied()))
        .execute(connection)
        .await
        .map(|_| ())
}
