//! The bus in one SQLite file: nothing to install, and a message that was taken survives `kill -9`.
//!
//! One process runs the subscriptions of a file; others may publish to it, look into it and replay
//! dead letters concurrently (SQLite's locks keep them apart). Two processes that run the same
//! subscription would both handle each event.

pub(crate) mod log;

use std::sync::Arc;

use async_trait::async_trait;
use infra_db::Database;
use infra_kernel::{Clock, EventId};
use tokio_util::sync::CancellationToken;

use crate::delivery::Delivery;
use crate::log::Log as _;
use crate::{Bus, BusError, Consumer, Event, Settings, Status, Tail};
use log::EmbeddedLog;

/// The durable log on disk, and the subscriptions that read it. Cheap to clone.
#[derive(Clone)]
pub struct EmbeddedBus {
    log: Arc<EmbeddedLog>,
    delivery: Delivery,
}

impl EmbeddedBus {
    /// The bus in this database: its own file, opened with [`crate::MIGRATIONS`].
    #[must_use]
    pub fn open(database: Database, clock: Arc<dyn Clock>, settings: &Settings) -> Self {
        let log = Arc::new(EmbeddedLog::new(database.clone(), Arc::clone(&clock)));
        let delivery = Delivery::new(Arc::clone(&log) as _, database, clock, settings);
        Self { log, delivery }
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.delivery
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        self.log.publish(events).await
    }

    async fn sync(&self) -> Result<(), BusError> {
        self.log.sync().await
    }

    async fn run(&self, consumer: Consumer, stop: CancellationToken) {
        self.delivery.run(consumer, stop).await;
    }

    async fn tail(&self, topics: &'static [&'static str]) -> Result<Box<dyn Tail>, BusError> {
        self.delivery.tail(topics).await
    }

    async fn run_jobs(&self, stop: CancellationToken) {
        self.delivery.run_jobs(stop).await;
    }

    async fn last_event(&self) -> Result<Option<EventId>, BusError> {
        let last = self.log.last_event().await.map_err(BusError::look)?;
        self.delivery.last_event(last).await
    }

    async fn statuses(&self) -> Result<Vec<Status>, BusError> {
        let end = self.log.end().await.map_err(BusError::look)?;
        self.delivery.statuses(end).await
    }
}
