//! The transactional outbox: an event is committed with the change that it announces, or not at
//! all.
//!
//! Every domain that publishes events has this table in its own database, by this statement in its
//! first migration (older domains added `headers` later):
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
//!     headers TEXT NOT NULL DEFAULT '{}'
//! );
//! ```

use infra_db::{Connection, Database, DbError};

use crate::Event;
use crate::row::{EventRow, Taken, bind_event, take_bounded};

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
/// When the statement fails; the transaction must then be undone.
pub async fn append(connection: &mut Connection, event: &Event) -> Result<(), DbError> {
    let statement = infra_db::query(
        "INSERT INTO outbox (event_id, topic, key, payload, occurred_at, correlation_id, headers)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    );
    let statement = bind_event(statement, event);
    statement.execute_with_commit(connection).await
}

/// The first events that wait to be moved to the bus: at most `events_max`, and no more than some
/// 4 MiB of them.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(database: &Database, events_max: usize) -> Result<Batch, DbError> {
    read_after(database, 0, events_max).await
}

/// The same of those after a position.
pub(crate) async fn read_after(
    database: &Database,
    after: i64,
    events_max: usize,
) -> Result<Batch, DbError> {
    let rows = infra_db::query(
        "SELECT position, event_id, topic, key, payload, occurred_at, correlation_id, headers
         FROM outbox WHERE position > $1 ORDER BY position LIMIT CAST($2 AS BIGINT)",
    )
    .bind(after)
    .bind(i64::try_from(events_max).unwrap_or(i64::MAX))
    .fetch(database.reader());
    let taken: Taken<EventRow> = take_bounded(rows, events_max).await?;
    Ok(Batch {
        last: taken.rows.last().map_or(after, |row| row.position),
        events: taken.rows.into_iter().map(EventRow::into_event).collect(),
        more: taken.cut,
    })
}
