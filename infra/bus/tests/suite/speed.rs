//! How fast it is. Not part of the default run: `cargo test --release -p infra-bus -- --ignored
//! --nocapture speed`.

use std::time::{Duration, Instant};

use infra_bus::{RetryPolicy, Settings, Subscription};
use infra_kernel::SystemClock;
use std::sync::Arc;

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
}

fn report(what: &str, took: Duration) {
    let rate = EVENTS as f64 / took.as_secs_f64();
    println!("{what}: {EVENTS} events in {took:?}, {rate:.0} a second");
}
