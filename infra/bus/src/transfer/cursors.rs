//! Where subscriptions stand in the log that is left, and where they go on in the new one.

use infra_db::{Database, DbError};

use crate::delivery::cursor::{self, StoredPosition};
use crate::log::Extent;
use crate::log_place::{LogMove, LogPlace, log_place, used_history};

#[derive(infra_db::Row)]
struct Row {
    name: String,
    #[row(flatten)]
    stored: StoredPosition,
    /// No position up to here may be used again.
    used_to: i64,
}

/// One subscription, and what the copy has counted for it so far.
struct Cursor {
    row: Row,
    /// The last position in the old log that it has passed.
    passed: i64,
    /// How many of the events that are moved those are.
    events: u64,
    /// The last position in the new log that it need not read.
    goes_on_after: i64,
}

/// The subscriptions of the bus's database, and which log it was used with.
pub(super) struct Cursors {
    all: Vec<Cursor>,
    is_elsewhere: bool,
    /// The history that was moved to last.
    moved_to: Option<String>,
    /// The history that was used last.
    used: String,
}

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
        Ok(Self {
            all: cursors.collect(),
            is_elsewhere: log_place(database).await? == LogPlace::Elsewhere,
            moved_to: LogMove::last(database).await?.map(|last| last.to_history),
            used: used_history(database).await?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether this log is the one that is read. For one elsewhere it is enough that one of them
    /// has a position there: others may be of subscriptions that no version runs any more, or have
    /// yet to learn that the log has lost events.
    pub(super) fn stand_in(&self, extent: &Extent) -> bool {
        if extent.history.is_empty() {
            return !self.is_elsewhere;
        }
        if self.all.is_empty() {
            return [self.moved_to.as_deref(), Some(&self.used)].contains(&Some(&extent.history));
        }
        let mut cursors = self.all.iter();
        cursors.any(|cursor| cursor.row.stored.passed_in(extent).is_some())
    }

    /// The position in this log after which there is something that one of them has not passed.
    pub(super) fn begin_in(&mut self, source: &Extent) -> i64 {
        for cursor in &mut self.all {
            let passed = cursor.row.stored.passed_in(source);
            cursor.passed = passed.unwrap_or(0).max(source.before_first);
        }
        let furthest_back = self.all.iter().map(|cursor| cursor.passed).min();
        furthest_back.unwrap_or(source.before_first)
    }

    /// An event at this position of the old log is moved.
    pub(super) fn count(&mut self, position: i64) {
        for cursor in &mut self.all {
            // By number, not by position: the new log gives positions of its own.
            cursor.events += u64::from(position <= cursor.passed);
        }
    }

    /// The new log begins after this position.
    pub(super) fn begin_at(&mut self, before_first: i64) {
        for cursor in &mut self.all {
            cursor.goes_on_after = before_first;
        }
    }

    /// The event of this number, from one, was found at this position of the new log.
    pub(super) fn place(&mut self, number: u64, position: i64) {
        for cursor in &mut self.all {
            if number <= cursor.events {
                cursor.goes_on_after = position;
            }
        }
    }

    /// Makes the subscriptions read the new log, all or none, and notes the move.
    pub(super) async fn store(
        self,
        database: &Database,
        target: &Extent,
        noted: LogMove,
    ) -> Result<(), DbError> {
        let history = target.history.to_string();
        database
            .write(move |connection| {
                Box::pin(async move {
                    for Cursor {
                        row, goes_on_after, ..
                    } in self.all
                    {
                        // Above all that is used: what waits or is dead keeps its position, which
                        // no event gets again.
                        let stored = StoredPosition::above(row.used_to, &history, goes_on_after);
                        cursor::store(connection, &row.name, &stored).await?;
                    }
                    noted.store(connection).await
                })
            })
            .await
    }
}
