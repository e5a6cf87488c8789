//! The connection to the servers, what they must be able to do, and the stream on them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{Context, ContextBuilder};
use async_nats::jetstream::stream::{self, Config, StorageType, Stream};
use async_nats::{Client, ConnectOptions};
use infra_db::{Encryption, certificate_problem};
use tokio::sync::Mutex;

use super::JetStreamSettings;
use super::inspect::monitored;
use super::message::MESSAGE_BYTES_MAX;
use super::servers::{InvalidServers, NatsServers};

/// Any error below this module.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The oldest server that will do: older ones ignore a filter of several subjects without a word,
/// or cannot be told to write to their disk first.
const VERSION_MIN: (u64, u64) = (2, 12);
/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long the server may take for one answer.
pub(super) const REQUEST_MAX: Duration = Duration::from_secs(5);
/// The longest pause between two tries to connect again.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often an idle connection is tried: it bounds how long a server that is gone without a word
/// goes unnoticed.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// For how long the server recognises an event that is published again.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// The stream's own note of how often it has lost events.
const LOSSES: &str = "heliograph-losses";
/// The stream's own note of whose it is.
const OWNER: &str = "heliograph-installation";

/// The stream of this name is another installation's.
#[derive(Debug, thiserror::Error)]
#[error("the stream `{0}` belongs to another installation")]
pub(super) struct ForeignStream(String);

/// Why there is no bus on these servers.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A setting cannot be right.
    #[error("{0}")]
    Setting(String),
    /// The URL names no servers.
    #[error(transparent)]
    Servers(#[from] InvalidServers),
    /// The bus's database could not be read.
    #[error("the bus's database could not be read")]
    Database(#[from] infra_db::DbError),
    /// Nothing that will do is there.
    #[error("no NATS server can be reached at {0}")]
    Unreachable(String, #[source] Cause),
    /// The server is not who it should be, or finds that this client is not.
    #[error("the NATS server at {0} cannot be used: {1}")]
    Certificate(String, String),
    /// The server is too old.
    #[error(
        "the NATS server has version {0}, and {min_major}.{min_minor} or newer is needed: \
         older ones skip events of some topics without a word",
        min_major = VERSION_MIN.0, min_minor = VERSION_MIN.1
    )]
    TooOld(String),
    /// The server takes only smaller messages than ours may be.
    #[error(
        "the NATS server takes messages of {found} bytes, and events have up to {wanted}: \
         set `max_payload: 1MB` there, which is its default"
    )]
    SmallMessages {
        /// The most bytes that the server takes.
        found: usize,
        /// The most bytes that a message may have.
        wanted: usize,
    },
    /// The server keeps nothing.
    #[error("the NATS server keeps no streams: start it with JetStream (`-js`)")]
    NoJetStream(#[source] Cause),
    /// The stream is not this installation's.
    #[error(
        "the stream `{0}` on the NATS server belongs to another installation, or is none of \
         heliograph's: give this one a name of its own with `jetstream.name`; or, if it is the one \
         of this data folder and its bus.db was lost, delete the stream"
    )]
    Foreign(String),
    /// The server's monitoring could not be asked.
    #[error("the monitoring of the NATS server at {0} could not be asked how it writes")]
    Monitor(String, #[source] Cause),
    /// The server acknowledges too early.
    #[error(
        "the NATS server acknowledges events that it has not written to its disk: \
         set `sync_interval: always` in its block `jetstream`"
    )]
    NotSynced,
}

/// The connection. It comes back by itself when it is lost.
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) context: Context,
    servers: NatsServers,
    stream: String,
    /// What stands before a topic in its subject.
    prefix: String,
    replicas: u8,
    /// The installation whose stream it is.
    owner: String,
    opened: Mutex<Option<Opened>>,
}

/// The stream as this connection has found it.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// Names what its positions mean: another one when it was made again or has lost events.
    pub(super) history: Arc<str>,
    /// How often it has lost events.
    pub(super) losses: u64,
    connection: u64,
}

impl Connection {
    pub(super) async fn open(
        url: &str,
        settings: &JetStreamSettings,
        owner: String,
    ) -> Result<Self, ConnectError> {
        let connection = Self::connect(url, settings, owner).await?;
        // Before the stream is made: on a server that will not do none is left behind.
        if monitored(settings)
            .await?
            .is_some_and(|seen| !seen.is_synced)
        {
            return Err(ConnectError::NotSynced);
        }
        let opened = connection.opened().await;
        opened.map_err(|error| match error.downcast::<ForeignStream>() {
            Ok(foreign) => ConnectError::Foreign(foreign.0),
            Err(error) => ConnectError::NoJetStream(error),
        })?;
        Ok(connection)
    }

    /// Whether what is said over it can be read on the way.
    pub(super) fn encryption(&self, settings: &JetStreamSettings) -> Encryption {
        let servers = &self.servers;
        if wants_encryption(servers, settings) || self.client.server_info().tls_required {
            return Encryption::Verified;
        }
        Encryption::absent(servers.hosts())
    }

    /// The connection alone, to a server that is new enough.
    pub(super) async fn connect(
        url: &str,
        settings: &JetStreamSettings,
        owner: String,
    ) -> Result<Self, ConnectError> {
        let checked = settings.check();
        checked.map_err(|(_, problem)| ConnectError::Setting(problem))?;
        let servers = NatsServers::parse(url)?;
        let client = connect(&servers, settings).await?;
        require_able(&client)?;
        let context = ContextBuilder::new()
            .timeout(REQUEST_MAX)
            .ack_timeout(REQUEST_MAX)
            .build(client.clone());
        Ok(Self {
            client,
            context,
            servers,
            stream: format!("{}-events", settings.name),
            prefix: format!("{}.events.", settings.name),
            replicas: settings.replicas,
            owner,
            opened: Mutex::default(),
        })
    }

    /// How often it was made: counted before anything is sent on a new one.
    pub(super) fn made(&self) -> u64 {
        self.client.statistics().connects.load(Ordering::Acquire)
    }

    /// Without a connection a request would wait to be sent, and go out later when nobody waits for
    /// it any more.
    fn require_connected(&self) -> Result<(), Cause> {
        match self.client.connection_state() {
            State::Connected => Ok(()),
            _ => Err("the connection to NATS is lost".into()),
        }
    }

    pub(super) fn stream_name(&self) -> &str {
        &self.stream
    }

    pub(super) fn subject(&self, topic: &str) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// The topic of a subject.
    pub(super) fn topic<'s>(&self, subject: &'s str) -> Option<&'s str> {
        subject.strip_prefix(self.prefix.as_str())
    }

    pub(super) async fn stream(&self) -> Result<Stream<()>, Cause> {
        self.require_connected()?;
        Ok(self.context.get_stream_no_info(&self.stream).await?)
    }

    /// The stream, as it was found on this connection; made again when the server has lost it.
    pub(super) async fn opened(&self) -> Result<Opened, Cause> {
        self.require_connected()?;
        // Held during the look: others wait for its result and do not look themselves.
        let mut opened = self.opened.lock().await;
        // Before the look: what is found counts for no connection that is made during it.
        let connection = self.made();
        if let Some(opened) = opened.as_ref()
            && opened.connection == connection
        {
            return Ok(opened.clone());
        }
        let (found, _) = self.look_at_stream(connection).await?;
        *opened = Some(found.clone());
        Ok(found)
    }

    /// The stream as it is now, and all that the server says of it.
    pub(super) async fn look(&self) -> Result<(Opened, stream::Info), Cause> {
        let mut opened = self.opened.lock().await;
        let (found, info) = self.look_at_stream(self.made()).await?;
        *opened = Some(found.clone());
        Ok((found, info))
    }

    /// What was found counts no more: the next to ask looks.
    pub(super) async fn forget(&self) {
        *self.opened.lock().await = None;
    }

    async fn look_at_stream(&self, connection: u64) -> Result<(Opened, stream::Info), Cause> {
        self.require_connected()?;
        // After each new connection again: it may lead to another server of the cluster.
        require_able(&self.client)?;
        let stream = self.context.get_or_create_stream(self.config()).await?;
        let info = stream.cached_info().clone();
        self.require_own(&info)?;
        let losses = losses_in(&info.config);
        let created = info.created.unix_timestamp_nanos();
        let opened = Opened {
            history: Arc::from(format!("{created}/{losses}")),
            losses,
            connection,
        };
        Ok((opened, info))
    }

    /// Two installations in one stream would act on each other's events.
    pub(super) fn require_own(&self, info: &stream::Info) -> Result<(), ForeignStream> {
        match info.config.metadata.get(OWNER) {
            Some(owner) if *owner == self.owner => Ok(()),
            _ => Err(ForeignStream(self.stream.clone())),
        }
    }

    /// Without an age or a size at which events go: only what every subscription has passed goes.
    fn config(&self) -> Config {
        Config {
            name: self.stream.clone(),
            description: Some("what happened, until everyone has acted on it".to_owned()),
            subjects: vec![format!("{}>", self.prefix)],
            storage: StorageType::File,
            num_replicas: usize::from(self.replicas.max(1)),
            duplicate_window: DUPLICATE_WINDOW,
            metadata: HashMap::from([(OWNER.to_owned(), self.owner.clone())]),
            ..Config::default()
        }
    }

    /// Begins a new history in the stream, unless that of this name has ended already.
    pub(super) async fn end_history(&self, history: &str) -> Result<(), Cause> {
        let (opened, info) = self.look().await?;
        // Another relay has found the same loss, and has noted it.
        if *opened.history != *history {
            return Ok(());
        }
        let mut config = info.config;
        let losses = losses_in(&config) + 1;
        config
            .metadata
            .insert(LOSSES.to_owned(), losses.to_string());
        self.context.update_stream(config).await?;
        // So that the next to publish does so in the new history.
        self.look().await.map(drop)
    }
}

/// When the stream of a history was made: it has others where it has lost events.
pub(super) fn made_at(history: &str) -> &str {
    history.split('/').next().unwrap_or_default()
}

fn losses_in(config: &Config) -> u64 {
    let noted = config.metadata.get(LOSSES);
    noted.and_then(|text| text.parse().ok()).unwrap_or(0)
}

async fn connect(
    servers: &NatsServers,
    settings: &JetStreamSettings,
) -> Result<Client, ConnectError> {
    settings.check_files()?;
    let mut options = ConnectOptions::new()
        .require_tls(wants_encryption(servers, settings))
        .name("heliograph")
        .connection_timeout(CONNECT_MAX)
        .request_timeout(Some(REQUEST_MAX))
        .ping_interval(PING_INTERVAL)
        .reconnect_delay_callback(reconnect_pause)
        .event_callback(|event| async move { report(&event) });
    if !settings.ca_file.is_empty() {
        options = options.add_root_certificates(settings.ca_file.clone().into());
    }
    if !settings.client_certificate_file.is_empty() {
        let certificate = settings.client_certificate_file.clone().into();
        options =
            options.add_client_certificate(certificate, settings.client_key_file.clone().into());
    }
    let connected = options.connect(servers.addresses()).await;
    connected.map_err(|error| match certificate_problem(&error) {
        Some(problem) => ConnectError::Certificate(servers.to_string(), problem),
        None => ConnectError::Unreachable(servers.to_string(), Box::new(error)),
    })
}

/// Whether no connection may be made that is not encrypted.
fn wants_encryption(servers: &NatsServers, settings: &JetStreamSettings) -> bool {
    !settings.ca_file.is_empty() || servers.want_encryption()
}

fn report(event: &async_nats::Event) {
    match event {
        async_nats::Event::Disconnected => tracing::warn!("the connection to NATS is lost"),
        other => tracing::info!(event = %other, "NATS"),
    }
}

fn reconnect_pause(attempts: usize) -> Duration {
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    infra_resilience::pause_after(
        attempts.max(1),
        Duration::from_millis(20),
        RECONNECT_PAUSE_MAX,
        rand::random(),
    )
}

/// Whether this server will do.
fn require_able(client: &Client) -> Result<(), ConnectError> {
    let info = client.server_info();
    require_version(info.version)?;
    if info.max_payload < MESSAGE_BYTES_MAX {
        return Err(ConnectError::SmallMessages {
            found: info.max_payload,
            wanted: MESSAGE_BYTES_MAX,
        });
    }
    Ok(())
}

fn require_version(version: String) -> Result<(), ConnectError> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    let found: (Option<u64>, Option<u64>) = (numbers.next().flatten(), numbers.next().flatten());
    match found {
        (Some(major), Some(minor)) if (major, minor) >= VERSION_MIN => Ok(()),
        // A version that cannot be read may be any.
        _ => Err(ConnectError::TooOld(version)),
    }
}
