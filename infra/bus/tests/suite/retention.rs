//! What the log keeps, and for how long.

use std::sync::Arc;
use std::time::Duration;

use infra_bus::Bus as _;
use infra_kernel::{Clock as _, ManualClock, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::kit::{Recorder, World, accept, eventually, quick, subscription};

const DAY: Duration = Duration::from_secs(86_400);

struct Trimming {
    world: World,
    clock: Arc<ManualClock>,
    stop: CancellationToken,
}

/// A bus whose log is trimmed every second, seven days after publishing.
async fn trimming() -> Trimming {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let mut settings = quick();
    settings.trim_interval_s = 1;
    let world = World::with(&settings, clock.clone()).await;
    let stop = CancellationToken::new();
    let (bus, token) = (world.bus.clone(), stop.clone());
    tokio::spawn(async move { bus.run_jobs(token).await });
    Trimming { world, clock, stop }
}

#[tokio::test]
async fn old_events_go_when_every_subscription_has_passed_them() {
    let Trimming { world, clock, stop } = trimming().await;
    let events: Vec<_> = (0..1_200)
        .map(|number| world.event(number, number))
        .collect();
    world.publish(&events).await;
    let run = world.run(subscription(), Recorder::new(accept));
    world.settled().await;
    clock.advance(6 * DAY);
    let young = world.event(1, 5_000);
    world.publish(std::slice::from_ref(&young)).await;
    clock.advance(2 * DAY);
    eventually("the old ones are gone", async || {
        world.count("log").await == 1
    })
    .await;
    // What is still kept is still recognised.
    world.publish(&[young]).await;
    assert_eq!(world.count("log").await, 1);
    run.stop().await;
    stop.cancel();
}

#[tokio::test]
async fn what_a_subscription_has_not_passed_is_kept_however_old() {
    let Trimming { world, clock, stop } = trimming().await;
    let run = world.run(subscription(), Recorder::new(accept));
    world.publish(&[world.event(1, 0)]).await;
    world.settled().await;
    run.stop().await;
    world.publish(&[world.event(1, 1), world.event(1, 2)]).await;
    clock.advance(30 * DAY);
    eventually("the passed one is gone", async || {
        world.count("log").await == 2
    })
    .await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    eventually("all are gone", async || world.count("log").await == 0).await;
    assert_eq!(recorder.seen(), [1, 2]);

    // Positions go on where they were: nothing new is taken for something old.
    world.publish(&[world.event(1, 3)]).await;
    recorder.has_seen(3).await;
    run.stop().await;
    stop.cancel();
    assert_eq!(recorder.seen(), [1, 2, 3]);
}

#[tokio::test]
async fn a_subscription_that_comes_after_the_trimming_starts_with_what_is_left() {
    let Trimming { world, clock, stop } = trimming().await;
    world.publish(&[world.event(1, 0)]).await;
    clock.advance(8 * DAY);
    eventually("it is gone", async || world.count("log").await == 0).await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    world.publish(&[world.event(1, 1)]).await;
    recorder.has_seen(1).await;
    world.settled().await;
    run.stop().await;
    stop.cancel();
    assert_eq!(recorder.seen(), [1]);
}
