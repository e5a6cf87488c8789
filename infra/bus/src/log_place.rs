//! Where the log of a bus's database is: in it, or somewhere else; and what is known of the last
//! move from one to the other.

use infra_db::{Connection, Database, DbError};
use infra_kernel::EventId;

/// Where the events are that the subscriptions of a bus's database read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// Nothing was published yet, or nothing of it is kept.
    Nowhere,
    /// In the database itself: the embedded log.
    Here,
    /// Somewhere else: another log than this database's was used, whether or not a subscription
    /// has read it yet.
    Elsewhere,
}

/// Where the log is that this database was last used with. A bus over another one would not see
/// what was published and not handled yet.
///
/// # Errors
/// When the database cannot be read.
pub async fn log_place(database: &Database) -> Result<LogPlace, DbError> {
    // A log elsewhere that was left and is not emptied yet must not be read again.
    let (is_here, is_elsewhere): (bool, bool) = infra_db::query(
        "SELECT EXISTS (SELECT 1 FROM log)
                 OR EXISTS (SELECT 1 FROM log_move WHERE from_history <> ''),
             EXISTS (SELECT 1 FROM subscriptions WHERE log_history <> '')
                 OR EXISTS (SELECT 1 FROM log_move WHERE to_history <> '')
                 OR EXISTS (SELECT 1 FROM installation WHERE log_history <> '')",
    )
    .fetch_one(database.reader())
    .await?;
    Ok(match (is_here, is_elsewhere) {
        (_, true) => LogPlace::Elsewhere,
        (true, false) => LogPlace::Here,
        (false, false) => LogPlace::Nowhere,
    })
}

/// The history of the log elsewhere that this database was last used with; empty when that is its
/// own, or when it was used with none.
pub(crate) async fn used_history(database: &Database) -> Result<String, DbError> {
    infra_db::query_scalar("SELECT log_history FROM installation")
        .fetch_one(database.reader())
        .await
}

/// Has the log of this history be the one that the database was last used with.
pub(crate) async fn store_used(
    connection: &mut Connection,
    history: String,
) -> Result<(), DbError> {
    infra_db::query("UPDATE installation SET log_history = $1")
        .bind(history)
        .execute(connection)
        .await?;
    Ok(())
}

/// The last move of the log.
#[derive(Debug, infra_db::Row)]
pub(crate) struct LogMove {
    /// The history of the log that was left; none once that one is emptied.
    pub(crate) from_history: Option<String>,
    /// The history of the log that is read since, as it was then.
    pub(crate) to_history: String,
    last_event: Option<i64>,
}

impl LogMove {
    pub(crate) fn new(from_history: &str, to_history: &str, last: Option<EventId>) -> Self {
        Self {
            from_history: Some(from_history.to_owned()),
            to_history: to_history.to_owned(),
            last_event: last.map(EventId::to_sql),
        }
    }

    /// The last one, if there was one.
    pub(crate) async fn last(database: &Database) -> Result<Option<Self>, DbError> {
        infra_db::query("SELECT from_history, to_history, last_event FROM log_move")
            .fetch_optional(database.reader())
            .await
    }

    /// The last event by then.
    pub(crate) fn last_event(&self) -> Option<EventId> {
        self.last_event.map(EventId::from_sql)
    }

    /// Makes it the last one: with the positions in the new log, in one transaction.
    pub(crate) async fn store(self, connection: &mut Connection) -> Result<(), DbError> {
        // There is one move at a time, so one row.
        infra_db::query("DELETE FROM log_move")
            .execute(&mut *connection)
            .await?;
        infra_db::query(
            "INSERT INTO log_move (from_history, to_history, last_event) VALUES ($1, $2, $3)",
        )
        .bind(self.from_history)
        .bind(&self.to_history)
        .bind(self.last_event)
        .execute(&mut *connection)
        .await?;
        store_used(connection, self.to_history).await
    }
}

/// Notes that the log which was left is emptied.
pub(crate) async fn finish_move(database: &Database) -> Result<(), DbError> {
    database
        .write(|connection| {
            Box::pin(async move {
                infra_db::query("UPDATE log_move SET from_history = NULL")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// By what a log elsewhere knows the installation that this database belongs to.
pub(crate) async fn installation(database: &Database) -> Result<String, DbError> {
    infra_db::query_scalar("SELECT id FROM installation")
        .fetch_one(database.reader())
        .await
}

/// Has the installation that this database belongs to be known by another id, as one that was
/// restored from a backup has to be: a log elsewhere goes on from where the lost one was, and is
/// refused by itself then.
///
/// # Errors
/// When the database cannot be written to.
pub async fn renew_installation(database: &Database) -> Result<(), DbError> {
    let id = format!("{:032x}", rand::random::<u128>());
    database
        .write(move |connection| {
            Box::pin(async move {
                let renew = infra_db::query("UPDATE installation SET id = $1").bind(id);
                renew.execute(connection).await?;
                Ok::<_, DbError>(())
            })
        })
        .await
}
