//! Events that were given up, for an operator to look at, replay or drop. Works on the bus's
//! database from any process: a running bus sees what was replayed within its poll interval.

use std::sync::Arc;

use infra_db::{BoxFuture, Connection, Database, DbError, json_ids};
use infra_kernel::{Clock, Timestamp};

use crate::Event;
use crate::delivery::waiting;
use crate::row::EventRow;

/// How many dead letters are replayed in one transaction.
const REPLAY_BATCH: i64 = 256;

/// An event that a subscription gave up.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// Its own number, from 1; a later one died later.
    pub id: i64,
    /// Who gave it up.
    pub subscription: String,
    /// The event as it was published.
    pub event: Event,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last attempt failed, with all causes; bounded to 4096 bytes.
    pub error: String,
    /// When it was given up.
    pub died_at: Timestamp,
}

#[derive(infra_db::Row)]
struct DeadRow {
    id: i64,
    subscription: String,
    #[row(flatten)]
    event: EventRow,
    attempts: i64,
    error: String,
    died_at: i64,
}

impl From<DeadRow> for DeadLetter {
    fn from(row: DeadRow) -> Self {
        Self {
            id: row.id,
            subscription: row.subscription,
            event: row.event.into_event(),
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            error: row.error,
            died_at: Timestamp::from_microseconds(row.died_at),
        }
    }
}

/// The dead letters of a bus.
#[derive(Clone)]
pub struct DeadLetters {
    database: Database,
    clock: Arc<dyn Clock>,
}

pub(crate) const LIST: &str =
    "SELECT * FROM dead_letters WHERE id > $1 AND ($2 IS NULL OR subscription = $2)
     ORDER BY id LIMIT $3";
pub(crate) const SHOW: &str = "SELECT * FROM dead_letters WHERE id = $1";
pub(crate) const SUBSCRIPTION_OF: &str = "SELECT subscription FROM dead_letters WHERE id = $1";
pub(crate) const LAST_TO_REPLAY: &str = "SELECT max(id) FROM dead_letters WHERE subscription = $1";
pub(crate) const IDS_TO_REPLAY: &str =
    "SELECT id FROM dead_letters WHERE subscription = $1 AND id <= $2
     ORDER BY id LIMIT $3";
pub(crate) const DROP: &str = "DELETE FROM dead_letters WHERE id = $1";

impl DeadLetters {
    /// The most dead letters in one page.
    pub const PAGE_MAX: u32 = 200;

    /// Those in this bus's database (opened with [`crate::MIGRATIONS`]).
    #[must_use]
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// A page of dead letters with ids above `after` (0 for the first page), oldest first, of one
    /// subscription or of all; at most `limit`, and never more than [`Self::PAGE_MAX`].
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(
        &self,
        subscription: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, DbError> {
        let rows: Vec<DeadRow> = infra_db::query(LIST)
            .bind(after)
            .bind(subscription)
            .bind(limit.min(Self::PAGE_MAX))
            .fetch_all(self.database.reader())
            .await?;
        Ok(rows.into_iter().map(DeadLetter::from).collect())
    }

    /// One dead letter, if there is one with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn show(&self, id: i64) -> Result<Option<DeadLetter>, DbError> {
        let row: Option<DeadRow> = infra_db::query(SHOW)
            .bind(id)
            .fetch_optional(self.database.reader())
            .await?;
        Ok(row.map(DeadLetter::from))
    }

    /// Hands one back to its subscription, to be tried at once and as often as a new event. False
    /// when there is none with this id, or its subscription is not known to the bus any more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn replay(&self, id: i64) -> Result<bool, DbError> {
        let now = self.clock.now();
        self.write_durably(move |connection| {
            Box::pin(async move {
                // Within the transaction: another process may replay or drop it meanwhile.
                let subscription: Option<String> = infra_db::query_scalar(SUBSCRIPTION_OF)
                    .bind(id)
                    .fetch_optional(&mut *connection)
                    .await?;
                let Some(subscription) = subscription else {
                    return Ok(false);
                };
                Ok(replay_ids(connection, &subscription, &[id], now).await? == 1)
            })
        })
        .await
    }

    /// Hands back all that a subscription has given up until now, in batches; returns how many.
    ///
    /// # Errors
    /// When the database cannot be written; earlier batches stay replayed.
    pub async fn replay_all(&self, subscription: &str) -> Result<u64, DbError> {
        // What dies again while this runs has a higher id and is left alone.
        let last: Option<i64> = infra_db::query_scalar(LAST_TO_REPLAY)
            .bind(subscription)
            .fetch_one(self.database.reader())
            .await?;
        let last = last.unwrap_or(0);
        let mut replayed = 0;
        // In batches, between which the bus's writer serves others.
        loop {
            let batch = self.replay_batch(subscription.to_owned(), last).await?;
            if batch == 0 {
                return Ok(replayed);
            }
            replayed += batch;
        }
    }

    async fn replay_batch(&self, subscription: String, last: i64) -> Result<u64, DbError> {
        let now = self.clock.now();
        self.write_durably(move |connection| {
            Box::pin(async move {
                let ids: Vec<i64> = infra_db::query_scalar(IDS_TO_REPLAY)
                    .bind(&subscription)
                    .bind(last)
                    .bind(REPLAY_BATCH)
                    .fetch_all(&mut *connection)
                    .await?;
                replay_ids(connection, &subscription, &ids, now).await
            })
        })
        .await
    }

    /// Runs a write that is durable when this returns: an operator relies on what was reported.
    async fn write_durably<T, F>(&self, work: F) -> Result<T, DbError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, DbError>> + Send + 'static,
    {
        let value = self.database.write(work).await?;
        self.database.sync().await?;
        Ok(value)
    }

    /// Deletes one for good. False when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn drop(&self, id: i64) -> Result<bool, DbError> {
        self.write_durably(move |connection| {
            Box::pin(async move {
                let deleted = infra_db::query(DROP).bind(id).execute(connection).await?;
                Ok(deleted == 1)
            })
        })
        .await
    }
}

pub(crate) const REPLAY: &str =
    "INSERT INTO redelivery (subscription, position, event_id, topic, key, payload, occurred_at,
         correlation_id, headers, attempts, next_attempt_at, last_error)
     SELECT subscription, position, event_id, topic, key, payload, occurred_at, correlation_id,
         headers, 0, NULL, error
     FROM dead_letters
     WHERE id IN (SELECT value FROM json_each($1))
         AND subscription IN (SELECT name FROM subscriptions WHERE name = $2)
     ON CONFLICT (subscription, position) DO UPDATE SET attempts = 0
     RETURNING key";
pub(crate) const REMOVE_REPLAYED: &str =
    "DELETE FROM dead_letters WHERE id IN (SELECT value FROM json_each($1))";

/// Moves dead letters of one subscription to its redelivery; none when the subscription is not
/// known.
async fn replay_ids(
    connection: &mut Connection,
    subscription: &str,
    ids: &[i64],
    now: Timestamp,
) -> Result<u64, DbError> {
    let ids = json_ids(ids.iter().copied());
    let keys: Vec<i64> = infra_db::query_scalar(REPLAY)
        .bind(&ids)
        .bind(subscription)
        .fetch_all(&mut *connection)
        .await?;
    // Of a subscription that is forgotten: nobody would handle it, so it stays dead.
    if keys.is_empty() {
        return Ok(0);
    }
    let deleted = infra_db::query(REMOVE_REPLAYED)
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    waiting::settle_heads(connection, subscription, keys, now).await?;
    Ok(deleted)
}
