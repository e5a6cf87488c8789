//! A log is moved to NATS and back, with its subscriptions: nothing is lost, what was handled is
//! not handled again, and a move that was cut off is run again.

mod changed_logs;
mod outboxes;
mod unfinished;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use infra_bus::{
    Bus, Consumer, EmbeddedBus, Event, JetStreamBus, JetStreamSettings, LogPlace, MoveError, Moved,
    Progress, Subscription, inspect_jet_stream, log_place, move_log,
};
use infra_db::Database;
use infra_kernel::{Clock as _, EventId, IdGenerator, SystemClock};
use tempfile::TempDir;
use testing_engines::Nats;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::kit::{
    Recorder, TOPIC, accept, count, eventually, failed, headers, open_database, quick, subscription,
};

/// How many keys the events have.
const KEYS: u64 = 7;

/// A second subscription of the same events.
fn slow() -> Subscription {
    Subscription {
        name: "test.slow",
        ..subscription()
    }
}

/// Both buses over one database.
struct Pair {
    embedded: EmbeddedBus,
    jet_stream: JetStreamBus,
    database: Database,
    ids: IdGenerator,
    stream: JetStreamSettings,
    folder: TempDir,
}

impl Pair {
    async fn open(server: &Nats, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = open_database(folder.path()).await;
        let stream = JetStreamSettings {
            name: name.to_owned(),
            ..JetStreamSettings::default()
        };
        let clock = Arc::new(SystemClock);
        Self {
            embedded: EmbeddedBus::open(database.clone(), clock.clone(), &quick()),
            jet_stream: connect(server, &stream, &database).await,
            database,
            ids: IdGenerator::new(0, clock),
            stream,
            folder,
        }
    }

    /// How many events the stream on a server keeps.
    async fn kept_on(&self, server: &Nats) -> u64 {
        let (url, now) = (server.url(), SystemClock.now());
        let facts = inspect_jet_stream(&url, &self.stream, Some(&self.database), now);
        facts.await.unwrap().stream.unwrap().events
    }

    fn event(&self, number: u64) -> Event {
        let id: EventId = self.ids.next();
        Event {
            id,
            topic: TOPIC.to_owned(),
            key: number % KEYS,
            payload: number.to_be_bytes().to_vec(),
            occurred_at: id.created_at(),
            headers: headers("moving"),
        }
    }

    async fn publish(&self, bus: &dyn Bus, numbers: std::ops::Range<u64>) {
        let events: Vec<_> = numbers.map(|number| self.event(number)).collect();
        bus.publish(&events).await.unwrap();
    }

    async fn to_nats(&self) -> Moved {
        let moved = move_log(&self.embedded, &self.jet_stream, &[], &mut |_| {}).await;
        moved.unwrap()
    }

    async fn to_folder(&self, outboxes: &[Database]) -> Result<Moved, MoveError> {
        move_log(&self.jet_stream, &self.embedded, outboxes, &mut |_| {}).await
    }

    /// 200 events in the folder's log, of which one subscription has handled all and another one
    /// half.
    async fn half_read(server: &Nats, name: &str) -> Self {
        let pair = Self::open(server, name).await;
        pair.publish(&pair.embedded, 0..100).await;
        read(&pair.embedded, slow(), 100).await;
        pair.publish(&pair.embedded, 100..200).await;
        read(&pair.embedded, subscription(), 200).await;
        pair
    }
}

async fn connect(server: &Nats, stream: &JetStreamSettings, database: &Database) -> JetStreamBus {
    let (url, clock, settings) = (server.url(), Arc::new(SystemClock), quick());
    let connected = JetStreamBus::connect(&url, stream, database.clone(), clock, &settings);
    connected.await.unwrap()
}

/// Runs a subscription until it has seen this many events and nothing is left; returns their
/// numbers.
async fn read(bus: &(impl Bus + Clone), subscription: Subscription, events: usize) -> Vec<u64> {
    let recorder = Recorder::new(accept);
    let (name, stop) = (subscription.name, CancellationToken::new());
    let consumer = Consumer {
        subscription,
        handler: recorder.clone(),
    };
    let (running, token) = (bus.clone(), stop.clone());
    let task = tokio::spawn(async move { running.run(consumer, token).await });
    eventually("it has seen them", async || {
        let statuses = bus.statuses().await.unwrap();
        let status = statuses.iter().find(|status| status.subscription == name);
        let is_settled = status.is_some_and(|status| status.behind == 0 && status.waiting == 0);
        recorder.seen().len() >= events && is_settled
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    recorder.seen()
}

/// Each key's events in order, and all of these among them.
fn assert_whole(seen: &[u64], expected: std::ops::Range<u64>) {
    let mut last = BTreeMap::new();
    for number in seen {
        let earlier = last.insert(number % KEYS, *number);
        assert!(earlier.is_none_or(|earlier| earlier < *number), "{seen:?}");
    }
    let seen: BTreeSet<u64> = seen.iter().copied().collect();
    let missing: Vec<_> = expected.filter(|number| !seen.contains(number)).collect();
    assert!(missing.is_empty(), "these were lost: {missing:?}");
}

#[tokio::test]
async fn subscriptions_go_on_where_they_were_there_and_back() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::half_read(&server, "moved").await;
    assert_eq!(log_place(&pair.database).await.unwrap(), LogPlace::Here);

    let moved = pair.to_nats().await;
    assert_eq!((moved.events, moved.subscriptions), (100, 2), "half of it");
    assert_eq!(
        log_place(&pair.database).await.unwrap(),
        LogPlace::Elsewhere
    );
    assert_eq!(count(&pair.database, "log").await, 0, "nothing is in both");
    pair.publish(&pair.jet_stream, 200..210).await;
    let seen = read(&pair.jet_stream, slow(), 110).await;
    assert_whole(&seen, 100..210);
    assert_eq!(seen.len(), 110);
    let seen = read(&pair.jet_stream, subscription(), 10).await;
    assert_eq!(seen, (200..210).collect::<Vec<_>>(), "nothing again");

    pair.publish(&pair.jet_stream, 210..220).await;
    read(&pair.jet_stream, slow(), 10).await;
    assert_eq!(pair.to_folder(&[]).await.unwrap().events, 10);
    assert_eq!(log_place(&pair.database).await.unwrap(), LogPlace::Here);
    assert_eq!(pair.kept_on(&server).await, 0, "nothing is in both");
    pair.publish(&pair.embedded, 220..230).await;
    assert_whole(&read(&pair.embedded, subscription(), 20).await, 210..230);
    assert_whole(&read(&pair.embedded, slow(), 10).await, 220..230);
}

#[tokio::test]
async fn what_waits_and_what_is_dead_stays_where_it_is() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::open(&server, "dead").await;
    pair.publish(&pair.embedded, 0..20).await;
    let recorder = Recorder::new(async |event: Event| match event.key {
        3 => Err(failed("it is poison")),
        _ => Ok(()),
    });
    let stop = CancellationToken::new();
    let consumer = Consumer {
        subscription: subscription(),
        handler: recorder,
    };
    let (running, token) = (pair.embedded.clone(), stop.clone());
    let task = tokio::spawn(async move { running.run(consumer, token).await });
    eventually("three are dead", async || {
        count(&pair.database, "dead_letters").await == 3
    })
    .await;
    stop.cancel();
    task.await.unwrap();
    pair.to_nats().await;
    assert_eq!(count(&pair.database, "dead_letters").await, 3);
    pair.publish(&pair.jet_stream, 20..40).await;
    let seen = read(&pair.jet_stream, subscription(), 20).await;
    assert_whole(&seen, 20..40);
    assert_eq!(seen.len(), 20, "what is dead is not delivered again");
}

#[tokio::test]
async fn a_move_that_is_cut_off_anywhere_is_run_again() {
    let Some(server) = Nats::start() else { return };
    let pair = Arc::new(Pair::half_read(&server, "cut").await);
    let mut unfinished = 0;
    for delay_ms in [0, 2, 5, 10, 20, 40, 80, 160] {
        let moving = Arc::clone(&pair);
        let task = tokio::spawn(async move {
            move_log(&moving.embedded, &moving.jet_stream, &[], &mut |_| {}).await
        });
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        task.abort();
        unfinished += usize::from(task.await.is_err());
    }
    assert!(unfinished > 0, "none was cut off");
    pair.to_nats().await;
    assert_eq!(count(&pair.database, "log").await, 0);
    let seen = read(&pair.jet_stream, slow(), 100).await;
    assert_whole(&seen, 100..200);
    assert_eq!(seen.len(), 100, "none of them twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_s_event_in_the_new_log_is_noticed() {
    let Some(server) = Nats::start() else { return };
    let pair = Pair::half_read(&server, "strange").await;
    let strange = pair.event(1_000);
    let published = AtomicU64::new(0);
    let stranger = pair.jet_stream.clone();
    let mut progress = |progress: Progress| {
        let is_copied = matches!(progress, Progress::Copied { .. });
        if is_copied && published.fetch_add(1, Ordering::SeqCst) == 0 {
            let publishing = stranger.publish(std::slice::from_ref(&strange));
            tokio::task::block_in_place(|| Handle::current().block_on(publishing)).unwrap();
        }
    };
    let moving = move_log(&pair.embedded, &pair.jet_stream, &[], &mut progress);
    let refused = moving.await.unwrap_err();
    assert!(
        matches!(
            refused,
            MoveError::Different {
                copied: 100,
                found: 101
            }
        ),
        "{refused}"
    );
    assert_eq!(log_place(&pair.database).await.unwrap(), LogPlace::Here);
    let seen = read(&pair.embedded, slow(), 100).await;
    assert_whole(&seen, 100..200);
}
