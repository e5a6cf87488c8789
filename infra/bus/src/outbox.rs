//! The transactional outbox: an event is committed with the change that it announces, or not at
//! all.
//!
//! Every domain that publishes events has this table in its own database, by this statement in its
//! first migration (older domains added the last four columns later):
//!
//! ```sql
//! CREATE TABLE outbox (
//!     position INTEGER PRIMARY KEY AUTOINCREMENT,
//!     event_id BIGINT NOT NULL,
//!     topic TEXT NOT NULL,
//!     key BIGINT NOT NULL,
//!     payload BLOB NOT NULL,
//!     occurred_at BIGINT NOT NULL,
//!     correlation_id TEXT NOT NULL,
//!     headers TEXT NOT NULL DEFAULT '{}',
//!     published_at BIGINT,
//!     log_history TEXT,
//!     log_position BIGINT
//! );
//! ```
//!
//! The last three are NULL until the event is published, and are set only where the bus's log can
//! lose what it has taken ([`crate::Bus::lossy`]): everywhere else a row is deleted then, and so is
//! one that was kept for a log which has been left.
//! `published_at` says since when the row is only kept. The other two say where the log has the
//! event; they are set for the furthest of those that are marked together.

use infra_db::{Connection, Database, DbError};
use infra_kernel::{EventId, Timestamp};

use crate::row::{EventRow, Taken, bind_event, take_bounded};
use crate::{Anchor, Event};

/// The most rows that one call of [`trim`] deletes.
pub(crate) const TRIM_BATCH: u64 = 500;

/// The first events of an outbox.
#[derive(Debug)]
pub struct Batch {
    /// In the order in which they were committed.
    pub events: Vec<Event>,
    /// The position of the last, or the one after which nothing was found.
    pub(crate) last: i64,
    /// Whether there may be more.
    pub(crate) more: bool,
}

/// Writes an event into the outbox of the transaction's database.
///
/// # Errors
/// When the event is one that not every log takes ([`crate::InvalidEvent`]): in an outbox it would
/// hold back all that comes after it. Or when the statement fails. The transaction must then be
/// undone.
pub async fn append(connection: &mut Connection, event: &Event) -> Result<(), DbError> {
    event
        .check()
        .map_err(|error| DbError::Value(Box::new(error)))?;
    let statement = infra_db::query(
        "INSERT INTO outbox (event_id, topic, key, payload, occurred_at, correlation_id, headers)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let statement = bind_event(statement, event);
    statement.execute(connection).await.map(drop)
}

pub(crate) const READ: &str =
    "SELECT position, event_id, topic, key, payload, occurred_at, correlation_id, headers
     FROM outbox WHERE position > $1 AND published_at IS NULL
     ORDER BY position LIMIT CAST($2 AS BIGINT)";

/// The first events that wait to be moved to the bus: at most `events_max`, and no more than some
/// 4 MiB of them.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(database: &Database, events_max: usize) -> Result<Batch, DbError> {
    let waiting = infra_db::query(READ);
    read_with(waiting, database, 0, events_max).await
}

pub(crate) const READ_AFTER: &str =
    "SELECT position, event_id, topic, key, payload, occurred_at, correlation_id, headers
     FROM outbox WHERE position > $1 ORDER BY position LIMIT CAST($2 AS BIGINT)";

/// The events after a position, whether they were published or not.
pub(crate) async fn read_after(
    database: &Database,
    after: i64,
    events_max: usize,
) -> Result<Batch, DbError> {
    let all = infra_db::query(READ_AFTER);
    read_with(all, database, after, events_max).await
}

async fn read_with(
    statement: infra_db::Query<'_>,
    database: &Database,
    after: i64,
    events_max: usize,
) -> Result<Batch, DbError> {
    let statement = statement
        .bind(after)
        .bind(i64::try_from(events_max).unwrap_or(i64::MAX));
    let taken: Taken<EventRow> = take_bounded(statement, database, events_max).await?;
    Ok(Batch {
        last: taken.rows.last().map_or(after, |row| row.position),
        events: taken.rows.into_iter().map(EventRow::into_event).collect(),
        more: taken.cut,
    })
}

/// What an outbox keeps of what was published.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Everything up to here was published.
    pub(crate) position: i64,
    /// The event that lies furthest in the log; none when its row is trimmed already.
    pub(crate) anchor: Option<Anchor>,
}

pub(crate) const KEPT_TO: &str = "SELECT max(position) FROM outbox WHERE published_at IS NOT NULL";
pub(crate) const ANCHOR: &str = "SELECT event_id, log_history, log_position FROM outbox
     WHERE position <= $1 AND log_history IS NOT NULL AND log_position IS NOT NULL
     ORDER BY position DESC LIMIT 1";

/// What is kept, if anything is. Rows are marked in order.
pub(crate) async fn kept(database: &Database) -> Result<Option<Kept>, DbError> {
    // Asked first: where nothing is kept, all that waits for the bus would be looked through.
    let oldest: Option<Option<i64>> = infra_db::query_scalar(OLDEST)
        .fetch_optional(database.reader())
        .await?;
    if oldest.flatten().is_none() {
        return Ok(None);
    }
    let position: Option<i64> = infra_db::query_scalar(KEPT_TO)
        .fetch_one(database.reader())
        .await?;
    let Some(position) = position else {
        return Ok(None);
    };
    let anchor: Option<(i64, String, i64)> = infra_db::query(ANCHOR)
        .bind(position)
        .fetch_optional(database.reader())
        .await?;
    let anchor = anchor.map(|(event, history, position)| Anchor {
        event: EventId::from_sql(event),
        history,
        position,
    });
    Ok(Some(Kept { position, anchor }))
}

pub(crate) const MARK: &str =
    "UPDATE outbox SET published_at = $1 WHERE position > $2 AND position <= $3";
pub(crate) const MARK_ANCHOR: &str = "UPDATE outbox SET log_history = $1, log_position = $2
     WHERE position > $3 AND position <= $4 AND event_id = $5";

/// Marks what was published: everything after a position up to another one.
pub(crate) async fn mark(
    database: &Database,
    (after, last): (i64, i64),
    anchor: Anchor,
    now: Timestamp,
) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                // The anchor is among them, or lies further in the log than any of them and was
                // marked before.
                infra_db::query(MARK)
                    .bind(now.microseconds())
                    .bind(after)
                    .bind(last)
                    .execute(&mut *connection)
                    .await?;
                infra_db::query(MARK_ANCHOR)
                    .bind(anchor.history)
                    .bind(anchor.position)
                    .bind(after)
                    .bind(last)
                    .bind(anchor.event.to_sql())
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
        .await
}

pub(crate) const OLDEST: &str = "SELECT published_at FROM outbox ORDER BY position LIMIT 1";
pub(crate) const TRIM: &str = "DELETE FROM outbox
     WHERE position IN (SELECT position FROM outbox
         WHERE position <= $1 ORDER BY position LIMIT $2)
     AND published_at < $3";

/// Deletes the oldest rows up to a position that were published before a moment,
/// [`TRIM_BATCH`] at most; returns how many. Where there are none nothing is written.
pub(crate) async fn trim(
    database: &Database,
    last: i64,
    before: Timestamp,
) -> Result<u64, DbError> {
    // Read first: a write, even of nothing, is a turn of the domain's writer.
    let oldest: Option<Option<i64>> = infra_db::query_scalar(OLDEST)
        .fetch_optional(database.reader())
        .await?;
    if !matches!(oldest, Some(Some(at)) if at < before.microseconds()) {
        return Ok(0);
    }
    database
        .write(move |connection| {
            Box::pin(async move {
                let deleted = infra_db::query(TRIM)
                    .bind(last)
                    .bind(TRIM_BATCH.cast_signed())
                    .bind(before.microseconds())
                    .execute(connection)
                    .await?;
                Ok(deleted)
            })
        })
        .await
}
