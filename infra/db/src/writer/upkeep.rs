//! What the writer does between the writes.

use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use tokio::time::Instant;

use crate::{Connection, LOCK_WAIT_MAX};

/// How long the log may keep what was written, and since deleted, before it is cut to nothing.
pub(super) const TRUNCATE_INTERVAL: Duration = Duration::from_secs(300);
/// What is done often: shows that a server's home still is it. A failure that matters has cost the
/// session, or costs the lease.
pub(super) async fn heartbeat(connection: &mut Connection) {
    if let Err(error) = connection.heartbeat().await {
        tracing::debug!(%error, "the server did not take a heartbeat");
    }
}

/// What is done when there is time: cuts the log to nothing without waiting for anybody. Returns
/// when to do it again, if that has to be.
pub(super) async fn upkeep(connection: &mut Connection) -> Option<Instant> {
    match checkpoint(connection, Duration::ZERO).await {
        Ok(true) => None,
        Ok(false) => Some(Instant::now() + TRUNCATE_INTERVAL),
        Err(error) => {
            tracing::warn!(%error, "the log could not be moved into its database");
            Some(Instant::now() + TRUNCATE_INTERVAL)
        }
    }
}

/// Moves everything from the log into the file and cuts the log to nothing, so that neither keeps
/// what was deleted. Returns whether it could: it cannot while somebody reads what the log holds,
/// and waits for them at most so long.
pub(super) async fn checkpoint(
    connection: &mut Connection,
    wait: Duration,
) -> Result<bool, sqlx::Error> {
    let Ok(connection) = connection.sqlite() else {
        return Ok(true);
    };
    set_busy_timeout(connection, wait).await?;
    let done: Result<(i64, i64, i64), _> = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut *connection)
        .await;
    set_busy_timeout(connection, LOCK_WAIT_MAX).await?;
    Ok(done?.0 == 0)
}

async fn set_busy_timeout(
    connection: &mut SqliteConnection,
    wait: Duration,
) -> Result<(), sqlx::Error> {
    let pragma = format!("PRAGMA busy_timeout = {}", wait.as_millis());
    sqlx::query(sqlx::AssertSqlSafe(pragma))
        .execute(connection)
        .await
        .map(|_| ())
}
