//! A bus on either log, in a folder.

use std::sync::Arc;

use infra_bus::{
    Bus, Consumer, EmbeddedBus, Event, Handler, JetStreamBus, JetStreamSettings, Settings, Status,
    Subscription, inspect_jet_stream,
};
use infra_db::Database;
use infra_kernel::{Clock, EventId, IdGenerator, SystemClock};
use tempfile::TempDir;
use testing_engines::Nats;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::kit::{NAME, TOPIC, count, eventually, headers, open_database, quick};

/// Where the log is.
#[derive(Clone)]
pub(crate) enum Place {
    Embedded,
    JetStream(String, JetStreamSettings),
}

impl Place {
    pub(crate) fn jet_stream(server: &Nats, name: &str) -> Self {
        let settings = JetStreamSettings {
            monitor: server.monitor(),
            name: name.to_owned(),
            ..JetStreamSettings::default()
        };
        Self::JetStream(server.url(), settings)
    }
}

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    bus: Arc<dyn Bus>,
    ids: IdGenerator,
}

/// A subscription that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    /// As a crash would end it.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

impl Stage {
    pub(crate) async fn new(place: &Place) -> Self {
        Self::with(place, &quick(), Arc::new(SystemClock)).await
    }

    pub(crate) async fn with(place: &Place, settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open(place, folder, settings, clock).await
    }

    /// Over what another one has left.
    pub(crate) async fn after(self, place: &Place) -> Self {
        let Self {
            folder,
            database,
            bus,
            ..
        } = self;
        drop(bus);
        database.close().await;
        Self::open(place, folder, &quick(), Arc::new(SystemClock)).await
    }

    async fn open(
        place: &Place,
        folder: TempDir,
        settings: &Settings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let database = open_database(folder.path()).await;
        let bus = open_bus(place, database.clone(), settings, clock).await;
        Self {
            folder,
            database,
            bus,
            ids: IdGenerator::new(0, Arc::new(SystemClock)),
        }
    }

    pub(crate) fn bus(&self) -> Arc<dyn Bus> {
        Arc::clone(&self.bus)
    }

    /// The same log as another process has it.
    pub(crate) async fn elsewhere(&self, place: &Place) -> Arc<dyn Bus> {
        let database = open_database(self.folder.path()).await;
        open_bus(place, database, &quick(), Arc::new(SystemClock)).await
    }

    pub(crate) fn event(&self, key: u64, number: u64) -> Event {
        self.event_on(TOPIC, key, number)
    }

    pub(crate) fn event_on(&self, topic: &str, key: u64, number: u64) -> Event {
        let id: EventId = self.ids.next();
        Event {
            id,
            topic: topic.to_owned(),
            key,
            payload: number.to_be_bytes().to_vec(),
            occurred_at: id.created_at(),
            headers: headers(&format!("correlation-{number}")),
        }
    }

    pub(crate) async fn publish(&self, events: &[Event]) {
        self.bus().publish(events).await.unwrap();
    }

    pub(crate) fn run(&self, subscription: Subscription, handler: Arc<dyn Handler>) -> Running {
        let stop = CancellationToken::new();
        let (bus, token) = (self.bus(), stop.clone());
        let consumer = Consumer {
            subscription,
            handler,
        };
        let task = tokio::spawn(async move { bus.run(consumer, token).await });
        Running { stop, task }
    }

    pub(crate) fn trim(&self) -> tokio_util::sync::DropGuard {
        let stop = CancellationToken::new();
        let (bus, token) = (self.bus(), stop.clone());
        tokio::spawn(async move { bus.run_jobs(token).await });
        stop.drop_guard()
    }

    pub(crate) async fn statuses(&self) -> Vec<Status> {
        self.bus.statuses().await.unwrap()
    }

    /// How many events the log keeps.
    pub(crate) async fn kept(&self, place: &Place) -> u64 {
        let Place::JetStream(url, stream) = place else {
            return count(&self.database, "log").await.cast_unsigned();
        };
        let facts = inspect_jet_stream(url, stream, Some(&self.database), SystemClock.now());
        facts.await.unwrap().stream.unwrap().events
    }

    /// The last event that ids go on from.
    pub(crate) async fn last_event(&self) -> Option<EventId> {
        self.bus.last_event().await.unwrap()
    }

    /// How far the test's subscription is; none before the bus knows it.
    pub(crate) async fn status(&self) -> Option<Status> {
        let statuses = self.statuses().await;
        statuses
            .into_iter()
            .find(|status| status.subscription == NAME)
    }

    /// Waits until everything is handled or dead, durably.
    pub(crate) async fn settled(&self) {
        eventually("everything settled", async || {
            let status = self.status().await;
            status.is_some_and(|status| status.behind == 0 && status.waiting == 0)
        })
        .await;
    }
}

async fn open_bus(
    place: &Place,
    database: Database,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Arc<dyn Bus> {
    match place {
        Place::Embedded => Arc::new(EmbeddedBus::open(database, clock, settings)),
        Place::JetStream(url, stream) => {
            let connected = JetStreamBus::connect(url, stream, database, clock, settings).await;
            Arc::new(connected.unwrap())
        }
    }
}
