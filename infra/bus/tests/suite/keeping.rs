//! What a relay keeps when the log can lose what it has taken, and when it publishes it again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use infra_bus::{Anchor, Bus, BusError, Consumer, Event, LossyLog, Relay, Status, Tail, outbox};
use infra_db::Database;
use infra_kernel::EventId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::kit::{World, count, eventually, number};
use crate::relay::{open_domain, write};

/// A log in memory that forgets when it is told to.
#[derive(Default)]
struct Forgetful {
    log: Mutex<Vec<Event>>,
    connections: AtomicU64,
    losses: AtomicU64,
    is_away: AtomicBool,
    keep_ms: AtomicU64,
}

impl Forgetful {
    /// As a server does that comes back without its last events.
    fn restart_with(&self, events: usize) {
        self.log.lock().unwrap().truncate(events);
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    fn numbers(&self) -> Vec<u64> {
        self.log.lock().unwrap().iter().map(number).collect()
    }

    fn losses(&self) -> u64 {
        self.losses.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Bus for Forgetful {
    async fn publish(&self, events: &[Event]) -> Result<(), BusError> {
        LossyLog::publish(self, events).await.map(drop)
    }

    async fn sync(&self) -> Result<(), BusError> {
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

    fn lossy(&self) -> Option<&dyn LossyLog> {
        Some(self)
    }
}

#[async_trait]
impl LossyLog for Forgetful {
    fn keep(&self) -> Duration {
        Duration::from_millis(self.keep_ms.load(Ordering::SeqCst))
    }

    async fn publish(&self, events: &[Event]) -> Result<Option<Anchor>, BusError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(BusError::Publish("it is away".into()));
        }
        let mut log = self.log.lock().unwrap();
        log.extend_from_slice(events);
        Ok(log.last().map(|event| Anchor {
            event: event.id,
            history: self.losses().to_string(),
            position: i64::try_from(log.len()).unwrap(),
        }))
    }

    fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    async fn holds(&self, anchor: &Anchor) -> Result<bool, BusError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(BusError::Look("it is away".into()));
        }
        let log = self.log.lock().unwrap();
        let found = log.get(usize::try_from(anchor.position).unwrap() - 1);
        Ok(found.is_some_and(|found| found.id == anchor.event))
    }

    async fn note_loss(&self, of: &Anchor) -> Result<(), BusError> {
        assert_eq!(of.history, self.losses().to_string());
        self.losses.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

struct Keeping {
    world: World,
    domain: Database,
    bus: Arc<Forgetful>,
}

impl Keeping {
    async fn new() -> Self {
        let world = World::new().await;
        let domain = open_domain(world.folder.path()).await;
        let bus = Arc::new(Forgetful::default());
        bus.keep_ms.store(900_000, Ordering::SeqCst);
        Self { world, domain, bus }
    }

    fn start(&self) -> (CancellationToken, JoinHandle<()>) {
        let stop = CancellationToken::new();
        let relay = Relay::new(self.domain.clone(), self.bus.clone());
        let token = stop.clone();
        (stop, tokio::spawn(async move { relay.run(token).await }))
    }

    async fn write(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let event = self.world.event(1, number);
            write(&self.domain, event).await.unwrap();
        }
    }

    async fn marked(&self, rows: i64) {
        eventually("they are marked", async || {
            count(&self.domain, "outbox WHERE published_at IS NOT NULL").await == rows
        })
        .await;
    }
}

async fn stop((stop, task): (CancellationToken, JoinHandle<()>)) {
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn what_was_published_is_kept_and_not_published_again_by_a_restart() {
    let keeping = Keeping::new().await;
    let running = keeping.start();
    keeping.write(0..5).await;
    keeping.marked(5).await;
    assert!(
        outbox::read(&keeping.domain, 10)
            .await
            .unwrap()
            .events
            .is_empty()
    );
    stop(running).await;
    keeping.write(5..7).await;
    let running = keeping.start();
    keeping.marked(7).await;
    stop(running).await;
    assert_eq!(keeping.bus.numbers(), (0..7).collect::<Vec<_>>());
    assert_eq!(keeping.bus.losses(), 0);
}

#[tokio::test]
async fn a_log_that_lost_its_end_gets_all_that_is_kept_again() {
    let keeping = Keeping::new().await;
    let running = keeping.start();
    keeping.write(0..6).await;
    keeping.marked(6).await;
    keeping.bus.restart_with(4);
    eventually("they are published again", async || {
        keeping.bus.numbers().len() == 10
    })
    .await;
    stop(running).await;
    assert_eq!(keeping.bus.numbers(), [0, 1, 2, 3, 0, 1, 2, 3, 4, 5]);
    assert_eq!(keeping.bus.losses(), 1);
}

/// Others publish into the gap before the relay does, so that the end alone shows nothing.
#[tokio::test]
async fn a_gap_that_others_have_filled_is_seen() {
    let keeping = Keeping::new().await;
    let running = keeping.start();
    keeping.write(0..3).await;
    keeping.marked(3).await;
    let others: Vec<_> = (50..60).map(|n| keeping.world.event(2, n)).collect();
    keeping.bus.log.lock().unwrap().truncate(1);
    LossyLog::publish(&*keeping.bus, &others).await.unwrap();
    keeping.bus.restart_with(usize::MAX);
    keeping.write(3..4).await;
    eventually("all are there", async || {
        keeping.bus.numbers().ends_with(&[0, 1, 2, 3])
    })
    .await;
    stop(running).await;
    assert_eq!(keeping.bus.losses(), 1);
}

#[tokio::test]
async fn a_loss_while_nothing_ran_is_seen_by_the_next_run() {
    let keeping = Keeping::new().await;
    let running = keeping.start();
    keeping.write(0..3).await;
    keeping.marked(3).await;
    stop(running).await;
    keeping.bus.restart_with(0);
    let running = keeping.start();
    eventually("they are there", async || {
        keeping.bus.numbers() == [0, 1, 2]
    })
    .await;
    stop(running).await;
    assert_eq!(keeping.bus.losses(), 1);
}

#[tokio::test]
async fn what_was_kept_long_enough_goes_once_the_log_is_known_to_have_it() {
    let keeping = Keeping::new().await;
    let running = keeping.start();
    keeping.write(0..1_200).await;
    keeping.marked(1_200).await;
    stop(running).await;
    keeping.bus.keep_ms.store(0, Ordering::SeqCst);
    keeping.bus.is_away.store(true, Ordering::SeqCst);
    let running = keeping.start();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(count(&keeping.domain, "outbox").await, 1_200, "it is away");
    keeping.bus.is_away.store(false, Ordering::SeqCst);
    eventually("they are gone", async || {
        count(&keeping.domain, "outbox").await == 0
    })
    .await;
    stop(running).await;
    assert_eq!(keeping.bus.numbers().len(), 1_200);
}

/// It was kept for a log that has been left.
#[tokio::test]
async fn what_is_kept_is_not_published_to_a_log_that_loses_nothing() {
    let keeping = Keeping::new().await;
    let running = keeping.start();
    keeping.write(0..5).await;
    keeping.marked(5).await;
    stop(running).await;
    keeping.write(5..7).await;
    let embedded = Arc::new(keeping.world.bus.clone());
    let relay = Relay::new(keeping.domain.clone(), embedded);
    let stop = CancellationToken::new();
    let token = stop.clone();
    let task = tokio::spawn(async move { relay.run(token).await });
    eventually("the outbox is empty", async || {
        count(&keeping.domain, "outbox").await == 0
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    assert_eq!(keeping.world.count("log").await, 2);
}

/// The writes that an event causes in its domain's database: its own, and one when it is published.
async fn writes_of_an_event(bus: Arc<dyn Bus>, world: &World, is_done: &str) -> u64 {
    let domain = open_domain(world.folder.path()).await;
    let before = domain.commit_version().get();
    let stop = CancellationToken::new();
    let relay = Relay::new(domain.clone(), bus);
    let token = stop.clone();
    let task = tokio::spawn(async move { relay.run(token).await });
    write(&domain, world.event(1, 1)).await.unwrap();
    eventually("it is released", async || {
        count(&domain, &format!("outbox WHERE {is_done}")).await == 0
    })
    .await;
    // Longer than any pause of the relay.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    stop.cancel();
    task.await.unwrap();
    domain.commit_version().get() - before
}

#[tokio::test]
async fn keeping_costs_the_embedded_log_nothing() {
    let world = World::new().await;
    let bus = Arc::new(world.bus.clone());
    let deleted = writes_of_an_event(bus, &world, "true").await;
    let kept = Forgetful::default();
    kept.keep_ms.store(900_000, Ordering::SeqCst);
    let marked = writes_of_an_event(Arc::new(kept), &world, "published_at IS NULL").await;
    assert_eq!((deleted, marked), (2, 2));
}
