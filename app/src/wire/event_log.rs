//! The bus over the log that the configuration names.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use infra_bus::{
    Bus, EmbeddedBus, JetStreamBus, LogPlace, Moved, Progress, log_place, move_to_folder,
    move_to_servers,
};
use infra_db::Database;
use infra_kernel::{Clock, SystemClock};

use super::Topology;
use super::databases::{BUS, Databases};
use super::databases_lock::DatabasesLock;
use crate::config::Configuration;

/// What is called with how far a move is.
type OnProgress<'a> = dyn FnMut(Progress) + Send + 'a;

/// Opens the bus, unless the events that its database's subscriptions have yet to read are in
/// another log.
pub(super) async fn open(
    configuration: &Configuration,
    database: &Database,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Bus>> {
    require_its_place(configuration, log_place(database).await?)?;
    if configuration.bus_url.is_empty() {
        return Ok(Arc::new(open_embedded(configuration, database, clock)));
    }
    let bus = connect(configuration, database, clock).await?;
    Ok(Arc::new(bus))
}

/// The bus whose log is in the data folder.
pub(crate) fn open_embedded(
    configuration: &Configuration,
    database: &Database,
    clock: Arc<dyn Clock>,
) -> EmbeddedBus {
    EmbeddedBus::open(database.clone(), clock, &configuration.bus)
}

/// The bus whose log is on the servers of `bus_url`.
pub(crate) async fn connect(
    configuration: &Configuration,
    database: &Database,
    clock: Arc<dyn Clock>,
) -> Result<JetStreamBus> {
    let (url, stream) = (&configuration.bus_url, &configuration.jetstream);
    let connected = JetStreamBus::connect(url, stream, database.clone(), clock, &configuration.bus);
    connected
        .await
        .context("`bus_url` leads to no log of events")
}

fn require_its_place(configuration: &Configuration, place: LogPlace) -> Result<()> {
    let folder = configuration.data_dir.display();
    match (configuration.bus_url.is_empty(), place) {
        (true, LogPlace::Elsewhere) => bail!(
            "the log of events of {folder} is on NATS: set `bus_url` as it was, or move the log into the folder first with \
             `heliograph move log --to folder`"
        ),
        (false, LogPlace::Here) => bail!(
            "the log of events of {folder} is in the folder, and `bus_url` names servers where it is not: unset `bus_url`, or \
             move the log there first with `heliograph move log --to nats`"
        ),
        _ => Ok(()),
    }
}

/// Both logs of a data folder, for a move from one to the other while nothing serves.
pub(crate) struct LogMove {
    /// Where the log is at the beginning.
    pub(crate) place: LogPlace,
    databases: Databases,
    embedded: EmbeddedBus,
    jet_stream: JetStreamBus,
}

impl LogMove {
    /// Opens the databases and connects to the servers of `bus_url`.
    pub(crate) async fn open(configuration: &Configuration) -> Result<Self> {
        // Commands beside a server publish, too.
        let lock = DatabasesLock::alone(&configuration.data_dir)?;
        let topology = Topology::default();
        let databases = Databases::open_under(lock, configuration, &topology).await?;
        let database = databases.get(&BUS)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Ok(Self {
            place: log_place(database).await?,
            embedded: open_embedded(configuration, database, Arc::clone(&clock)),
            jet_stream: connect(configuration, database, clock).await?,
            databases,
        })
    }

    /// Moves it to the servers.
    pub(crate) async fn to_nats(&self, progress: &mut OnProgress<'_>) -> Result<Moved> {
        let outboxes = self.databases.outboxes();
        let moving = move_to_servers(&self.embedded, &self.jet_stream, &outboxes, progress);
        Ok(moving.await?)
    }

    /// Moves it to the folder.
    pub(crate) async fn to_folder(&self, progress: &mut OnProgress<'_>) -> Result<Moved> {
        let outboxes = self.databases.outboxes();
        let moving = move_to_folder(&self.jet_stream, &self.embedded, &outboxes, progress);
        Ok(moving.await?)
    }

    /// Closes the databases.
    pub(crate) async fn close(&self) {
        self.databases.close().await;
    }
}
