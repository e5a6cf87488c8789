//! What the writer does between the writes.

use std::time::Duration;

use tokio::time::Instant;

use crate::Connection;

/// How long the log may keep what was written, and since deleted, before it is cut to nothing.
pub(super) const TRUNCATE_INTERVAL: Duration = Duration::from_secs(300);

/// Forever, when there is no such moment.
pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// What is done often: shows that a server's home still is it. A failure that matters has cost the
/// session, or costs the lease.
pub(super) async fn heartbeat(connection: &mut Connection) {
    if let Err(error) = connection.heartbeat().await {
        tracing::debug!(%error, "the server did not take a heartbeat");
    }
}

/// What is done when there is time: cuts the log to nothing without waiting for anybody. Returns
/// when to do it again, if that has to be.
pub(super) fn upkeep(connection: &Connection) -> Option<Instant> {
    match connection.checkpoint(Duration::ZERO) {
        Ok(true) => None,
        Ok(false) => Some(Instant::now() + TRUNCATE_INTERVAL),
        Err(error) => {
            tracing::warn!(%error, "the log could not be moved into its database");
            Some(Instant::now() + TRUNCATE_INTERVAL)
        }
    }
}
