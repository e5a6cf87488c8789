//! How fast it is. Not part of the default run: `cargo test --release -p infra-bus -- --ignored
//! --nocapture speed`.

use std::time::{Duration, Instant};

use infra_bus::{RetryPolicy, Settings, Subscription};
use infra_kernel::SystemClock;
use std::sync::Arc;
use testing_engines::Nats;

use crate::conformance::{Place, Stage};
use crate::kit::{Recorder, World, accept, subscription};

const EVENTS: u64 = 50_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a check"]
async fn publishing_and_consuming() {
    let world = World::with(&Settings::default(), Arc::new(SystemClock)).await;
    let events: Vec<_> = (0..EVENTS)
        .map(|number| world.event(number % 5_000, number))
        .collect();
    let begun = Instant::now();
    for batch in events.chunks(256) {
        world.publish(batch).await;
    }
    report("published in batches of 256", begun.elapsed());
    let recorder = Recorder::new(accept);
    let begun = Instant::now();
    let run = world.run(
        Subscription {
            concurrency: 16,
            retry: RetryPolicy::default(),
            ..subscription()
        },
        recorder.clone(),
    );
    while recorder.seen().len() < EVENTS as usize {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    report("consumed", begun.elapsed());
    run.stop().await;
    if let Some(server) = Nats::start() {
        println!("on NATS:");
        measure_on_jetstream(&server).await;
    }
}

/// One stream, every event on the server's disk before it is acknowledged.
async fn measure_on_jetstream(server: &Nats) {
    let place = Place::jet_stream(server, "speed");
    let stage = Stage::with(&place, &Settings::default(), Arc::new(SystemClock)).await;
    let events: Vec<_> = (0..EVENTS / 5)
        .map(|number| stage.event(number % 5_000, number))
        .collect();
    let begun = Instant::now();
    for batch in events.chunks(256) {
        stage.publish(batch).await;
    }
    report_of(events.len(), "published in batches of 256", begun.elapsed());
    let recorder = Recorder::new(accept);
    let begun = Instant::now();
    let run = stage.run(
        Subscription {
            concurrency: 16,
            retry: RetryPolicy::default(),
            ..subscription()
        },
        recorder.clone(),
    );
    while recorder.seen().len() < events.len() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    report_of(events.len(), "consumed", begun.elapsed());
    let begun = Instant::now();
    for number in 0..200 {
        stage.publish(&[stage.event(1, number)]).await;
        recorder
            .has_seen(events.len() + usize::try_from(number).unwrap() + 1)
            .await;
    }
    report_of(200, "one at a time, published and handled", begun.elapsed());
    run.stop().await;
}

fn report_of(events: usize, what: &str, took: Duration) {
    let rate = events as f64 / took.as_secs_f64();
    println!("{what}: {events} events in {took:?}, {rate:.0} a second");
}

fn report(what: &str, took: Duration) {
    report_of(EVENTS as usize, what, took);
}
