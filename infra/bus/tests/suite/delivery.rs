//! Events reach their subscription: all of them, in order, once when nothing fails, again after a
//! crash. What holds of every log is told in `conformance`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use infra_bus::{Bus as _, EmbeddedBus, Event, Handler, HandlerError, Subscription};
use infra_db::{Database, DbError};
use infra_kernel::{Context, SystemClock};
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::kit::{
    NAME, Recorder, TOPIC, World, accept, eventually, open_database, quick, subscription,
};

#[tokio::test]
async fn every_event_of_its_topics_arrives_once_and_in_order() {
    let world = World::new().await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    for first in (0..600).step_by(150) {
        let events: Vec<_> = (first..first + 150)
            .flat_map(|number| {
                [
                    world.event(7, number),
                    world.event_on("things.unheard", 7, 0),
                ]
            })
            .collect();
        world.publish(&events).await;
    }
    recorder.has_seen(600).await;
    world.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen(), (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_published_twice_is_delivered_once() {
    let world = World::new().await;
    let events: Vec<_> = (0..100).map(|number| world.event(number, number)).collect();
    world.publish(&events[..60]).await;
    world.publish(&events[30..]).await;
    world.publish(&events).await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    recorder.has_seen(100).await;
    world.publish(&events).await;
    world.settled().await;
    run.stop().await;
    let mut seen = recorder.seen();
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
    assert_eq!(world.count("log").await, 100);
}

#[tokio::test]
async fn publishing_the_same_events_from_many_tasks_keeps_each_once() {
    let world = World::new().await;
    let events: Vec<_> = (0..200).map(|number| world.event(1, number)).collect();
    let publishers = (0..8).map(|_| world.bus.publish(&events));
    for published in futures::future::join_all(publishers).await {
        published.unwrap();
    }
    assert_eq!(world.count("log").await, 200);
}

/// Publishes through a handle of its own: to SQLite and to the bus it is another process.
#[tokio::test]
async fn what_another_process_publishes_is_seen() {
    let world = World::new().await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    let elsewhere: Database = open_database(world.folder.path()).await;
    let other = EmbeddedBus::open(elsewhere, Arc::new(SystemClock), &quick());
    other.publish(&[world.event(1, 5)]).await.unwrap();
    recorder.has_seen(1).await;
    run.stop().await;
    assert_eq!(recorder.seen(), [5]);
}

#[tokio::test]
async fn publishing_wakes_a_subscription_at_once() {
    let mut settings = quick();
    settings.poll_interval_ms = 3_600_000;
    let world = World::with(&settings, Arc::new(SystemClock)).await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    for number in 0..20 {
        world.publish(&[world.event(1, number)]).await;
        recorder.has_seen(number as usize + 1).await;
    }
    run.stop().await;
}

/// Holds every event until it is told to release one, and counts how many it holds.
struct Holding {
    held: AtomicUsize,
    most: AtomicUsize,
    release: Semaphore,
}

#[async_trait]
impl Handler for Holding {
    async fn handle(&self, _: &Context, _: &Event) -> Result<(), HandlerError> {
        let held = self.held.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(held, Ordering::SeqCst);
        self.release.acquire().await.unwrap().forget();
        self.held.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn as_many_events_as_allowed_are_handled_at_once_and_no_more() {
    let world = World::new().await;
    let events: Vec<_> = (0..30).map(|number| world.event(number, number)).collect();
    world.publish(&events).await;
    let holding = Arc::new(Holding {
        held: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
        release: Semaphore::new(0),
    });
    let run = world.run(
        Subscription {
            concurrency: 3,
            ..subscription()
        },
        holding.clone(),
    );
    eventually("three are held", async || {
        holding.held.load(Ordering::SeqCst) == 3
    })
    .await;
    holding.release.add_permits(30);
    world.settled().await;
    run.stop().await;
    assert_eq!(holding.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn stopping_finishes_what_is_in_flight() {
    let world = World::new().await;
    let (begun, mut begins) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let recorder = Recorder::new(move |_| {
        let (begun, gate) = (begun.clone(), opened.clone());
        async move {
            begun.send(()).unwrap();
            gate.notified().await;
            Ok(())
        }
    });
    let run = world.run(subscription(), recorder.clone());
    world.publish(&[world.event(1, 0), world.event(1, 1)]).await;
    begins.recv().await.unwrap();
    run.stop.cancel();
    gate.notify_one();
    run.stop().await;
    assert_eq!(recorder.seen(), [0]);
    assert_eq!(world.status().await.position, 1);
}

#[tokio::test]
async fn stopping_waits_only_so_long_for_a_handler_that_hangs() {
    let mut settings = quick();
    settings.drain_s = 0;
    let world = World::with(&settings, Arc::new(SystemClock)).await;
    let recorder = Recorder::new(|_| std::future::pending());
    let run = world.run(subscription(), recorder.clone());
    world.publish(&[world.event(1, 0)]).await;
    recorder.has_seen(1).await;
    run.stop().await;
    assert_eq!(world.status().await.position, 0);
}

#[tokio::test]
async fn a_second_run_of_a_subscription_waits_for_the_first() {
    let world = World::new().await;
    let (first, second) = (Recorder::new(accept), Recorder::new(accept));
    let running = world.run(subscription(), first.clone());
    world.publish(&[world.event(1, 0)]).await;
    first.has_seen(1).await;
    let standby = world.run(subscription(), second.clone());
    world.publish(&[world.event(1, 1)]).await;
    first.has_seen(2).await;
    running.stop().await;
    world.publish(&[world.event(1, 2)]).await;
    second.has_seen(1).await;
    standby.stop().await;
    assert_eq!((first.seen(), second.seen()), (vec![0, 1], vec![2]));
}

/// A subscription to a rare topic among many other events gets there, and its cursor moves past the
/// others.
#[tokio::test]
async fn a_rare_topic_is_found_behind_many_other_events() {
    let world = World::new().await;
    let mut events: Vec<_> = (0..25_000)
        .map(|number| world.event_on("things.unheard", number, number))
        .collect();
    events.push(world.event_on(TOPIC, 1, 1));
    events.push(world.event_on("things.unheard", 1, 2));
    world.publish(&events).await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    recorder.has_seen(1).await;
    world.settled().await;
    run.stop().await;
    let status = world.status().await;
    assert_eq!(
        (status.subscription.as_str(), status.position),
        (NAME, 25_002)
    );
}

struct ContextCheck(mpsc::UnboundedSender<(String, Duration)>);

#[async_trait]
impl Handler for ContextCheck {
    async fn handle(&self, context: &Context, _: &Event) -> Result<(), HandlerError> {
        let id = context.correlation_id().as_str().to_owned();
        self.0.send((id, context.remaining())).unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn a_handler_gets_the_correlation_id_and_the_deadline() {
    let world = World::new().await;
    let (sender, mut received) = mpsc::unbounded_channel();
    let run = world.run(subscription(), Arc::new(ContextCheck(sender)));
    let mut unfit = world.event(2, 1);
    unfit.headers.correlation_id = "two words".to_owned();
    world.publish(&[world.event(1, 42)]).await;
    let (id, remaining) = received.recv().await.unwrap();
    assert_eq!(id, "correlation-42");
    assert!(remaining > Duration::from_secs(5) && remaining <= Duration::from_secs(10));
    world.publish(&[unfit]).await;
    let (id, _) = received.recv().await.unwrap();
    assert_eq!(id.len(), 32, "`{id}` is no fresh id");
    run.stop().await;
}

/// Handles everything, and makes it durable only when it may.
struct Unsynced {
    may_sync: AtomicBool,
    handled: AtomicUsize,
}

#[async_trait]
impl Handler for Unsynced {
    async fn handle(&self, _: &Context, _: &Event) -> Result<(), HandlerError> {
        self.handled.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn sync(&self) -> Result<(), DbError> {
        let synced = self.may_sync.load(Ordering::SeqCst);
        synced.then_some(()).ok_or(DbError::Closed)
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_before_its_handler_has_synced_it() {
    let world = World::new().await;
    let handler = Arc::new(Unsynced {
        may_sync: AtomicBool::new(false),
        handled: AtomicUsize::new(0),
    });
    let run = world.run(subscription(), handler.clone());
    let events: Vec<_> = (0..10).map(|number| world.event(number, number)).collect();
    world.publish(&events).await;
    eventually("all are handled", async || {
        handler.handled.load(Ordering::SeqCst) == 10
    })
    .await;
    // Well beyond the delay of acknowledgements and the pause after one that failed.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.status().await.behind, 10);
    handler.may_sync.store(true, Ordering::SeqCst);
    world.settled().await;
    run.stop().await;
    assert_eq!(handler.handled.load(Ordering::SeqCst), 10);
}
