//! The log as a table, and its statements.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use infra_db::{Database, DbError, Query};
use infra_kernel::{Clock, EventId, Timestamp};
use tokio::sync::Notify;

use crate::log::{END_OF_TIME, Extent, Log, LogError, LogReader, Logged, Read, Trimmed};
use crate::row::{EventRow, HoldsEvent, Taken, bind_event, take_bounded};
use crate::wakeups::Wakeups;
use crate::{BusError, Event};

/// The most events in one transaction of publishing.
const APPEND_MAX: usize = 1_024;
/// The most events that one transaction of trimming deletes.
const TRIM_BATCH: i64 = 500;
/// The most positions that one read looks at, taken or not: it bounds how long it reads past events
/// of other topics.
const SCAN_POSITIONS_MAX: i64 = 10_000;
/// Statements that insert eight events or one. Few sizes, so that the connection keeps a prepared
/// statement for each; and small, because each place is looked up by its name among the others.
static INSERTS: LazyLock<[(usize, &str); 2]> =
    LazyLock::new(|| [8, 1].map(|events| (events, insert_of(events))));

const INSERT: &str = "INSERT INTO log (event_id, topic, key, payload, occurred_at, correlation_id, headers, published_at) VALUES ";
/// How many columns that is.
const COLUMNS: usize = 8;

/// An event as a subscription reads it.
#[derive(infra_db::Row)]
struct LogRow {
    #[row(flatten)]
    event: EventRow,
    /// Where the log ended when this was read.
    log_end: i64,
}

impl HoldsEvent for LogRow {
    fn event_row(&self) -> &EventRow {
        &self.event
    }
}

impl From<LogRow> for Logged {
    fn from(row: LogRow) -> Self {
        Self {
            position: row.event.position,
            event: row.event.into_event(),
        }
    }
}

/// The log in a table.
pub(super) struct EmbeddedLog {
    database: Database,
    clock: Arc<dyn Clock>,
    /// Notifies the subscriptions of this process that something was published that they take.
    wakeups: Wakeups,
    /// It has one, for good: with the file the subscriptions in it are lost too.
    history: Arc<str>,
}

pub(crate) const END: &str = "SELECT max(position) FROM log";
pub(crate) const LAST_EVENT: &str = "SELECT max(event_id) FROM log";

impl EmbeddedLog {
    pub(super) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            clock,
            wakeups: Wakeups::default(),
            history: Arc::from(""),
        }
    }

    /// The position of the last event that it keeps, 0 when there is none. What was skipped as a
    /// repetition has used up positions beyond it.
    pub(super) async fn end(&self) -> Result<i64, DbError> {
        let last: Option<i64> = infra_db::query_scalar(END)
            .fetch_one(self.database.reader())
            .await?;
        Ok(last.unwrap_or(0))
    }

    pub(super) async fn last_event(&self) -> Result<Option<EventId>, DbError> {
        let last: Option<i64> = infra_db::query_scalar(LAST_EVENT)
            .fetch_one(self.database.reader())
            .await?;
        Ok(last.map(EventId::from_sql))
    }
}

pub(crate) const ALL_TOPICS: &str = "SELECT DISTINCT topic FROM log";
pub(crate) const EXTENT: &str = "SELECT min(position) - 1 AS before_first,
         COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0) AS last
     FROM log";

#[async_trait]
impl Log for EmbeddedLog {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        for batch in events.chunks(APPEND_MAX) {
            append(&self.database, batch.to_vec(), self.clock.now())
                .await
                .map_err(|error| BusError::Publish(Box::new(error)))?;
            // After the commit: who is woken must find them.
            let topics: Vec<&str> = batch.iter().map(|event| event.topic.as_str()).collect();
            self.wakeups.wake(&topics);
        }
        Ok(())
    }

    async fn sync(&self) -> Result<(), BusError> {
        let synced = self.database.sync().await;
        synced.map_err(|error| BusError::Sync(Box::new(error)))
    }

    fn reader(&self, topics: &[&str], _: Arc<str>) -> Box<dyn LogReader> {
        Box::new(EmbeddedReader {
            database: self.database.clone(),
            topics: json_texts(topics),
        })
    }

    async fn all_topics(&self) -> Result<Vec<String>, LogError> {
        let topics = infra_db::query_scalar(ALL_TOPICS)
            .fetch_all(self.database.reader())
            .await?;
        Ok(topics)
    }

    async fn extent(&self) -> Result<Extent, LogError> {
        // What was trimmed is known from the sequence alone, which does not fall.
        let found: LogExtent = infra_db::query(EXTENT)
            .fetch_one(self.database.reader())
            .await?;
        Ok(Extent {
            history: Arc::clone(&self.history),
            // Of an empty log nothing up to its end is kept.
            before_first: found.before_first.unwrap_or(found.last),
            last: found.last,
        })
    }

    fn subscribe(&self, topics: &'static [&'static str]) -> Arc<Notify> {
        self.wakeups.subscribe(topics)
    }

    async fn trim(&self, passed: i64, before: Timestamp) -> Result<Trimmed, LogError> {
        let deleted = trim_batch(&self.database, passed, before).await?;
        Ok(Trimmed {
            deleted,
            more: deleted == TRIM_BATCH.cast_unsigned(),
        })
    }

    async fn clear(&self) -> Result<(), LogError> {
        // In batches too: the writer serves others in between.
        while trim_batch(&self.database, i64::MAX, END_OF_TIME).await? > 0 {}
        Ok(())
    }
}

/// Reads the table for one subscription.
struct EmbeddedReader {
    database: Database,
    /// Its topics as a JSON array.
    topics: String,
}

#[async_trait]
impl LogReader for EmbeddedReader {
    async fn read(&mut self, after: i64, rows_max: usize) -> Result<Read, LogError> {
        Ok(read(&self.database, &self.topics, after, rows_max).await?)
    }
}

/// Topics as the JSON array that `json_each` takes. They are plain names, for which Rust's quoting
/// is JSON's.
fn json_texts(texts: &[&str]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
    format!("[{}]", quoted.join(","))
}

#[derive(infra_db::Row)]
struct LogExtent {
    /// None while the log is empty.
    before_first: Option<i64>,
    last: i64,
}

/// Appends events in one transaction; those that the log keeps already are skipped.
async fn append(database: &Database, events: Vec<Event>, now: Timestamp) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                let mut rest = events.as_slice();
                for (size, statement) in *INSERTS {
                    while rest.len() >= size {
                        let (events, further) = rest.split_at(size);
                        let insert = insert(statement, events, now);
                        insert.execute(&mut *connection).await?;
                        rest = further;
                    }
                }
                Ok(())
            })
        })
        .await
}

fn insert<'q>(statement: &'static str, events: &'q [Event], now: Timestamp) -> Query<'q> {
    let mut statement = infra_db::query(statement);
    for event in events {
        statement = bind_event(statement, event).bind(now.microseconds());
    }
    statement
}

/// The text of a statement that inserts so many events.
fn insert_of(events: usize) -> &'static str {
    let mut text = String::from(INSERT);
    for event in 0..events {
        text.push_str(if event == 0 { "(" } else { "), (" });
        for column in 1..=COLUMNS {
            let separator = if column == 1 { "$" } else { ", $" };
            text.push_str(separator);
            text.push_str(&(event * COLUMNS + column).to_string());
        }
    }
    text.push_str(") ON CONFLICT (event_id) DO NOTHING");
    // Once for each size in the life of the process: the connection keeps statements by their text.
    text.leak()
}

/// Reads what is of interest after a position.
async fn read(
    database: &Database,
    topics: &str,
    after: i64,
    rows_max: usize,
) -> Result<Read, DbError> {
    let furthest = after.saturating_add(SCAN_POSITIONS_MAX);
    // Who was woken finds something nearly always, and the end with it, in one statement.
    let taken = scan(database, topics, after, furthest, rows_max).await?;
    let Some(found) = taken.rows.last() else {
        return read_past_others(database, topics, after, rows_max).await;
    };
    let (last, end) = (found.event.position, found.log_end);
    let read_to = if taken.cut { last } else { end.min(furthest) };
    Ok(found_in(taken.rows, read_to, end))
}

/// The same where at first there was nothing: it finds out where the log ends before it looks
/// again, so that nothing which came in between is skipped.
async fn read_past_others(
    database: &Database,
    topics: &str,
    after: i64,
    rows_max: usize,
) -> Result<Read, DbError> {
    // Single writer (ADR 0026): positions become visible in order, so nothing can appear later at
    // or below the end.
    let end: Option<i64> = infra_db::query_scalar(END)
        .fetch_one(database.reader())
        .await?;
    // Trimmed to nothing, the log has no row that shows its end.
    let end = end.unwrap_or(after).max(after);
    let scan_to = end.min(after.saturating_add(SCAN_POSITIONS_MAX));
    if scan_to == after {
        return Ok(Read {
            rows: Vec::new(),
            skipped: 0,
            read_to: after,
            at_end: true,
        });
    }
    let Taken { rows, cut } = scan(database, topics, after, scan_to, rows_max).await?;
    let last = rows.last().map_or(after, |row| row.event.position);
    let read_to = if cut { last } else { scan_to };
    Ok(found_in(rows, read_to, end))
}

fn found_in(rows: Vec<LogRow>, read_to: i64, end: i64) -> Read {
    Read {
        rows: rows.into_iter().map(Logged::from).collect(),
        skipped: 0,
        read_to,
        at_end: read_to == end,
    }
}

pub(crate) const SCAN: &str =
    "SELECT position, event_id, topic, key, payload, occurred_at, correlation_id, headers,
         (SELECT max(position) FROM log) AS log_end
     FROM log
     WHERE position > $1 AND position <= $2 AND topic IN (SELECT value FROM json_each($3))
     ORDER BY position LIMIT CAST($4 AS BIGINT)";

async fn scan(
    database: &Database,
    topics: &str,
    after: i64,
    scan_to: i64,
    rows_max: usize,
) -> Result<Taken<LogRow>, DbError> {
    let scanned = infra_db::query(SCAN)
        .bind(after)
        .bind(scan_to)
        .bind(topics)
        .bind(i64::try_from(rows_max).unwrap_or(i64::MAX));
    take_bounded(scanned, database, rows_max).await
}

pub(crate) const TRIM: &str = "DELETE FROM log
     WHERE position IN (SELECT position FROM log
         WHERE position <= $1 ORDER BY position LIMIT $2)
     AND published_at < $3";

/// Deletes old events up to a position, from the log's beginning.
async fn trim_batch(database: &Database, passed: i64, before: Timestamp) -> Result<u64, DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                let deleted = infra_db::query(TRIM)
                    .bind(passed)
                    .bind(TRIM_BATCH)
                    .bind(before.microseconds())
                    .execute(connection)
                    .await?;
                Ok(deleted)
            })
        })
        .await
}
