//! What every story needs: a bus in a folder, events, and handlers made of closures.

use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use infra_bus::{
    Bus, Consumer, EmbeddedBus, Event, Handler, HandlerError, Headers, RetryPolicy, Settings,
    Status, Subscription,
};
use infra_db::{Database, Durability, OpenOptions};
use infra_kernel::{Clock, Context, CorrelationId, EventId, IdGenerator, SystemClock};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const NAME: &str = "test.subscription";
pub(crate) const TOPIC: &str = "things.made";

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) bus: EmbeddedBus,
    pub(crate) ids: IdGenerator,
}

/// Settings with times short enough for tests.
pub(crate) fn quick() -> Settings {
    Settings {
        poll_interval_ms: 50,
        acknowledge_delay_ms: 2,
        drain_s: 5,
        ..Settings::default()
    }
}

pub(crate) fn quick_retry() -> RetryPolicy {
    RetryPolicy {
        attempts_max: 4,
        pause_min: Duration::from_millis(5),
        pause_max: Duration::from_millis(20),
        attempt_timeout: Duration::from_secs(10),
    }
}

pub(crate) fn subscription() -> Subscription {
    Subscription {
        name: NAME,
        topics: &[TOPIC],
        concurrency: 4,
        retry: quick_retry(),
    }
}

/// As the server opens it.
pub(crate) async fn open_database(folder: &Path) -> Database {
    let options = OpenOptions {
        durability: Durability::OnSync,
        ..OpenOptions::default()
    };
    Database::open_with(&folder.join("bus.db"), &infra_bus::MIGRATIONS, options)
        .await
        .unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(&quick(), Arc::new(SystemClock)).await
    }

    pub(crate) async fn with(settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        Self::open(tempfile::tempdir().unwrap(), settings, clock).await
    }

    /// Over what a folder holds already.
    pub(crate) async fn in_folder(folder: TempDir) -> Self {
        Self::open(folder, &quick(), Arc::new(SystemClock)).await
    }

    async fn open(folder: TempDir, settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        let database = open_database(folder.path()).await;
        let bus = EmbeddedBus::open(database.clone(), Arc::clone(&clock), settings);
        let ids = IdGenerator::new(0, clock);
        Self {
            folder,
            database,
            bus,
            ids,
        }
    }

    /// An event that carries a number.
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
        self.bus.publish(events).await.unwrap();
    }

    pub(crate) fn run(&self, subscription: Subscription, handler: Arc<dyn Handler>) -> Run {
        run(&self.bus, subscription, handler)
    }

    pub(crate) async fn status(&self) -> Status {
        self.registered().await;
        let statuses = self.bus.statuses().await.unwrap();
        statuses
            .into_iter()
            .find(|status| status.subscription == NAME)
            .unwrap()
    }

    /// Waits until the bus knows the subscription.
    pub(crate) async fn registered(&self) {
        eventually("it is registered", async || {
            !self.bus.statuses().await.unwrap().is_empty()
        })
        .await;
    }

    /// Waits until everything is handled or dead, durably.
    pub(crate) async fn settled(&self) {
        self.registered().await;
        eventually("everything settled", async || {
            let status = self.status().await;
            status.behind == 0 && status.waiting == 0
        })
        .await;
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        count(&self.database, table).await
    }
}

pub(crate) async fn count(database: &Database, table: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM {table}");
    infra_db::query_scalar(infra_db::SqlText::assembled(&statement))
        .fetch_one(database.reader())
        .await
        .unwrap()
}

/// A subscription that runs until it is stopped.
pub(crate) struct Run {
    pub(crate) stop: CancellationToken,
    task: JoinHandle<()>,
}

pub(crate) fn run(bus: &EmbeddedBus, subscription: Subscription, handler: Arc<dyn Handler>) -> Run {
    let stop = CancellationToken::new();
    let consumer = Consumer {
        subscription,
        handler,
    };
    let (bus, token) = (bus.clone(), stop.clone());
    let task = tokio::spawn(async move { bus.run(consumer, token).await });
    Run { stop, task }
}

impl Run {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("the subscription did not stop")
            .unwrap();
    }

    /// As a crash would end it: without finishing anything.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// The headers of an event that an operation of this name causes.
pub(crate) fn headers(correlation_id: &str) -> Headers {
    let name = CorrelationId::from_caller(correlation_id).unwrap();
    Headers::new(&Context::system(name, PATIENCE))
}

pub(crate) fn number(event: &Event) -> u64 {
    u64::from_be_bytes(*event.payload.first_chunk().unwrap())
}

pub(crate) fn failed(text: &str) -> HandlerError {
    HandlerError::Retry(text.to_owned().into())
}

/// A handler made of a closure, which notes the numbers of the events it gets, in order.
pub(crate) struct Recorder<F> {
    seen: Mutex<Vec<u64>>,
    act: F,
}

impl<F, R> Recorder<F>
where
    F: Fn(Event) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    pub(crate) fn new(act: F) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            act,
        })
    }

    pub(crate) fn seen(&self) -> Vec<u64> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) async fn has_seen(&self, count: usize) {
        eventually("enough events seen", async || self.seen().len() >= count).await;
    }
}

#[async_trait]
impl<F, R> Handler for Recorder<F>
where
    F: Fn(Event) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        self.seen.lock().unwrap().push(number(event));
        (self.act)(event.clone()).await
    }
}

pub(crate) async fn accept(_: Event) -> Result<(), HandlerError> {
    Ok(())
}

/// Waits until it is so.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < PATIENCE, "it never came true: {what}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}
