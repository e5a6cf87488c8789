//! Durable subscriptions on top of a log: cursors, the order of each key, redelivery and dead
//! letters. They lie in a database of the bus; the log may be anywhere.

pub(crate) mod cursor;
pub(crate) mod waiting;

pub(crate) mod ack_batch;
mod ack_writer;
mod attempt;
mod keys;
mod offset_tracker;
mod runner;

use std::collections::HashMap;
use std::sync::Arc;

use infra_db::Database;
use infra_kernel::{Clock, EventId};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::log::{Log, LogError};
use crate::log_place::LogMove;
use crate::settings::Bounds;
use crate::tail::LogTail;
use crate::{BusError, Consumer, Settings, Status, Tail};
use runner::{Ended, Runner};

pub(crate) use cursor::Cursor;

/// The subscriptions of a log that run in this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) log: Arc<dyn Log>,
    /// Where cursors, redelivery and dead letters are.
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) bounds: Bounds,
    /// What acknowledgements are timed by, so that those of all subscriptions share a commit.
    pub(crate) epoch: Instant,
    /// One lock for each subscription that was ever run here: a second run waits until the first
    /// has ended.
    running: Arc<Mutex<Locks>>,
}

type Locks = HashMap<&'static str, Arc<Mutex<()>>>;

impl Delivery {
    pub(crate) fn new(
        log: Arc<dyn Log>,
        database: Database,
        clock: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Self {
        Self {
            log,
            database,
            clock,
            bounds: Bounds::from(settings),
            epoch: Instant::now(),
            running: Arc::default(),
        }
    }

    /// Runs a subscription as [`crate::Bus::run`] says.
    pub(crate) async fn run(&self, consumer: Consumer, stop: CancellationToken) {
        let name = consumer.subscription.name;
        // The map's lock is released at once: only the subscription's own is held while it runs.
        let lock = Arc::clone(self.running.lock().await.entry(name).or_default());
        let _alone = tokio::select! {
            () = stop.cancelled() => return,
            alone = lock.lock() => alone,
        };
        let topics = consumer.subscription.topics;
        // Watches before it reads: what is published in between wakes it.
        let published = self.log.subscribe(topics);
        let mut above = 0;
        while let Some(cursor) = self.register(name, above, &stop).await {
            let reader = self.log.reader(topics, Arc::clone(&cursor.history));
            let runner = Runner::new(self, consumer.clone(), reader, cursor);
            match Box::pin(runner.run(&published, &stop)).await {
                Ended::Stopped => return,
                // What was in memory is settled. It begins again with what the log is now.
                Ended::OtherHistory { read_to } => above = read_to,
            }
        }
    }

    /// The log's live end, as [`crate::Bus::tail`] says.
    pub(crate) async fn tail(
        &self,
        topics: &'static [&'static str],
    ) -> Result<Box<dyn Tail>, BusError> {
        let tail = LogTail::open(&self.log, topics, self.bounds.poll_interval).await;
        Ok(Box::new(tail.map_err(BusError::look)?))
    }

    /// Every subscription that the database knows, by name, where the log ends at this position.
    pub(crate) async fn statuses(&self, end: i64) -> Result<Vec<Status>, BusError> {
        let statuses = crate::status::statuses_behind(&self.database, end).await;
        statuses.map_err(BusError::look)
    }

    /// The last event of a log that holds this one as its last: that of the log from which it was
    /// moved may be later, and handled already.
    pub(crate) async fn last_event(
        &self,
        in_log: Option<EventId>,
    ) -> Result<Option<EventId>, BusError> {
        let moved = LogMove::last(&self.database)
            .await
            .map_err(BusError::look)?;
        Ok(in_log.max(moved.and_then(|moved| moved.last_event())))
    }

    /// Makes the subscription known to the bus; tries until it succeeds or is stopped.
    async fn register(
        &self,
        name: &'static str,
        above: i64,
        stop: &CancellationToken,
    ) -> Option<Cursor> {
        while !stop.is_cancelled() {
            match self.register_once(name, above).await {
                Ok(cursor) => return Some(cursor),
                Err(error) => report(name, &error),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(self.bounds.poll_interval) => {}
            }
        }
        None
    }

    async fn register_once(&self, name: &'static str, above: i64) -> Result<Cursor, LogError> {
        let found = cursor::Found {
            extent: self.log.extent().await?,
            above,
        };
        Ok(cursor::register(&self.database, name, found, self.clock.now()).await?)
    }

    /// Trims the log until it is stopped: deletes what every known subscription has passed and what
    /// is older than the retention, in bounded batches.
    ///
    /// Not at once: what the relays publish again after a crash is recognised by what is still in
    /// the log, however old it is.
    pub(crate) async fn run_jobs(&self, stop: CancellationToken) {
        let interval = self.bounds.trim_interval;
        let mut rounds = tokio::time::interval_at(Instant::now() + interval, interval);
        // A round that took long has done the work of those that were due meanwhile.
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
                    // The next round retries.
                    let error = crate::causes::chain(&error);
                    tracing::warn!(error, "the bus's log could not be trimmed");
                }
            }
        }
    }

    async fn trim(&self, stop: &CancellationToken) -> Result<u64, LogError> {
        let before = self.clock.now().minus(self.bounds.retention);
        let mut total = 0;
        loop {
            // Asked for each batch: a log that is made again meanwhile has other positions.
            let extent = self.log.extent().await?;
            // A subscription that registers after this starts with what is left then; one that
            // moves on has passed more.
            let passed = cursor::passed_by_all(&self.database, &extent).await?;
            let trimmed = self.log.trim(passed, before).await?;
            total += trimmed.deleted;
            if !trimmed.more || stop.is_cancelled() {
                return Ok(total);
            }
        }
    }
}

fn report(subscription: &str, error: &LogError) {
    let error = crate::causes::chain(error);
    tracing::warn!(subscription, error, "the bus failed; trying again soon");
}
