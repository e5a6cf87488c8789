//! The relay: moves events from a domain's outbox to the bus.
//!
//! It publishes at once, and deletes later and many together, when the bus has made them durable: a
//! crash in between publishes again, which the bus recognises. It is the only one that deletes from
//! the outbox, and moves rows strictly in order; a failing bus holds back what comes later.
//!
//! Where the bus's log can lose what it has taken, rows are not deleted but marked, and kept for a
//! time (`relay/keeping.rs`). What is marked is not published again, unless such a log has lost it;
//! over a log that loses nothing it was kept for another one, and is deleted.

mod keeping;

use std::sync::Arc;
use std::time::Duration;

use infra_db::{Database, DbError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, outbox};
use infra_resilience::pause_after;
use keeping::Keeping;

/// The most events moved at once.
const BATCH_EVENTS_MAX: usize = 256;
/// How often the outbox is looked at without a commit: it bounds how long an event waits whose
/// commit was another process's.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The pause after the first failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long an event that was published may stay in the outbox: it bounds what is published again
/// after a crash. Each deletion is a commit of the domain and a sync of the bus.
const RELEASE_INTERVAL: Duration = Duration::from_secs(1);
/// The most events that were published and stay in the outbox.
const RELEASE_EVENTS_MAX: usize = 4_096;
/// How long a stopping relay may take to move what is still in the outbox.
const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Moves events from one domain's outbox to the bus.
pub struct Relay {
    database: Database,
    bus: Arc<dyn Bus>,
}

/// How far a relay has come in its outbox.
#[derive(Default)]
struct Progress {
    /// Whether the outbox was asked what an earlier run has left.
    is_resumed: bool,
    /// What it keeps, when the bus's log can lose it.
    keeping: Keeping,
    /// Everything up to here was published by this run.
    published: i64,
    /// How much of that is still in the outbox.
    unreleased: usize,
    /// When the first of it was published.
    since: Option<Instant>,
}

impl Progress {
    fn publish(&mut self, last: i64, events: usize) {
        self.published = last;
        self.unreleased += events;
        self.since.get_or_insert_with(Instant::now);
    }

    fn release(&mut self) {
        self.unreleased = 0;
        self.since = None;
    }

    fn must_release(&self) -> bool {
        self.unreleased >= RELEASE_EVENTS_MAX
            || self.release_in().is_some_and(|wait| wait.is_zero())
    }

    /// How long until what was published is to be deleted; none when there is nothing.
    fn release_in(&self) -> Option<Duration> {
        let due = self.since? + RELEASE_INTERVAL;
        Some(due.saturating_duration_since(Instant::now()))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error("the outbox could not be read")]
    Read(#[source] DbError),
    #[error("the events could not be published")]
    Bus(#[from] BusError),
    #[error("published events could not be deleted from the outbox")]
    Delete(#[source] DbError),
    #[error("published events could not be marked in the outbox")]
    Mark(#[source] DbError),
}

pub(crate) const DELETE_TO: &str = "DELETE FROM outbox WHERE position <= $1";

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
        // Before the first look, so that no commit is missed.
        let commits = self.database.commits();
        let mut progress = Progress::default();
        let mut failures = 0;
        while !stop.is_cancelled() {
            failures = self.move_until(&stop, &mut progress).await.map_or_else(
                |error| {
                    self.report(&error);
                    failures + 1
                },
                |()| 0,
            );
            let (wait, woken) = match failures {
                0 => (progress.release_in().unwrap_or(POLL_INTERVAL), true),
                // A commit does not repair the bus: only the pause counts.
                _ => (jittered_pause(failures), false),
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = commits.notified(), if woken => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        // With what this run knows: else what it has published and not deleted yet would go out
        // again.
        self.drain(progress).await;
    }

    /// Moves batches until everything in the outbox is published or the relay is to stop, and
    /// deletes them when it is time.
    async fn move_until(
        &self,
        stop: &CancellationToken,
        progress: &mut Progress,
    ) -> Result<(), RelayError> {
        self.resume(progress).await?;
        loop {
            // Before each batch: what the log has lost goes out again before what follows it.
            if let Some(log) = self.bus.lossy() {
                self.check_kept(log, progress).await?;
            }
            let more = self.publish_batch(progress).await?;
            if progress.must_release() {
                self.release(progress).await?;
            }
            if !more || stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    /// Moves once what is there, for who moves the log: as a run does that goes on where an earlier
    /// one has ended.
    pub(crate) async fn run_once(&self) -> Result<(), RelayError> {
        self.move_all(Progress::default()).await
    }

    async fn move_all(&self, mut progress: Progress) -> Result<(), RelayError> {
        self.move_until(&CancellationToken::new(), &mut progress)
            .await?;
        self.release(&mut progress).await
    }

    async fn drain(&self, progress: Progress) {
        match tokio::time::timeout(DRAIN_MAX, self.move_all(progress)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.report(&error),
            Err(_) => tracing::warn!(
                outbox = %self.database.path().display(),
                "events are left in the outbox; they are moved after the next start"
            ),
        }
    }

    /// Goes on after what an earlier run has marked.
    async fn resume(&self, progress: &mut Progress) -> Result<(), RelayError> {
        if progress.is_resumed {
            return Ok(());
        }
        let kept = outbox::kept(&self.database).await;
        if let Some(kept) = kept.map_err(RelayError::Read)? {
            if self.bus.lossy().is_some() {
                progress.published = kept.position;
                progress.keeping = Keeping::resumed(kept);
            } else {
                // However many they are, they are released in one go.
                progress.publish(kept.position, 1);
            }
        }
        // Last: after a failure above the outbox is asked again.
        progress.is_resumed = true;
        Ok(())
    }

    /// Publishes one batch; returns whether there may be more.
    async fn publish_batch(&self, progress: &mut Progress) -> Result<bool, RelayError> {
        // Single writer (ADR 0026): positions become visible in order, so no event can appear later
        // at or below the last that was read, which is how far `delete_to` deletes.
        let batch = outbox::read_after(&self.database, progress.published, BATCH_EVENTS_MAX)
            .await
            .map_err(RelayError::Read)?;
        if batch.events.is_empty() {
            return Ok(false);
        }
        if let Some(log) = self.bus.lossy() {
            return self.publish_kept(log, &batch, progress).await;
        }
        self.bus.publish(&batch.events).await?;
        progress.publish(batch.last, batch.events.len());
        Ok(batch.more)
    }

    /// Deletes what was published, once the bus has made it durable, or marks it where the bus's
    /// log can lose it all the same.
    async fn release(&self, progress: &mut Progress) -> Result<(), RelayError> {
        if progress.unreleased == 0 {
            return Ok(());
        }
        // Before the rows go, which are what the bus's end would be made again from (ADR 0032).
        self.bus.sync().await?;
        if self.bus.lossy().is_some() {
            self.mark(progress).await?;
        } else {
            self.delete_to(progress.published)
                .await
                .map_err(RelayError::Delete)?;
        }
        progress.release();
        Ok(())
    }

    /// Deletes what was published. A database has one writer at a time, so positions become visible
    /// in order and no row that was not read can have a position up to the last that was.
    async fn delete_to(&self, last: i64) -> Result<(), DbError> {
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    infra_db::query(DELETE_TO)
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
