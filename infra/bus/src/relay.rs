//! The relay: moves events from a domain's outbox to the bus.
//!
//! It publishes first and deletes after: a crash in between publishes again, which the bus
//! recognises. It is the only one that deletes from the outbox, and moves rows strictly in order; a
//! failing bus holds back what comes later.

use std::sync::Arc;
use std::time::Duration;

use infra_db::{Database, DbError};
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, outbox};
use infra_resilience::pause_after;

/// The most events moved at once.
const BATCH_EVENTS_MAX: usize = 256;
/// How often the outbox is looked at without a commit: it bounds how long an event waits whose
/// commit was another process's.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The pause after the first failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long a stopping relay may take to move what is still in the outbox.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Moves events from one domain's outbox to the bus.
pub struct Relay {
    database: Database,
    bus: Arc<dyn Bus>,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the outbox could not be read")]
    Read(#[source] DbError),
    #[error("the events could not be published")]
    Publish(#[from] BusError),
    #[error("published events could not be deleted from the outbox")]
    Delete(#[source] DbError),
}

impl Relay {
    /// A relay for the domain that owns this database. There may be only one for each.
    #[must_use]
    pub fn new(database: Database, bus: Arc<dyn Bus>) -> Self {
        Self { database, bus }
    }

    /// Moves events until it is stopped; then once more moves what is there, within five seconds.
    ///
    /// Deleting what was published is itself a commit, which wakes the relay for one look at an
    /// empty outbox; a look commits nothing, so it ends there.
    pub async fn run(&self, stop: CancellationToken) {
        let commits = self.database.commits();
        let mut failures = 0;
        while !stop.is_cancelled() {
            failures = self.move_until(&stop).await.map_or_else(
                |error| {
                    self.report(&error);
                    failures + 1
                },
                |()| 0,
            );
            let (wait, woken) = match failures {
                0 => (POLL_INTERVAL, true),
                // A commit does not repair the bus: only the pause counts.
                _ => (jittered_pause(failures), false),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = commits.notified(), if woken => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.drain().await;
    }

    /// Moves batches until the outbox is empty or the relay is to stop.
    async fn move_until(&self, stop: &CancellationToken) -> Result<(), RelayError> {
        while self.move_batch().await? && !stop.is_cancelled() {}
        Ok(())
    }

    async fn drain(&self) {
        let never = CancellationToken::new();
        match tokio::time::timeout(DRAIN_MAX, self.move_until(&never)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.report(&error),
            Err(_) => tracing::warn!(
                outbox = %self.database.path().display(),
                "events are left in the outbox; they are moved after the next start"
            ),
        }
    }

    /// Moves one batch; returns whether there may be more.
    async fn move_batch(&self) -> Result<bool, RelayError> {
        // Single writer (ADR 0026): positions become visible in order, so no event can appear later
        // at or below the last that was read, which is how far `delete_to` deletes.
        let batch = outbox::read(&self.database, BATCH_EVENTS_MAX)
            .await
            .map_err(RelayError::Read)?;
        if batch.events.is_empty() {
            return Ok(false);
        }
        self.bus.publish(&batch.events).await?;
        self.delete_to(batch.last)
            .await
            .map_err(RelayError::Delete)?;
        Ok(batch.more)
    }

    /// Deletes what was published. A database has one writer at a time, so positions become visible
    /// in order and no row that was not read can have a position up to the last that was.
    async fn delete_to(&self, last: i64) -> Result<(), DbError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM outbox WHERE position <= $1")
                        .bind(last)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    fn report(&self, error: &RelayError) {
        tracing::warn!(
            outbox = %self.database.path().display(),
            error = crate::causes::chain(error),
            "events were not moved to the bus and stay in the outbox"
        );
    }
}

fn jittered_pause(failures: u32) -> Duration {
    pause_after(failures, PAUSE_MIN, PAUSE_MAX, rand::random())
}
