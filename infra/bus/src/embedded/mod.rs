//! The bus in one SQLite file: nothing to install, and a message that was taken survives `kill -9`.
//!
//! One process runs the subscriptions of a file; others may publish to it, look into it and replay
//! dead letters concurrently (SQLite's locks keep them apart). Two processes that run the same
//! subscription would both handle each event.

pub(crate) mod waiting;

mod ack_batch;
mod ack_writer;
mod attempt;
mod keys;
mod log;
mod offset_tracker;
mod runner;
mod wakeups;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use infra_db::{Database, DbError};
use infra_kernel::Clock;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::settings::Bounds;
use crate::{Bus, BusError, Consumer, Event, Settings};
use runner::Runner;
use wakeups::Wakeups;

/// The durable log on disk, and the subscriptions that read it. Cheap to clone.
#[derive(Clone)]
pub struct EmbeddedBus {
    database: Database,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    /// Notifies the subscriptions of this process that something was published that they take.
    wakeups: Arc<Wakeups>,
    /// What acknowledgements are timed by, so that those of all subscriptions share a commit.
    epoch: Instant,
    /// One lock for each subscription that was ever run here: a second run waits until the first
    /// has ended.
    running: Arc<Mutex<Locks>>,
}

type Locks = HashMap<&'static str, Arc<Mutex<()>>>;

impl EmbeddedBus {
    /// The bus in this database: its own file, opened with [`crate::MIGRATIONS`].
    #[must_use]
    pub fn open(database: Database, clock: Arc<dyn Clock>, settings: &Settings) -> Self {
        Self {
            database,
            clock,
            bounds: Bounds::from(settings),
            wakeups: Arc::default(),
            epoch: Instant::now(),
            running: Arc::default(),
        }
    }

    /// Trims the log until it is stopped: deletes what every known subscription has passed and what
    /// is older than the retention, in bounded batches.
    ///
    /// Not at once: what the relays publish again after a crash is recognised by what is still in
    /// the log, however old it is.
    pub async fn run_jobs(&self, stop: CancellationToken) {
        let interval = self.bounds.trim_interval;
        let mut rounds = tokio::time::interval_at(Instant::now() + interval, interval);
        rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = rounds.tick() => {}
            }
            match self.trim(&stop).await {
                Ok(0) => {}
                Ok(deleted) => {
                    tracing::info!(deleted, "old events were deleted from the bus's log");
                }
                Err(error) => {
                    let error = crate::causes::chain(&error);
                    tracing::warn!(error, "the bus's log could not be trimmed");
                }
            }
        }
    }

    async fn trim(&self, stop: &CancellationToken) -> Result<u64, DbError> {
        let before = self.clock.now().minus(self.bounds.retention);
        let mut total = 0;
        loop {
            let deleted = log::trim_batch(&self.database, before).await?;
            total += deleted;
            if deleted < log::TRIM_BATCH.cast_unsigned() || stop.is_cancelled() {
                return Ok(total);
            }
        }
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        for batch in events.chunks(log::APPEND_MAX) {
            log::append(&self.database, batch.to_vec(), self.clock.now())
                .await
                .map_err(|error| BusError::Publish(Box::new(error)))?;
            self.wakeups.wake(batch);
        }
        Ok(())
    }

    async fn sync(&self) -> Result<(), BusError> {
        let synced = self.database.sync().await;
        synced.map_err(|error| BusError::Sync(Box::new(error)))
    }

    async fn run(&self, consumer: Consumer, stop: CancellationToken) {
        let name = consumer.subscription.name;
        let lock = Arc::clone(self.running.lock().await.entry(name).or_default());
        let _alone = tokio::select! {
            () = stop.cancelled() => return,
            alone = lock.lock() => alone,
        };
        // Watches before it reads: what is published in between wakes it.
        let published = self.wakeups.subscribe(consumer.subscription.topics);
        let clock = Arc::clone(&self.clock);
        let timing = (self.bounds, self.epoch);
        let register = Runner::register(&self.database, clock, timing, consumer, &stop);
        if let Some(runner) = register.await {
            Box::pin(runner.run(published, stop)).await;
        }
    }
}
