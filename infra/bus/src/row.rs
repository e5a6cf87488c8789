//! How an event lies in the outbox, the log, the redelivery table and the dead letters: the same
//! columns everywhere.

use futures::{Stream, TryStreamExt as _};
use infra_db::{DbError, Query, TextBytes};
use infra_kernel::{EventId, Timestamp};

use crate::{Event, Headers};

/// The most bytes of payloads and headers that one read takes into memory, give or take its last
/// event.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// An event and its place.
#[derive(Debug, sqlx::FromRow)]
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
pub(crate) async fn take_bounded<R: HoldsEvent>(
    mut stream: impl Stream<Item = Result<R, DbError>> + Unpin,
    rows_max: usize,
) -> Result<Taken<R>, DbError> {
    let mut rows = Vec::new();
    let mut bytes = 0;
    while let Some(row) = stream.try_next().await? {
        let event = row.event_row();
        bytes += event.payload.len() + event.headers.0.len();
        rows.push(row);
        if rows.len() >= rows_max || bytes >= BATCH_BYTES_MAX {
            return Ok(Taken { rows, cut: true });
        }
    }
    Ok(Taken { rows, cut: false })
}
