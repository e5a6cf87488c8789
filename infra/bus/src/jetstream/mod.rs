//! The bus whose log is a stream of NATS JetStream: for more than one process, and for more than
//! one machine.
//!
//! JetStream is the log and nothing else. Order behind a failure, parking, redelivery and dead
//! letters are those of `delivery`, in the bus's database; JetStream's own consumers only read.
//!
//! The server acknowledges what it has not written to its disk unless it is told otherwise
//! (`sync_interval: always`), so the log counts as one that can lose what it has acknowledged
//! ([`Bus::lossy`]).

mod connection;
mod log;
mod message;
mod reader;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use infra_db::{Database, DbError};
use infra_kernel::{Clock, EventId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::delivery::Delivery;
use crate::log::{Log as _, LogError};
use crate::{Bus, BusError, Consumer, Event, LossyLog, Settings, Status};
use connection::Connection;
use log::JetStreamLog;

pub use connection::ConnectError;

/// Where the servers are, and what the stream is called there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JetStreamSettings {
    /// The servers' addresses, with commas between them: "nats://user:password@10.0.0.1:4222".
    /// Encrypted connections ("tls://") are not built in. Default "nats://127.0.0.1:4222".
    pub url: String,
    /// Where the server's monitoring listens, as "host:port"; it is asked at the start whether the
    /// server writes to its disk before it acknowledges. Default none: then nobody asks.
    pub monitor: Option<String>,
    /// What stands before the names of the stream and its subjects: lower-case letters, digits and
    /// hyphens. Installations that share a server have names of their own. Default "heliograph".
    pub name: String,
    /// On how many servers each event is kept: 1, 3 or 5. What counts is what the stream was made
    /// with. Default 1.
    pub replicas: u8,
}

impl Default for JetStreamSettings {
    fn default() -> Self {
        Self {
            url: "nats://127.0.0.1:4222".to_owned(),
            monitor: None,
            name: "heliograph".to_owned(),
            replicas: 1,
        }
    }
}

impl JetStreamSettings {
    /// The default ones with these servers.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..Self::default()
        }
    }
}

/// The stream, and the subscriptions that read it in this process. Cheap to clone.
#[derive(Clone)]
pub struct JetStreamBus {
    log: Arc<JetStreamLog>,
    delivery: Delivery,
}

impl JetStreamBus {
    /// Connects, checks what the server is, and makes the stream if it is not there. Cursors,
    /// redelivery and dead letters are in this database, which was opened with
    /// [`crate::MIGRATIONS`]; one process runs its subscriptions.
    ///
    /// A connection that is lost later comes back by itself; until then publishing fails and
    /// subscriptions wait.
    ///
    /// # Errors
    /// When there is no server that will do.
    pub async fn connect(
        at: &JetStreamSettings,
        database: Database,
        clock: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Result<Self, ConnectError> {
        let connection = Arc::new(Connection::open(at).await?);
        let keep = Duration::from_secs(settings.outbox_keep_s);
        let log = Arc::new(JetStreamLog::start(connection, keep));
        let delivery = Delivery::new(Arc::clone(&log) as _, database, clock, settings);
        Ok(Self { log, delivery })
    }

    /// Trims the log until it is stopped: deletes what every subscription of the bus's database has
    /// passed and what is older than the retention.
    pub async fn run_jobs(&self, stop: CancellationToken) {
        self.delivery.run_jobs(stop).await;
    }

    /// The last event in the log; none while it is empty. With what [`crate::last_event()`] says of
    /// the outboxes it is what ids go on from after a restart.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn last_event(&self) -> Result<Option<EventId>, BusError> {
        self.log.last_event().await.map_err(BusError::Look)
    }

    /// Every subscription that the bus's database knows, by name: [`crate::statuses`] for this log.
    ///
    /// # Errors
    /// When the server or the database cannot be asked.
    pub async fn statuses(&self) -> Result<Vec<Status>, StatusError> {
        let extent = self.log.extent().await.map_err(StatusError::Log)?;
        let statuses = crate::status::statuses_behind(&self.delivery.database, extent.last).await;
        statuses.map_err(StatusError::Database)
    }
}

/// Why it is not known how far the subscriptions are.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The log could not be asked where it ends.
    #[error("the log could not be asked where it ends")]
    Log(#[source] LogError),
    /// The bus's database could not be read.
    #[error("the bus's database could not be read")]
    Database(#[source] DbError),
}

#[async_trait]
impl Bus for JetStreamBus {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        crate::log::Log::publish(&*self.log, events).await
    }

    async fn sync(&self) -> Result<(), BusError> {
        self.log.sync().await
    }

    async fn run(&self, consumer: Consumer, stop: CancellationToken) {
        self.delivery.run(consumer, stop).await;
    }

    fn lossy(&self) -> Option<&dyn LossyLog> {
        Some(&*self.log)
    }
}
