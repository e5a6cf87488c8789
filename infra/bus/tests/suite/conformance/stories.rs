//! The stories.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_bus::{DeadLetters, Event, HandlerError, RetryPolicy, Subscription, forget};
use infra_kernel::{Clock as _, ManualClock, SystemClock};
use tokio::sync::Notify;

pub(super) use super::tails::{
    a_tail_sees_what_is_published_from_now_on, a_tail_that_is_far_behind_goes_on_at_the_end,
};
use super::{Place, Stage};
use crate::kit::{
    NAME, Recorder, TOPIC, accept, eventually, failed, number, quick, quick_retry, subscription,
};

pub(super) async fn every_event_of_its_topics_arrives_once_and_in_order(place: Place) {
    let stage = Stage::new(&place).await;
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    for first in (0..600).step_by(150) {
        let mut events = Vec::new();
        for number in first..first + 150 {
            // Keys repeat within one call: what it publishes is in order for each of them.
            events.push(stage.event(number % 3, number));
            events.push(stage.event_on("things.unheard", 7, 0));
        }
        stage.publish(&events).await;
    }
    recorder.has_seen(600).await;
    stage.settled().await;
    run.stop().await;
    for key in 0..3 {
        let of_key = recorder.seen().into_iter().filter(|n| n % 3 == key);
        let expected = (0..600).filter(|n| n % 3 == key);
        assert_eq!(of_key.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}

pub(super) async fn an_event_published_twice_is_delivered_once(place: Place) {
    let stage = Stage::new(&place).await;
    let events: Vec<_> = (0..100).map(|number| stage.event(number, number)).collect();
    stage.publish(&events[..60]).await;
    stage.publish(&events[30..]).await;
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    recorder.has_seen(100).await;
    stage.publish(&events).await;
    stage.settled().await;
    run.stop().await;
    let mut seen = recorder.seen();
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

pub(super) async fn a_stopped_subscription_resumes_where_it_was(place: Place) {
    let stage = Stage::new(&place).await;
    let first = Recorder::new(accept);
    let run = stage.run(subscription(), first.clone());
    let events: Vec<_> = (0..50).map(|number| stage.event(number, number)).collect();
    stage.publish(&events).await;
    first.has_seen(50).await;
    run.stop().await;
    let stage = stage.after(&place).await;
    stage.publish(&[stage.event(1, 99)]).await;
    let second = Recorder::new(accept);
    let run = stage.run(subscription(), second.clone());
    second.has_seen(1).await;
    run.stop().await;
    assert_eq!((first.seen().len(), second.seen()), (50, vec![99]));
}

pub(super) async fn what_was_not_acknowledged_before_a_crash_is_delivered_again(place: Place) {
    let stage = Stage::new(&place).await;
    let stuck = Recorder::new(|event: Event| async move {
        if number(&event) == 10 {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let run = stage.run(subscription(), stuck.clone());
    let events: Vec<_> = (0..20).map(|number| stage.event(number, number)).collect();
    stage.publish(&events).await;
    stuck.has_seen(20).await;
    eventually("the cursor stands before the stuck event", async || {
        stage
            .status()
            .await
            .is_some_and(|status| status.position == 10)
    })
    .await;
    run.kill().await;
    let again = Recorder::new(accept);
    let run = stage.run(subscription(), again.clone());
    stage.settled().await;
    run.stop().await;
    let mut seen = again.seen();
    seen.sort_unstable();
    assert_eq!(seen, (10..20).collect::<Vec<_>>());
}

pub(super) async fn a_new_subscription_starts_at_the_beginning_of_what_is_kept(place: Place) {
    let stage = Stage::new(&place).await;
    stage.publish(&[stage.event(1, 0), stage.event(1, 1)]).await;
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    recorder.has_seen(2).await;
    run.stop().await;
    assert_eq!(recorder.seen(), [0, 1]);
}

/// On NATS without a look in between. The embedded log is looked at now and then.
pub(super) async fn what_another_process_publishes_wakes_a_subscription(place: Place) {
    let mut settings = quick();
    if matches!(place, Place::JetStream(..)) {
        settings.poll_interval_ms = 3_600_000;
    }
    let stage = Stage::with(&place, &settings, Arc::new(SystemClock)).await;
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    let other = stage.elsewhere(&place).await;
    for number in 0..50 {
        other.publish(&[stage.event(1, number)]).await.unwrap();
        recorder
            .has_seen(usize::try_from(number).unwrap() + 1)
            .await;
    }
    run.stop().await;
}

pub(super) async fn a_slow_event_holds_up_only_its_own_key(place: Place) {
    let stage = Stage::new(&place).await;
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let recorder = Recorder::new(move |event: Event| {
        let gate = opened.clone();
        async move {
            if number(&event) == 0 {
                gate.notified().await;
            }
            Ok(())
        }
    });
    let run = stage.run(subscription(), recorder.clone());
    // Number 1 has the key of the slow number 0; the others have keys of their own.
    let events: Vec<_> = (0..40)
        .map(|number| stage.event(number.max(1), number))
        .collect();
    stage.publish(&events).await;
    recorder.has_seen(39).await;
    assert!(!recorder.seen().contains(&1));
    gate.notify_one();
    recorder.has_seen(40).await;
    assert_eq!(recorder.seen().last(), Some(&1));
    run.stop().await;
}

pub(super) async fn order_is_kept_when_events_keep_coming_while_one_waits(place: Place) {
    let stage = Stage::new(&place).await;
    let tried = Mutex::new(std::collections::HashMap::<u64, u32>::new());
    let recorder = Recorder::new(move |event: Event| {
        let mut tried = tried.lock().unwrap();
        let tries = tried.entry(number(&event)).or_default();
        *tries += 1;
        let fails = number(&event).is_multiple_of(7) && *tries <= 2;
        std::future::ready(if fails {
            Err(failed("not yet"))
        } else {
            Ok(())
        })
    });
    let run = stage.run(subscription(), recorder.clone());
    for number in 0..200 {
        stage.publish(&[stage.event(1, number)]).await;
    }
    stage.settled().await;
    run.stop().await;
    let mut seen = recorder.seen();
    seen.dedup();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}

pub(super) async fn a_crash_loses_neither_the_waiting_event_nor_its_place(place: Place) {
    let stage = Stage::new(&place).await;
    let patient = Subscription {
        retry: RetryPolicy {
            pause_min: Duration::from_millis(300),
            pause_max: Duration::from_secs(1),
            ..quick_retry()
        },
        ..subscription()
    };
    let first = Recorder::new(|_| std::future::ready(Err(failed("not yet"))));
    let run = stage.run(patient.clone(), first.clone());
    let events: Vec<_> = (0..5).map(|number| stage.event(1, number)).collect();
    stage.publish(&events).await;
    eventually("all five wait", async || {
        stage
            .status()
            .await
            .is_some_and(|status| status.waiting == 5)
    })
    .await;
    run.kill().await;
    let second = Recorder::new(accept);
    let run = stage.run(patient, second.clone());
    stage.settled().await;
    run.stop().await;
    assert_eq!(second.seen(), [0, 1, 2, 3, 4]);
}

pub(super) async fn a_poison_event_is_dead_lettered_and_can_be_replayed(place: Place) {
    let stage = Stage::new(&place).await;
    let healthy = Arc::new(AtomicBool::new(false));
    let repaired = healthy.clone();
    let recorder = Recorder::new(move |event: Event| {
        let is_poison = number(&event) == 3 && !repaired.load(Ordering::SeqCst);
        std::future::ready(if is_poison {
            Err(HandlerError::Reject("never".into()))
        } else {
            Ok(())
        })
    });
    let run = stage.run(subscription(), recorder.clone());
    let events: Vec<_> = (0..10).map(|number| stage.event(1, number)).collect();
    stage.publish(&events).await;
    recorder.has_seen(10).await;
    stage.settled().await;
    let letters = DeadLetters::new(stage.database.clone(), Arc::new(SystemClock));
    let found = letters.list(Some(NAME), 0, 10).await.unwrap();
    assert_eq!((found.len(), &found[0].event), (1, &events[3]));
    healthy.store(true, Ordering::SeqCst);
    assert!(letters.replay(found[0].id).await.unwrap());
    recorder.has_seen(11).await;
    stage.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen().last(), Some(&3));
    assert!(letters.list(None, 0, 10).await.unwrap().is_empty());
}

pub(super) async fn a_letter_beyond_the_cursor_stays_dead_after_a_crash(place: Place) {
    let stage = Stage::new(&place).await;
    let recorder = Recorder::new(|event: Event| async move {
        if number(&event) == 0 {
            std::future::pending::<()>().await;
        }
        Err(HandlerError::Reject("never".into()))
    });
    let run = stage.run(subscription(), recorder);
    stage.publish(&[stage.event(1, 0), stage.event(2, 1)]).await;
    eventually("it is dead", async || {
        stage
            .status()
            .await
            .is_some_and(|status| status.dead_letters == 1)
    })
    .await;
    run.kill().await;
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    stage.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen(), [0]);
}

pub(super) async fn a_rare_topic_is_found_behind_many_other_events(place: Place) {
    let stage = Stage::new(&place).await;
    let mut events: Vec<_> = (0..3_000)
        .map(|number| stage.event_on("things.unheard", number, number))
        .collect();
    events.push(stage.event_on(TOPIC, 1, 1));
    events.push(stage.event_on("things.unheard", 1, 2));
    stage.publish(&events).await;
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    recorder.has_seen(1).await;
    stage.settled().await;
    run.stop().await;
    let status = stage.status().await.unwrap();
    assert_eq!(status.position, 3_002, "its cursor moves past the others");
}

pub(super) async fn only_what_everyone_has_passed_is_trimmed(place: Place) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let mut settings = quick();
    settings.trim_interval_s = 1;
    let stage = Stage::with(&place, &settings, clock.clone()).await;
    let run = stage.run(subscription(), Recorder::new(accept));
    let events: Vec<_> = (0..50).map(|number| stage.event(number, number)).collect();
    stage.publish(&events).await;
    stage.settled().await;
    run.stop().await;
    stage
        .publish(&[stage.event(1, 50), stage.event(1, 51)])
        .await;
    clock.advance(Duration::from_secs(30 * 86_400));
    let _trimming = stage.trim();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let late = Recorder::new(accept);
    let run = stage.run(
        Subscription {
            name: "test.late",
            ..subscription()
        },
        late.clone(),
    );
    late.has_seen(2).await;
    run.stop().await;
    assert_eq!(late.seen(), [50, 51]);
    let recorder = Recorder::new(accept);
    let run = stage.run(subscription(), recorder.clone());
    recorder.has_seen(2).await;
    run.stop().await;
    assert_eq!(recorder.seen(), [50, 51]);
}

pub(super) async fn one_that_is_forgotten_holds_nothing_back(place: Place) {
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let mut settings = quick();
    settings.trim_interval_s = 1;
    let stage = Stage::with(&place, &settings, clock.clone()).await;
    let gone = Subscription {
        name: "test.gone",
        ..subscription()
    };
    let recorder = Recorder::new(accept);
    let run = stage.run(gone.clone(), recorder.clone());
    stage.publish(&[stage.event(1, 0)]).await;
    recorder.has_seen(1).await;
    run.stop().await;
    let events: Vec<_> = (1..20).map(|number| stage.event(number, number)).collect();
    stage.publish(&events).await;
    let run = stage.run(subscription(), Recorder::new(accept));
    stage.settled().await;
    clock.advance(Duration::from_secs(30 * 86_400));
    let _trimming = stage.trim();
    eventually("what both have passed is gone", async || {
        stage.kept(&place).await == 19
    })
    .await;
    assert!(forget(&stage.database, gone.name).await.unwrap());
    eventually("the rest is gone", async || stage.kept(&place).await == 0).await;
    run.stop().await;
}

pub(super) async fn headers_travel_with_their_event(place: Place) {
    let stage = Stage::new(&place).await;
    assert_eq!(stage.last_event().await, None);
    let mut event = stage.event(u64::MAX, 1);
    let others = &mut event.headers.others;
    others.insert("tenant".to_owned(), "Æsir \"1\"\r\n".into());
    event.payload = vec![0, 255, 13, 10];
    stage.publish(std::slice::from_ref(&event)).await;
    assert_eq!(stage.last_event().await, Some(event.id));
    let handled = Arc::new(Mutex::new(Vec::new()));
    let noted = handled.clone();
    let keeper = Keeper(noted);
    let run = stage.run(subscription(), Arc::new(keeper));
    stage.settled().await;
    run.stop().await;
    assert_eq!(*handled.lock().unwrap(), [event]);
}

/// Notes the events that it gets.
struct Keeper(Arc<Mutex<Vec<Event>>>);

#[async_trait::async_trait]
impl infra_bus::Handler for Keeper {
    async fn handle(&self, _: &infra_kernel::Context, event: &Event) -> Result<(), HandlerError> {
        self.0.lock().unwrap().push(event.clone());
        Ok(())
    }
}
