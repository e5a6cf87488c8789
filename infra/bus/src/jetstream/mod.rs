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
mod inspect;
mod log;
mod message;
mod reader;
mod servers;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use infra_db::{Database, DbError, Encryption};
use infra_kernel::{Clock, EventId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::delivery::Delivery;
use crate::log::Log as _;
use crate::log_place::{installation, store_used, used_history};
use crate::{Bus, BusError, Consumer, Event, LossyLog, Settings, Status, Tail};
use connection::{Connection, made_at};
use log::JetStreamLog;

pub use connection::ConnectError;
pub use servers::{InvalidServers, NatsServers};

/// What the stream is like, on the servers that keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JetStreamSettings {
    /// The file of the certificates whose holders may certify the servers, as PEM. With it every
    /// connection is encrypted and no other issuer is trusted. Empty: those that this machine
    /// trusts.
    pub ca_file: String,
    /// The file of the certificate that this client shows, as PEM, for servers that want one; with
    /// `client_key_file`.
    pub client_certificate_file: String,
    /// The file of its key, as PEM.
    pub client_key_file: String,
    /// Where the server's monitoring listens, as "host:port"; it is asked at the start whether the
    /// server writes to its disk before it acknowledges. Empty: then nobody asks.
    pub monitor: String,
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
            ca_file: String::new(),
            client_certificate_file: String::new(),
            client_key_file: String::new(),
            monitor: String::new(),
            name: "heliograph".to_owned(),
            replicas: 1,
        }
    }
}

impl JetStreamSettings {
    /// Checks that the files of certificates and keys are there.
    fn check_files(&self) -> Result<(), ConnectError> {
        let files = [
            ("ca_file", &self.ca_file),
            ("client_certificate_file", &self.client_certificate_file),
            ("client_key_file", &self.client_key_file),
        ];
        for (name, path) in files.into_iter().filter(|(_, path)| !path.is_empty()) {
            if let Err(error) = std::fs::File::open(path) {
                let problem = format!("{path} of `jetstream.{name}` cannot be read: {error}");
                return Err(ConnectError::Setting(problem));
            }
        }
        Ok(())
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The name of a setting and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || !self.name.chars().all(is_plain) {
            let problem = format!(
                "`{}` cannot be the name of a stream: it has lower-case letters, digits and hyphens",
                self.name
            );
            return Err(("name", problem));
        }
        if self.client_certificate_file.is_empty() != self.client_key_file.is_empty() {
            let problem = "a client's certificate and its key are set together".to_owned();
            return Err(("client_key_file", problem));
        }
        if !matches!(self.replicas, 1 | 3 | 5) {
            let problem = format!("{} replicas: there are 1, 3 or 5", self.replicas);
            return Err(("replicas", problem));
        }
        Ok(())
    }
}

/// What is known of servers that keep a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JetStreamFacts {
    /// The version of the server that replied.
    pub version: String,
    /// Whether what is said to it can be read on the way.
    pub encryption: Encryption,
    /// Whether it writes to its disk before it acknowledges; none when nobody could be asked.
    pub is_synced: Option<bool>,
    /// How far its clock is ahead of this machine's, in microseconds; none when nobody could be
    /// asked.
    pub clock_ahead_us: Option<i64>,
    /// The stream; none when there is none yet.
    pub stream: Option<StreamFacts>,
}

/// What is known of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    /// Its name on the servers.
    pub name: String,
    /// How many events it keeps.
    pub events: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// On how many servers each is kept.
    pub replicas: usize,
    /// The servers that follow the one which takes new events, as that one sees them. None when the
    /// servers are no cluster.
    pub followers: Vec<FollowerFacts>,
    /// The position of the last event that it ever took.
    pub last: i64,
}

/// What is known of a server that keeps a stream's events after another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowerFacts {
    /// The server's name.
    pub name: String,
    /// Whether it has all events, or will in a moment.
    pub is_current: bool,
    /// Whether it cannot be reached.
    pub is_offline: bool,
    /// How many operations it is behind, as far as that is known.
    pub lag: u64,
    /// How long ago it was last heard of.
    pub last_heard: Duration,
}

impl StreamFacts {
    /// Every subscription of the bus's database that reads the stream, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn statuses(&self, database: &Database) -> Result<Vec<Status>, DbError> {
        crate::status::statuses_behind(database, self.last).await
    }
}

/// Asks the servers what they are and what they keep, and changes nothing there. The stream has to
/// be that of the database's installation; without a database there is none yet.
///
/// # Errors
/// When there is no server that will do, or the stream is another installation's.
pub async fn inspect_jet_stream(
    url: &str,
    settings: &JetStreamSettings,
    database: Option<&Database>,
    now: Timestamp,
) -> Result<JetStreamFacts, ConnectError> {
    inspect::inspect(url, settings, database, now).await
}

/// The stream, and the subscriptions that read it in this process. Cheap to clone.
#[derive(Clone)]
pub struct JetStreamBus {
    log: Arc<JetStreamLog>,
    delivery: Delivery,
}

impl JetStreamBus {
    /// Connects to the servers of this URL, several with commas between them, checks what they are,
    /// and makes the stream if it is not there; it belongs to the database's installation. Cursors,
    /// redelivery and dead letters are in this database, which was opened with
    /// [`crate::MIGRATIONS`]; one process runs its subscriptions.
    ///
    /// A connection that is lost later comes back by itself; until then publishing fails and
    /// subscriptions wait.
    ///
    /// # Errors
    /// When there is no server that will do.
    pub async fn connect(
        url: &str,
        stream: &JetStreamSettings,
        database: Database,
        clock: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Result<Self, ConnectError> {
        let owner = installation(&database).await?;
        let connection = Arc::new(Connection::open(url, stream, owner).await?);
        let keep = Duration::from_secs(settings.outbox_keep_s);
        let log = Arc::new(JetStreamLog::start(connection, keep));
        let delivery = Delivery::new(Arc::clone(&log) as _, database, clock, settings);
        Ok(Self { log, delivery })
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.delivery
    }
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

    async fn tail(&self, topics: &'static [&'static str]) -> Result<Box<dyn Tail>, BusError> {
        self.delivery.tail(topics).await
    }

    async fn run_jobs(&self, stop: CancellationToken) {
        self.delivery.run_jobs(stop).await;
    }

    async fn last_event(&self) -> Result<Option<EventId>, BusError> {
        let last = self.log.last_event().await.map_err(BusError::Look)?;
        self.delivery.last_event(last).await
    }

    async fn statuses(&self) -> Result<Vec<Status>, BusError> {
        let extent = self.log.extent().await.map_err(BusError::look)?;
        self.delivery.statuses(extent.last).await
    }

    async fn note_use(&self) -> Result<bool, BusError> {
        let extent = self.log.extent().await.map_err(BusError::look)?;
        let database = &self.delivery.database;
        let used = used_history(database).await.map_err(BusError::look)?;
        if *used == *extent.history {
            return Ok(false);
        }
        let history = extent.history.to_string();
        let noted = database.write(move |connection| {
            Box::pin(async move { store_used(connection, history).await })
        });
        noted.await.map_err(BusError::look)?;
        // By when it was made: a loss begins a new history in the same stream, and is the relays'
        // matter.
        Ok(!used.is_empty() && made_at(&used) != made_at(&extent.history))
    }

    fn lossy(&self) -> Option<&dyn LossyLog> {
        Some(&*self.log)
    }
}
