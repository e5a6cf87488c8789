//! The log's statements.

use std::sync::LazyLock;

use infra_db::{Connection, Database, DbError};
use infra_kernel::Timestamp;

use crate::Event;
use crate::row::{EventRow, HoldsEvent, Taken, bind_event, take_bounded};

/// The most events in one transaction of publishing.
pub(crate) const APPEND_MAX: usize = 1_024;
/// The most events that one transaction of trimming deletes.
pub(crate) const TRIM_BATCH: i64 = 500;
/// The most positions that one read looks at, taken or not: it bounds how long it reads past events
/// of other topics.
const SCAN_POSITIONS_MAX: i64 = 10_000;
/// Statements that insert 64, 8 or one event. Few sizes, so that the connection keeps a prepared
/// statement for each; they are put together once.
static INSERTS: LazyLock<[(usize, &str); 3]> =
    LazyLock::new(|| [64, 8, 1].map(|events| (events, insert_of(events))));

const INSERT: &str = "INSERT INTO log (event_id, topic, key, payload, occurred_at, correlation_id, headers, published_at) VALUES ";
/// How many columns that is.
const COLUMNS: usize = 8;

/// An event as a subscription reads it.
#[derive(sqlx::FromRow)]
pub(crate) struct LogRow {
    #[sqlx(flatten)]
    pub(crate) event: EventRow,
    /// Whether an event with the same key waits in the subscription's redelivery.
    pub(crate) blocked: bool,
    /// Where the log ended when this was read.
    log_end: i64,
}

impl HoldsEvent for LogRow {
    fn event_row(&self) -> &EventRow {
        &self.event
    }
}

/// What one look at the log found.
pub(crate) struct Read {
    pub(crate) rows: Vec<LogRow>,
    /// Everything of interest up to here is in `rows`.
    pub(crate) read_to: i64,
    /// Whether the log's end was reached.
    pub(crate) at_end: bool,
}

/// What a subscription wants to read.
pub(crate) struct Interest<'a> {
    pub(crate) subscription: &'a str,
    /// Its topics as a JSON array.
    pub(crate) topics: &'a str,
}

/// Appends events in one transaction; those that the log keeps already are skipped.
pub(crate) async fn append(
    database: &Database,
    events: Vec<Event>,
    now: Timestamp,
) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                let mut rest = events.as_slice();
                for (size, statement) in *INSERTS {
                    while rest.len() >= size {
                        let (events, further) = rest.split_at(size);
                        insert(connection, statement, events, now).await?;
                        rest = further;
                    }
                }
                Ok(())
            })
        })
        .await
}

async fn insert(
    connection: &mut Connection,
    statement: &'static str,
    events: &[Event],
    now: Timestamp,
) -> Result<(), DbError> {
    let mut statement = infra_db::query(statement);
    for event in events {
        statement = bind_event(statement, event).bind(now.microseconds());
    }
    // What returns nothing travels with the commit.
    statement.execute_with_commit(connection).await
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
    text.leak()
}

/// Reads what a subscription has not seen after a position. What is dead already was seen before a
/// crash that kept the cursor from moving over it, and is skipped; what waits for redelivery
/// already is blocked by its own row.
pub(crate) async fn read(
    database: &Database,
    interest: &Interest<'_>,
    after: i64,
    rows_max: usize,
) -> Result<Read, DbError> {
    let furthest = after.saturating_add(SCAN_POSITIONS_MAX);
    // Who was woken finds something nearly always, and the end with it, in one statement.
    let taken = scan(database, interest, after, furthest, rows_max).await?;
    let Some(found) = taken.rows.last() else {
        return read_past_others(database, interest, after, rows_max).await;
    };
    let (last, end) = (found.event.position, found.log_end);
    let read_to = if taken.cut { last } else { end.min(furthest) };
    Ok(Read {
        rows: taken.rows,
        read_to,
        at_end: read_to == end,
    })
}

/// The same where at first there was nothing: it finds out where the log ends before it looks
/// again, so that nothing which came in between is skipped.
async fn read_past_others(
    database: &Database,
    interest: &Interest<'_>,
    after: i64,
    rows_max: usize,
) -> Result<Read, DbError> {
    // Single writer (ADR 0026): positions become visible in order, so nothing can appear later at
    // or below the end.
    let end: Option<i64> = infra_db::query_scalar("SELECT max(position) FROM log")
        .fetch_one(database.reader())
        .await?;
    let end = end.unwrap_or(after).max(after);
    let scan_to = end.min(after.saturating_add(SCAN_POSITIONS_MAX));
    if scan_to == after {
        return Ok(Read {
            rows: Vec::new(),
            read_to: after,
            at_end: true,
        });
    }
    let Taken { rows, cut } = scan(database, interest, after, scan_to, rows_max).await?;
    let last = rows.last().map_or(after, |row| row.event.position);
    let read_to = if cut { last } else { scan_to };
    Ok(Read {
        rows,
        read_to,
        at_end: read_to == end,
    })
}

async fn scan(
    database: &Database,
    interest: &Interest<'_>,
    after: i64,
    scan_to: i64,
    rows_max: usize,
) -> Result<Taken<LogRow>, DbError> {
    let rows = infra_db::query(
        "SELECT position, event_id, topic, key, payload, occurred_at, correlation_id, headers,
             EXISTS (SELECT 1 FROM redelivery AS r
                 WHERE r.subscription = $1 AND r.key = log.key) AS blocked,
             (SELECT max(position) FROM log) AS log_end
         FROM log
         WHERE position > $2 AND position <= $3 AND topic IN (SELECT value FROM json_each($4))
             AND NOT EXISTS (SELECT 1 FROM dead_letters AS d
                 WHERE d.subscription = $1 AND d.position = log.position)
         ORDER BY position LIMIT CAST($5 AS BIGINT)",
    )
    .bind(interest.subscription)
    .bind(after)
    .bind(scan_to)
    .bind(interest.topics)
    .bind(i64::try_from(rows_max).unwrap_or(i64::MAX))
    .fetch(database.reader());
    Ok(take_bounded(rows, rows_max).await?)
}

/// Makes the subscription known, if it is not yet: it starts at the beginning of what is kept.
/// Returns its cursor.
pub(crate) async fn register(
    database: &Database,
    subscription: &'static str,
    now: Timestamp,
) -> Result<i64, DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(
                    "INSERT INTO subscriptions (name, position, created_at)
                     VALUES ($1, COALESCE(
                         (SELECT min(position) - 1 FROM log),
                         (SELECT seq FROM sqlite_sequence WHERE name = 'log'), 0), $2)
                     ON CONFLICT (name) DO NOTHING",
                )
                .bind(subscription)
                .bind(now.microseconds())
                .execute(&mut *connection)
                .await?;
                let position =
                    infra_db::query_scalar("SELECT position FROM subscriptions WHERE name = $1")
                        .bind(subscription)
                        .fetch_one(connection)
                        .await?;
                Ok(position)
            })
        })
        .await
}

/// Deletes old events that every subscription has passed, from the log's beginning. The
/// subscriptions are read in the same transaction: one that registers at this moment either holds
/// the trimming back or starts after it.
pub(crate) async fn trim_batch(database: &Database, before: Timestamp) -> Result<u64, DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                let deleted = infra_db::query(
                    "DELETE FROM log
                     WHERE position IN (SELECT position FROM log
                         WHERE position <= COALESCE(
                             (SELECT min(position) FROM subscriptions), 9223372036854775807)
                         ORDER BY position LIMIT $1)
                     AND published_at < $2",
                )
                .bind(TRIM_BATCH)
                .bind(before.microseconds())
                .execute(connection)
                .await?;
                Ok(deleted)
            })
        })
        .await
}
