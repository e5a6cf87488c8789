//! Where subscriptions stand in the log that is left, and where they go on in the new one.

use infra_db::{Database, DbError};

use crate::log::Extent;

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    position: i64,
    log_history: String,
    log_base: i64,
    /// No position up to here may be used again.
    used_to: i64,
}

/// One subscription.
struct Cursor {
    row: Row,
    /// The last position in the old log that it has passed.
    passed: i64,
    /// How many of the events that are moved those are.
    events: u64,
    /// The last position in the new log that it need not read.
    goes_on_after: i64,
}

/// All of them.
pub(super) struct Cursors(Vec<Cursor>);

impl Cursors {
    pub(super) async fn read(database: &Database) -> Result<Self, DbError> {
        let rows: Vec<Row> = infra_db::query(
            "SELECT name, position, log_history, log_base, max(position,
                 COALESCE((SELECT max(position) FROM redelivery WHERE subscription = name), 0),
                 COALESCE((SELECT max(position) FROM dead_letters WHERE subscription = name), 0)
             ) AS used_to
             FROM subscriptions ORDER BY name",
        )
        .fetch_all(database.reader())
        .await?;
        let cursors = rows.into_iter().map(|row| Cursor {
            row,
            passed: 0,
            events: 0,
            goes_on_after: 0,
        });
        Ok(Self(cursors.collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether they read a log in another place than this database, or not: all go together. None
    /// when there are none.
    pub(super) fn read_elsewhere(&self) -> Option<bool> {
        self.0.first()?;
        let mut cursors = self.0.iter();
        Some(cursors.any(|cursor| !cursor.row.log_history.is_empty()))
    }

    /// The position in this log after which there is something that one of them has not passed.
    pub(super) fn begin_in(&mut self, source: &Extent) -> i64 {
        for cursor in &mut self.0 {
            let row = &cursor.row;
            let reads_it = *row.log_history == *source.history;
            let passed = if reads_it {
                row.position - row.log_base
            } else {
                0
            };
            cursor.passed = passed.max(source.before_first);
        }
        let furthest_back = self.0.iter().map(|cursor| cursor.passed).min();
        furthest_back.unwrap_or(source.before_first)
    }

    /// An event at this position of the old log is moved.
    pub(super) fn count(&mut self, position: i64) {
        for cursor in &mut self.0 {
            cursor.events += u64::from(position <= cursor.passed);
        }
    }

    /// The new log begins after this position.
    pub(super) fn begin_at(&mut self, before_first: i64) {
        for cursor in &mut self.0 {
            cursor.goes_on_after = before_first;
        }
    }

    /// The event of this number, from one, was found at this position of the new log.
    pub(super) fn place(&mut self, number: u64, position: i64) {
        for cursor in &mut self.0 {
            if number <= cursor.events {
                cursor.goes_on_after = position;
            }
        }
    }

    /// Makes the subscriptions read the new log, all or none.
    pub(super) async fn store(self, database: &Database, target: &Extent) -> Result<(), DbError> {
        let history = target.history.to_string();
        database
            .write(move |connection| {
                Box::pin(async move {
                    for cursor in self.0 {
                        let base = cursor.row.used_to;
                        infra_db::query(
                            "UPDATE subscriptions
                             SET position = $2, log_history = $3, log_base = $4 WHERE name = $1",
                        )
                        .bind(&cursor.row.name)
                        .bind(base + cursor.goes_on_after)
                        .bind(&history)
                        .bind(base)
                        .execute(&mut *connection)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
