//! The bus over the log that the configuration names.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use infra_bus::{Bus, EmbeddedBus, JetStreamBus, LogPlace, Moved, Progress, log_place, move_log};
use infra_db::Database;
use infra_kernel::{Clock, SystemClock};

use super::databases::{BUS, Databases};
use super::databases_lock::DatabasesLock;
use super::moving::{Side, soon};
use super::{DataFolder, Topology};
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
    // Before a log is opened: a bus over the wrong one would seem empty and sound.
    require_its_place(configuration, log_place(database).await?)?;
    if configuration.bus_url.is_empty() {
        return Ok(Arc::new(open_embedded(configuration, database, clock)));
    }
    let bus = connect(configuration, database, clock).await?;
    Ok(Arc::new(bus))
}

/// Notes which log is used from now on, before anything is published to it, and says so where it
/// is not the one of before.
pub(crate) async fn note_use(bus: &dyn Bus) -> Result<()> {
    if bus.note_use().await? {
        tracing::warn!(
            "the log of events on the servers of `bus_url` is not the one that was used before: what that one holds and \
             nobody has handled is not read; if its servers have not lost it, name them in `bus_url`"
        );
    }
    Ok(())
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

/// Moves the log of a data folder into it, or to the servers of `bus_url`, while nothing serves.
pub(crate) async fn move_event_log(
    configuration: &Configuration,
    to: Side,
    progress: &mut OnProgress<'_>,
) -> Result<Moved> {
    let folder = soon(|| DataFolder::hold(&configuration.data_dir)).await?;
    // Commands beside a server publish, too.
    let lock = soon(|| DatabasesLock::alone(folder.path())).await?;
    let topology = Topology::default();
    let databases = Databases::open_under(lock, configuration, &topology).await?;
    let (database, outboxes) = (databases.get(&BUS)?, databases.outboxes());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let embedded = open_embedded(configuration, database, Arc::clone(&clock));
    // Over the same database, which has the cursors of both.
    let jet_stream = connect(configuration, database, clock).await?;
    let moved = match to {
        Side::Server => move_log(&embedded, &jet_stream, &outboxes, progress).await,
        Side::Folder => move_log(&jet_stream, &embedded, &outboxes, progress).await,
    };
    // Also after a failure, so that each database is one whole file for the next run.
    databases.close().await;
    Ok(moved?)
}
