//! From the outbox to the bus: all of it, in order, whatever the bus does meanwhile; and the inbox
//! at the other end.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use infra_bus::{Bus, BusError, Consumer, Event, HandlerError, Relay, Status, Tail, inbox, outbox};
use infra_db::{BoxFuture, Database, DbError, Migrator};
use infra_kernel::EventId;
use tokio_util::sync::CancellationToken;

use crate::kit::{NAME, Recorder, World, count, eventually, failed, number, subscription};

pub(crate) static DOMAIN: Migrator = infra_db::migrations!("tests/suite/migrations/domain");
static EFFECTS: Migrator = infra_db::migrations!("tests/suite/migrations/effects");

pub(crate) async fn open_domain(folder: &Path) -> Database {
    Database::open(&folder.join("domain.db"), &DOMAIN)
        .await
        .unwrap()
}

pub(crate) async fn open_effects(folder: &Path) -> Database {
    Database::open(&folder.join("effects.db"), &EFFECTS)
        .await
        .unwrap()
}

/// A change and its event in one transaction.
pub(crate) async fn write(database: &Database, event: Event) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query("INSERT INTO writes (id) VALUES ($1)")
                    .bind(event.id.to_sql())
                    .execute(&mut *connection)
                    .await?;
                outbox::append(connection, &event).await
            })
        })
        .await
}

/// An effect that the inbox keeps from happening twice. A repetition is recorded.
pub(crate) async fn take_effect(database: &Database, event: Event) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                let first = inbox::is_first_delivery(connection, NAME, &event).await?;
                let statement = if first {
                    "INSERT INTO effects (write_id) VALUES ($1)"
                } else {
                    "INSERT INTO repeats (write_id) VALUES ($1)"
                };
                infra_db::query(statement)
                    .bind(event.id.to_sql())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// A bus that refuses the first calls, then takes everything, and counts.
#[derive(Default)]
struct Unsteady {
    refusals: AtomicUsize,
    calls: AtomicUsize,
    taken: Mutex<Vec<u64>>,
    syncs: AtomicUsize,
    /// Whether it refuses to make durable what it took.
    is_unsynced: AtomicBool,
}

#[async_trait]
impl Bus for Unsteady {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let refuses = self
            .refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        if refuses {
            return Err(BusError::Publish("the bus is away".into()));
        }
        self.taken.lock().unwrap().extend(events.iter().map(number));
        Ok(())
    }

    async fn sync(&self) -> Result<(), BusError> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        if self.is_unsynced.load(Ordering::SeqCst) {
            return Err(BusError::Sync("the disk is away".into()));
        }
        Ok(())
    }

    async fn run(&self, _: Consumer, stop: CancellationToken) {
        stop.cancelled().await;
    }

    async fn tail(&self, _: &'static [&'static str]) -> Result<Box<dyn Tail>, BusError> {
        Err(BusError::Look("nobody reads it".into()))
    }

    async fn run_jobs(&self, stop: CancellationToken) {
        stop.cancelled().await;
    }

    async fn last_event(&self) -> Result<Option<EventId>, BusError> {
        Ok(None)
    }

    async fn statuses(&self) -> Result<Vec<Status>, BusError> {
        Ok(Vec::new())
    }
}

struct Relaying {
    world: World,
    domain: Database,
    bus: Arc<Unsteady>,
}

async fn relaying(refusals: usize) -> Relaying {
    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let bus = Arc::new(Unsteady::default());
    bus.refusals.store(refusals, Ordering::SeqCst);
    Relaying { world, domain, bus }
}

impl Relaying {
    fn start(&self) -> (CancellationToken, tokio::task::JoinHandle<()>) {
        let stop = CancellationToken::new();
        let relay = Relay::new(self.domain.clone(), self.bus.clone());
        let token = stop.clone();
        (stop, tokio::spawn(async move { relay.run(token).await }))
    }

    async fn write(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            write(&self.domain, self.world.event(1, number))
                .await
                .unwrap();
        }
    }

    fn taken(&self) -> Vec<u64> {
        self.bus.taken.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn everything_is_moved_in_order_and_leaves_the_outbox() {
    let relaying = relaying(0).await;
    relaying.write(0..700).await;
    let (stop, task) = relaying.start();
    relaying.write(700..750).await;
    eventually("the outbox is empty", async || {
        count(&relaying.domain, "outbox").await == 0
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(relaying.taken(), (0..750).collect::<Vec<_>>());
}

/// A loss of power may take from the bus what it has not synced.
#[tokio::test]
async fn what_the_bus_has_not_made_durable_stays_in_the_outbox() {
    let relaying = relaying(0).await;
    relaying.bus.is_unsynced.store(true, Ordering::SeqCst);
    let (stop, task) = relaying.start();
    relaying.write(0..5).await;
    eventually("it is asked to sync", async || {
        relaying.bus.syncs.load(Ordering::SeqCst) > 0
    })
    .await;
    assert_eq!(relaying.taken(), [0, 1, 2, 3, 4]);
    assert_eq!(count(&relaying.domain, "outbox").await, 5);
    relaying.bus.is_unsynced.store(false, Ordering::SeqCst);
    eventually("the outbox is empty", async || {
        count(&relaying.domain, "outbox").await == 0
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(relaying.taken(), [0, 1, 2, 3, 4], "published once");
}

#[tokio::test]
async fn a_bus_that_is_away_loses_nothing_and_changes_no_order() {
    let relaying = relaying(3).await;
    let (stop, task) = relaying.start();
    relaying.write(0..40).await;
    eventually("the outbox is empty", async || {
        count(&relaying.domain, "outbox").await == 0
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(relaying.taken(), (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn stopping_moves_once_more_what_is_there() {
    let relaying = relaying(0).await;
    let (stop, task) = relaying.start();
    stop.cancel();
    relaying.write(0..5).await;
    task.await.unwrap();
    let (stop, task) = relaying.start();
    stop.cancel();
    task.await.unwrap();
    assert_eq!(relaying.taken(), [0, 1, 2, 3, 4]);
    assert_eq!(count(&relaying.domain, "outbox").await, 0);
}

#[tokio::test]
async fn stopping_with_a_bus_that_is_away_keeps_the_outbox() {
    let relaying = relaying(usize::MAX).await;
    relaying.write(0..5).await;
    let (stop, task) = relaying.start();
    eventually("it was tried", async || {
        relaying.bus.calls.load(Ordering::SeqCst) > 0
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(count(&relaying.domain, "outbox").await, 5);
    assert!(relaying.taken().is_empty());
}

/// The relay's own delete wakes it. That must end after one look, not go round for ever: each round
/// of a loop would publish or commit, and both are counted here.
#[tokio::test]
async fn its_own_deletes_do_not_keep_the_relay_busy() {
    let relaying = relaying(0).await;
    let (stop, task) = relaying.start();
    relaying.write(0..1).await;
    eventually("it is moved", async || {
        count(&relaying.domain, "outbox").await == 0
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(relaying.bus.calls.load(Ordering::SeqCst), 1);
    // One connection sees by its data_version whether any other has committed.
    let mut reader = relaying.domain.reader().acquire().await.unwrap();
    let version = data_version(&mut reader).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let later = data_version(&mut reader).await;
    assert_eq!(later, version, "something commits while nothing happens");
    stop.cancel();
    task.await.unwrap();
}

async fn data_version(connection: &mut infra_db::Connection) -> i64 {
    infra_db::query_scalar("PRAGMA data_version")
        .fetch_one(connection)
        .await
        .unwrap()
}

/// Acts, and then fails once for each event: each is delivered twice.
fn failing_after_the_effect(
    effects: Database,
) -> impl Fn(Event) -> BoxFuture<'static, Result<(), HandlerError>> {
    let tried: Arc<Mutex<Vec<EventId>>> = Arc::default();
    move |event| {
        let (effects, tried) = (effects.clone(), tried.clone());
        Box::pin(async move {
            let id = event.id;
            take_effect(&effects, event).await?;
            let mut tried = tried.lock().unwrap();
            if tried.contains(&id) {
                return Ok(());
            }
            tried.push(id);
            Err(failed("after the effect"))
        })
    }
}

#[tokio::test]
async fn the_inbox_makes_an_effect_happen_once() {
    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let effects = open_effects(world.folder.path()).await;
    let recorder = Recorder::new(failing_after_the_effect(effects.clone()));
    let run = world.run(subscription(), recorder.clone());
    let stop = CancellationToken::new();
    let relay = Relay::new(domain.clone(), Arc::new(world.bus.clone()));
    let token = stop.clone();
    let task = tokio::spawn(async move { relay.run(token).await });
    let mut events_at = Vec::new();
    for index in 0..30 {
        let mut event = world.event(index % 3, index);
        // A second apart, so that there is a moment between any two.
        event.occurred_at = event.occurred_at.plus(Duration::from_secs(index));
        events_at.push(event.occurred_at);
        write(&domain, event).await.unwrap();
    }
    recorder.has_seen(60).await;
    world.settled().await;
    stop.cancel();
    task.await.unwrap();
    run.stop().await;
    assert_eq!(count(&effects, "effects").await, 30);
    let middle = events_at[10];
    assert_eq!(inbox::trim(&effects, "another", middle).await.unwrap(), 0);
    assert_eq!(inbox::trim(&effects, NAME, middle).await.unwrap(), 10);
    assert_eq!(count(&effects, "inbox").await, 20);
    assert_eq!(count(&effects, "repeats").await, 30);
}
