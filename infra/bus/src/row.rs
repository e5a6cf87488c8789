//! How an event lies in the outbox, the log, the redelivery table and the dead letters: the same
//! columns everywhere.

use infra_db::{Database, DbError, Query, Row, TextBytes};
use infra_kernel::{EventId, Timestamp};

use crate::{Event, Headers};

/// The most bytes of payloads and headers that one read takes into memory, give or take its last
/// event.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// An event and its place.
#[derive(Debug, Row)]
pub(crate) struct EventRow {
    pub(crate) position: i64,
    event_id: i64,
    topic: String,
    key: i64,
    payload: Vec<u8>,
    occurred_at: i64,
    correlation_id: String,
    /// As bytes: a text that is not even UTF-8 must not fail the read.
    headers: TextBytes,
}

impl EventRow {
    /// Of its payload and its headers.
    fn bytes(&self) -> usize {
        self.payload.len() + self.headers.0.len()
    }

    pub(crate) fn into_event(self) -> Event {
        let id = EventId::from_sql(self.event_id);
        Event {
            id,
            topic: self.topic,
            key: self.key.cast_unsigned(),
            payload: self.payload,
            occurred_at: Timestamp::from_microseconds(self.occurred_at),
            headers: Headers::read(&self.headers.0, self.correlation_id, id),
        }
    }
}

/// Binds an event to a statement's next seven places, in the order of [`EventRow`]'s columns after
/// its position. The correlation id has a column beside the headers from the time before them; it
/// serves who looks by SQL, and rows whose headers are damaged.
pub(crate) fn bind_event<'q>(statement: Query<'q>, event: &'q Event) -> Query<'q> {
    statement
        .bind(event.id.to_sql())
        .bind(&event.topic)
        .bind(event.key.cast_signed())
        .bind(&event.payload)
        .bind(event.occurred_at.microseconds())
        .bind(&event.headers.correlation_id)
        .bind(event.headers.text())
}

/// A row that holds an event.
pub(crate) trait HoldsEvent {
    fn event_row(&self) -> &EventRow;
}

impl HoldsEvent for EventRow {
    fn event_row(&self) -> &EventRow {
        self
    }
}

/// What a read took.
pub(crate) struct Taken<R> {
    pub(crate) rows: Vec<R>,
    /// Whether a bound ended the read, so that there may be more.
    pub(crate) cut: bool,
}

/// Takes rows until there are no more, or `rows_max` of them, or [`BATCH_BYTES_MAX`].
pub(crate) async fn take_bounded<R: HoldsEvent + Row>(
    statement: Query<'_>,
    database: &Database,
    rows_max: usize,
) -> Result<Taken<R>, DbError> {
    let (mut count, mut bytes) = (0, 0);
    let is_last = move |row: &R| {
        count += 1;
        bytes += row.event_row().bytes();
        count >= rows_max || bytes >= BATCH_BYTES_MAX
    };
    let rows: Vec<R> = statement.fetch_until(database.reader(), is_last).await?;
    // Counted again: the closure has counters of its own, a copy for each time it begins.
    let bytes: usize = rows.iter().map(|row| row.event_row().bytes()).sum();
    Ok(Taken {
        // The statement ends at `rows_max` by itself, so there may be more behind.
        cut: rows.len() >= rows_max || bytes >= BATCH_BYTES_MAX,
        rows,
    })
}
