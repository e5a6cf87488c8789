//! What happens after a failure: again, later each time, and behind it everything of the same key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use infra_bus::{DeadLetters, Event, HandlerError, RetryPolicy, Subscription};
use infra_kernel::{Clock as _, ManualClock, SystemClock};

use crate::kit::{
    NAME, Recorder, World, accept, eventually, failed, number, quick, quick_retry, subscription,
};

fn with_retry(retry: RetryPolicy) -> Subscription {
    Subscription {
        retry,
        ..subscription()
    }
}

/// Fails the first attempts of each event, as many as the map says.
fn failing(
    plan: HashMap<u64, u32>,
) -> impl Fn(Event) -> std::future::Ready<Result<(), HandlerError>> {
    let left = Mutex::new(plan);
    move |event| {
        let mut left = left.lock().unwrap();
        let failures = left.entry(number(&event)).or_default();
        if *failures == 0 {
            return std::future::ready(Ok(()));
        }
        *failures -= 1;
        std::future::ready(Err(failed("not yet")))
    }
}

#[tokio::test]
async fn a_failed_event_is_tried_again_with_growing_pauses() {
    let world = World::new().await;
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = times.clone();
    let recorder = Recorder::new(move |_| {
        let mut times = noted.lock().unwrap();
        times.push(Instant::now());
        let result = if times.len() < 4 {
            Err(failed("not yet"))
        } else {
            Ok(())
        };
        std::future::ready(result)
    });
    let retry = RetryPolicy {
        pause_min: Duration::from_millis(20),
        pause_max: Duration::from_millis(200),
        ..quick_retry()
    };
    let run = world.run(with_retry(retry), recorder.clone());
    world.publish(&[world.event(1, 0)]).await;
    recorder.has_seen(4).await;
    world.settled().await;
    run.stop().await;
    let times = std::mem::take(&mut *times.lock().unwrap());
    for (pair, least_ms) in times.windows(2).zip([20, 40, 80]) {
        let pause = pair[1] - pair[0];
        assert!(
            pause >= Duration::from_millis(least_ms),
            "{pause:?} is too short"
        );
    }
    assert_eq!(world.count("dead_letters").await, 0);
}

#[tokio::test]
async fn later_events_of_the_key_wait_behind_a_failed_one_and_others_do_not() {
    let world = World::new().await;
    let recorder = Recorder::new(failing(HashMap::from([(0, 3)])));
    let run = world.run(subscription(), recorder.clone());
    // Numbers 0 to 9 have one key, the rest keys of their own.
    let events: Vec<_> = (0..60)
        .map(|number| world.event(if number < 10 { 1 } else { number }, number))
        .collect();
    world.publish(&events).await;
    world.settled().await;
    run.stop().await;
    let of_the_key: Vec<_> = recorder.seen().into_iter().filter(|n| *n < 10).collect();
    assert_eq!(of_the_key, [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(recorder.seen().len(), 63);
}

#[tokio::test]
async fn order_is_kept_when_events_keep_coming_while_one_waits() {
    let world = World::new().await;
    let recorder = Recorder::new(failing((0..300).step_by(7).map(|n| (n, 2)).collect()));
    let run = world.run(subscription(), recorder.clone());
    for number in 0..300 {
        world.publish(&[world.event(1, number)]).await;
    }
    world.settled().await;
    run.stop().await;
    let mut last_of_each = recorder.seen();
    last_of_each.dedup();
    assert_eq!(last_of_each, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_crash_loses_neither_the_waiting_event_nor_its_place() {
    let world = World::new().await;
    let retry = RetryPolicy {
        pause_min: Duration::from_millis(300),
        pause_max: Duration::from_secs(1),
        ..quick_retry()
    };
    let first = Recorder::new(failing(HashMap::from([(0, 9)])));
    let running = world.run(with_retry(retry), first.clone());
    let events: Vec<_> = (0..5).map(|number| world.event(1, number)).collect();
    world.publish(&events).await;
    eventually("all five wait", async || world.status().await.waiting == 5).await;
    running.kill().await;

    let second = Recorder::new(accept);
    let running = world.run(with_retry(retry), second.clone());
    world.settled().await;
    running.stop().await;
    assert_eq!(first.seen(), [0]);
    assert_eq!(second.seen(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_long_queue_behind_one_event_is_worked_off() {
    let world = World::new().await;
    let healthy = Arc::new(AtomicBool::new(false));
    let repaired = healthy.clone();
    let recorder = Recorder::new(move |_| {
        let ok = repaired.load(Ordering::SeqCst);
        std::future::ready(ok.then_some(()).ok_or_else(|| failed("broken")))
    });
    let retry = RetryPolicy {
        attempts_max: 1_000,
        ..quick_retry()
    };
    let run = world.run(with_retry(retry), recorder.clone());
    let events: Vec<_> = (0..1_500).map(|number| world.event(1, number)).collect();
    world.publish(&events).await;
    eventually("all wait", async || world.status().await.waiting == 1_500).await;
    healthy.store(true, Ordering::SeqCst);
    world.settled().await;
    run.stop().await;
    let mut seen = recorder.seen();
    seen.dedup();
    assert_eq!(seen, (0..1_500).collect::<Vec<_>>());
}

#[tokio::test]
async fn too_many_waiting_events_hold_new_ones_in_the_log() {
    let mut settings = quick();
    settings.waiting_events_max = 20;
    settings.window_events_max = 30;
    let world = World::with(&settings, Arc::new(SystemClock)).await;
    let healthy = Arc::new(AtomicBool::new(false));
    let repaired = healthy.clone();
    let recorder = Recorder::new(move |_| {
        let ok = repaired.load(Ordering::SeqCst);
        std::future::ready(ok.then_some(()).ok_or_else(|| failed("broken")))
    });
    let retry = RetryPolicy {
        attempts_max: 100_000,
        ..quick_retry()
    };
    let run = world.run(with_retry(retry), recorder.clone());
    let events: Vec<_> = (0..500).map(|number| world.event(number, number)).collect();
    world.publish(&events).await;
    for _ in 0..10 {
        recorder.has_seen(recorder.seen().len() + 50).await;
        let waiting = world.status().await.waiting;
        assert!(waiting < 20 + 30, "{waiting} wait");
    }
    assert!(world.status().await.waiting >= 20);
    healthy.store(true, Ordering::SeqCst);
    world.settled().await;
    run.stop().await;
    let mut seen = recorder.seen();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 500);
}

#[tokio::test]
async fn a_panic_is_a_failure_of_that_attempt_alone() {
    let world = World::new().await;
    let recorder = Recorder::new(|event: Event| async move {
        assert!(number(&event) != 1, "number one is not liked");
        Ok(())
    });
    let run = world.run(subscription(), recorder.clone());
    let events: Vec<_> = (0..3).map(|number| world.event(number, number)).collect();
    world.publish(&events).await;
    eventually("it is dead", async || {
        world.status().await.dead_letters == 1
    })
    .await;
    run.stop().await;
    assert_eq!(recorder.seen().iter().filter(|n| **n == 1).count(), 4);
    let letters = DeadLetters::new(world.database.clone(), Arc::new(SystemClock));
    let letter = letters.list(Some(NAME), 0, 10).await.unwrap().remove(0);
    assert_eq!(
        letter.error,
        "the handler panicked: number one is not liked"
    );
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_ended_and_counts_as_a_failure() {
    let world = World::new().await;
    let hangs = AtomicBool::new(true);
    let recorder = Recorder::new(move |_| {
        let hang = hangs.swap(false, Ordering::SeqCst);
        async move {
            if hang {
                std::future::pending::<()>().await;
            }
            Ok(())
        }
    });
    let retry = RetryPolicy {
        attempt_timeout: Duration::from_millis(50),
        ..quick_retry()
    };
    let run = world.run(with_retry(retry), recorder.clone());
    world.publish(&[world.event(1, 0)]).await;
    recorder.has_seen(2).await;
    world.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen(), [0, 0]);
}

/// The next attempt is kept as a time of day. A clock that was set back must not hold it up until
/// that time comes again.
#[tokio::test]
async fn a_clock_that_is_set_back_does_not_hold_up_redelivery() {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let world = World::with(&quick(), clock.clone()).await;
    let recorder = Recorder::new(failing(HashMap::from([(0, 1)])));
    let run = world.run(subscription(), recorder.clone());
    world.publish(&[world.event(1, 0)]).await;
    eventually("it waits", async || world.status().await.waiting == 1).await;
    assert_eq!(recorder.seen(), [0]);
    clock.set(clock.now().minus(Duration::from_secs(3_600)));
    recorder.has_seen(2).await;
    world.settled().await;
    run.stop().await;
}

/// An earlier event that hangs keeps the cursor from moving over the one that waits: after the
/// crash both the log and the redelivery table hold it.
#[tokio::test]
async fn a_crash_neither_doubles_a_waiting_event_nor_forgets_its_attempts() {
    let world = World::new().await;
    let first = Recorder::new(|event: Event| async move {
        if number(&event) == 0 {
            std::future::pending::<()>().await;
        }
        Err(failed("not yet"))
    });
    let retry = RetryPolicy {
        attempts_max: 2,
        pause_min: Duration::from_millis(300),
        pause_max: Duration::from_millis(400),
        ..quick_retry()
    };
    let running = world.run(with_retry(retry), first.clone());
    world.publish(&[world.event(1, 0), world.event(2, 1)]).await;
    eventually("it waits", async || world.status().await.waiting == 1).await;
    running.kill().await;
    let second = Recorder::new(|event: Event| async move {
        (number(&event) == 0)
            .then_some(())
            .ok_or_else(|| failed("not yet"))
    });
    let running = world.run(with_retry(retry), second.clone());
    world.settled().await;
    running.stop().await;
    assert_eq!(second.seen(), [0, 1]);
    let letters = DeadLetters::new(world.database.clone(), Arc::new(SystemClock));
    assert_eq!(letters.list(None, 0, 10).await.unwrap()[0].attempts, 2);
}

#[tokio::test]
async fn what_only_waits_for_something_to_come_back_is_never_given_up() {
    let world = World::new().await;
    let away = Arc::new(AtomicBool::new(true));
    let seen_away = away.clone();
    let recorder = Recorder::new(move |_| {
        let result = if seen_away.load(Ordering::Relaxed) {
            Err(HandlerError::Unavailable("the disk is full".into()))
        } else {
            Ok(())
        };
        std::future::ready(result)
    });
    let retry = RetryPolicy {
        attempts_max: 2,
        pause_min: Duration::from_millis(1),
        pause_max: Duration::from_millis(2),
        ..quick_retry()
    };
    let run = world.run(with_retry(retry), recorder.clone());
    world.publish(&[world.event(1, 0)]).await;
    recorder.has_seen(6).await;
    assert_eq!(world.status().await.dead_letters, 0);
    away.store(false, Ordering::Relaxed);
    world.settled().await;
    assert_eq!(world.status().await.dead_letters, 0);
    run.stop().await;
}
