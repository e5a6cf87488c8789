//! Where the log of a bus's database is: in it, or somewhere else.

use infra_db::{Database, DbError};

/// Where the events are that the subscriptions of a bus's database read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogPlace {
    /// Nothing was published yet, or nothing of it is kept.
    Nowhere,
    /// In the database itself: the embedded log.
    Here,
    /// Somewhere else: the subscriptions have read another log than this database's.
    Elsewhere,
}

/// Where the log is that this database was last used with. A bus over another one would not see
/// what was published and not handled yet.
///
/// # Errors
/// When the database cannot be read.
pub async fn log_place(database: &Database) -> Result<LogPlace, DbError> {
    let (holds_events, reads_elsewhere): (bool, bool) = infra_db::query(
        "SELECT EXISTS (SELECT 1 FROM log),
             EXISTS (SELECT 1 FROM subscriptions WHERE log_history <> '')",
    )
    .fetch_one(database.reader())
    .await?;
    Ok(match (holds_events, reads_elsewhere) {
        (_, true) => LogPlace::Elsewhere,
        (true, false) => LogPlace::Here,
        (false, false) => LogPlace::Nowhere,
    })
}

/// By what a log elsewhere knows the installation that this database belongs to.
pub(crate) async fn installation(database: &Database) -> Result<String, DbError> {
    infra_db::query_scalar("SELECT id FROM installation")
        .fetch_one(database.reader())
        .await
}
