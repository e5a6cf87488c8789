//! Events that are given up: they stop nobody, and an operator can look at them, replay them or
//! drop them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use infra_bus::{DeadLetter, DeadLetters, Event, HandlerError, forget};
use infra_kernel::SystemClock;

use crate::kit::{
    NAME, Recorder, World, accept, eventually, failed, number, open_database, subscription,
};

/// As another process would see them: through a handle of its own.
async fn letters(world: &World) -> DeadLetters {
    let database = open_database(world.folder.path()).await;
    DeadLetters::new(database, Arc::new(SystemClock))
}

async fn all(letters: &DeadLetters) -> Vec<DeadLetter> {
    letters.list(None, 0, DeadLetters::PAGE_MAX).await.unwrap()
}

fn rejected(text: &str) -> HandlerError {
    HandlerError::Reject(std::io::Error::other(text.to_owned()).into())
}

#[tokio::test]
async fn a_poison_event_is_dead_lettered_and_the_queue_goes_on() {
    let world = World::new().await;
    let recorder = Recorder::new(|event: Event| async move {
        match number(&event) {
            3 => Err(rejected("this will never do")),
            5 => Err(failed("this may do later")),
            _ => Ok(()),
        }
    });
    let run = world.run(subscription(), recorder.clone());
    let events: Vec<_> = (0..10).map(|number| world.event(1, number)).collect();
    world.publish(&events).await;
    recorder.has_seen(13).await;
    world.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen(), [0, 1, 2, 3, 4, 5, 5, 5, 5, 6, 7, 8, 9]);

    let found = all(&letters(&world).await).await;
    let told: Vec<_> = found
        .iter()
        .map(|letter| {
            (
                number(&letter.event),
                letter.attempts,
                letter.error.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (3, 1, "cannot be handled: this will never do"),
            (5, 4, "not handled this time: this may do later"),
        ]
    );
    assert_eq!(found[0].event, events[3]);
    assert_eq!(found[0].subscription, NAME);
}

/// A world with `count` dead letters of one key, and a switch that heals the handler.
async fn with_dead(
    count: u64,
) -> (
    World,
    Arc<AtomicBool>,
    crate::kit::Run,
    impl Fn() -> Vec<u64>,
) {
    let world = World::new().await;
    let healthy = Arc::new(AtomicBool::new(false));
    let repaired = healthy.clone();
    let recorder = Recorder::new(move |_| {
        let ok = repaired.load(Ordering::SeqCst);
        std::future::ready(ok.then_some(()).ok_or_else(|| rejected("broken")))
    });
    let run = world.run(subscription(), recorder.clone());
    let events: Vec<_> = (0..count).map(|number| world.event(1, number)).collect();
    world.publish(&events).await;
    eventually("all are dead", async || {
        world.status().await.dead_letters == count.cast_signed()
    })
    .await;
    (world, healthy, run, move || recorder.seen())
}

#[tokio::test]
async fn a_replayed_letter_is_tried_again_at_once() {
    let (world, healthy, run, seen) = with_dead(3).await;
    let letters = letters(&world).await;
    let ids: Vec<_> = all(&letters).await.iter().map(|letter| letter.id).collect();
    healthy.store(true, Ordering::SeqCst);
    assert!(letters.replay(ids[1]).await.unwrap());
    assert!(!letters.replay(ids[1]).await.unwrap());
    eventually("it was handled", async || seen() == [0, 1, 2, 1]).await;
    world.settled().await;
    run.stop().await;
    let left: Vec<_> = all(&letters).await.iter().map(|letter| letter.id).collect();
    assert_eq!(left, [ids[0], ids[2]]);
}

#[tokio::test]
async fn a_replayed_letter_that_fails_again_is_dead_again() {
    let (world, _, run, seen) = with_dead(1).await;
    let letters = letters(&world).await;
    let before = all(&letters).await.remove(0);
    assert!(letters.replay(before.id).await.unwrap());
    eventually("it was tried again", async || seen().len() == 2).await;
    eventually("it is dead again", async || {
        world.status().await.dead_letters == 1
    })
    .await;
    run.stop().await;
    let after = all(&letters).await.remove(0);
    assert!(after.id > before.id);
    assert_eq!((after.event, after.attempts), (before.event, 1));
}

#[tokio::test]
async fn all_of_a_subscription_are_replayed_in_order() {
    let (world, healthy, run, seen) = with_dead(700).await;
    healthy.store(true, Ordering::SeqCst);
    let letters = letters(&world).await;
    assert_eq!(letters.replay_all("another.subscription").await.unwrap(), 0);
    assert_eq!(letters.replay_all(NAME).await.unwrap(), 700);
    world.settled().await;
    run.stop().await;
    assert_eq!(seen()[700..], (0..700).collect::<Vec<_>>());
    assert_eq!(world.count("dead_letters").await, 0);
}

#[tokio::test]
async fn a_dropped_letter_is_gone() {
    let (world, _, run, _) = with_dead(2).await;
    let letters = letters(&world).await;
    let first = all(&letters).await.remove(0);
    assert_eq!(letters.show(first.id).await.unwrap().as_ref(), Some(&first));
    assert!(letters.drop(first.id).await.unwrap());
    assert!(!letters.drop(first.id).await.unwrap());
    assert_eq!(letters.show(first.id).await.unwrap(), None);
    run.stop().await;
    assert_eq!(all(&letters).await.len(), 1);
}

#[tokio::test]
async fn letters_are_listed_by_page_and_subscription() {
    let (world, _, run, _) = with_dead(25).await;
    run.stop().await;
    let letters = letters(&world).await;
    let first = letters.list(Some(NAME), 0, 10).await.unwrap();
    let second = letters.list(Some(NAME), first[9].id, 100).await.unwrap();
    let numbers: Vec<_> = first
        .iter()
        .chain(&second)
        .map(|letter| number(&letter.event))
        .collect();
    assert_eq!((first.len(), numbers), (10, (0..25).collect()));
    assert!(
        letters
            .list(Some("another.subscription"), 0, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn letters_outlive_the_log_and_a_crash() {
    let (world, _, run, _) = with_dead(4).await;
    run.kill().await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    world.publish(&[world.event(1, 9)]).await;
    recorder.has_seen(1).await;
    run.stop().await;
    assert_eq!(recorder.seen(), [9]);
    assert_eq!(all(&letters(&world).await).await.len(), 4);
}

#[tokio::test]
async fn letters_of_a_forgotten_subscription_stay_and_cannot_be_replayed() {
    let (world, _, run, _) = with_dead(1).await;
    run.stop().await;
    assert!(forget(&world.database, NAME).await.unwrap());
    assert!(!forget(&world.database, NAME).await.unwrap());
    let letters = letters(&world).await;
    let letter = all(&letters).await.remove(0);
    assert!(!letters.replay(letter.id).await.unwrap());
    assert_eq!(letters.replay_all(NAME).await.unwrap(), 0);
    assert_eq!(all(&letters).await, [letter]);
}

/// An earlier event that hangs keeps the cursor from moving over the dead one.
#[tokio::test]
async fn a_letter_beyond_the_cursor_stays_dead_after_a_crash() {
    let world = World::new().await;
    let recorder = Recorder::new(|event: Event| async move {
        if number(&event) == 0 {
            std::future::pending::<()>().await;
        }
        Err(rejected("never"))
    });
    let run = world.run(subscription(), recorder);
    world.publish(&[world.event(1, 0), world.event(2, 1)]).await;
    eventually("it is dead", async || {
        world.status().await.dead_letters == 1
    })
    .await;
    run.kill().await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    world.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen(), [0]);
}

#[tokio::test]
async fn a_replayed_letter_goes_before_a_later_event_that_waits() {
    let world = World::new().await;
    let recorder = Recorder::new(|event: Event| async move {
        match number(&event) {
            0 => Err(rejected("never")),
            _ => Err(failed("later")),
        }
    });
    let mut patient = subscription();
    patient.retry.pause_min = Duration::from_secs(3_600);
    patient.retry.pause_max = Duration::from_secs(3_600);
    let run = world.run(patient.clone(), recorder.clone());
    world.publish(&[world.event(1, 0), world.event(1, 1)]).await;
    eventually("one waits", async || world.status().await.waiting == 1).await;
    run.stop().await;
    let letters = letters(&world).await;
    let id = all(&letters).await[0].id;
    assert!(letters.replay(id).await.unwrap());
    let heads = "redelivery WHERE next_attempt_at IS NOT NULL";
    assert_eq!(world.count(heads).await, 1);
    let recorder = Recorder::new(accept);
    let run = world.run(patient, recorder.clone());
    world.settled().await;
    run.stop().await;
    assert_eq!(recorder.seen(), [0, 1]);
}
