//! Turns are fair, bounded, and there is a place for those who are preferred.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;

/// From here on keys are preferred.
const PREFERRED: u8 = 100;

impl QueueKey for u8 {
    fn is_preferred(&self) -> bool {
        *self >= PREFERRED
    }
}

type Asking<'q> = Pin<Box<dyn Future<Output = Result<Turn<u8>, QueueFull>> + 'q>>;

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn now(queue: &FairQueue<u8>, key: u8) -> Turn<u8> {
    match poll(pin!(queue.turn(key))) {
        Poll::Ready(Ok(turn)) => turn,
        other => panic!("there was no turn: {other:?}"),
    }
}

/// Asks, and queues.
fn ask(queue: &FairQueue<u8>, key: u8) -> Asking<'_> {
    let mut asking: Asking<'_> = Box::pin(queue.turn(key));
    assert!(poll(asking.as_mut()).is_pending());
    asking
}

fn turn_of(asking: &mut Asking<'_>) -> Option<Turn<u8>> {
    match poll(asking.as_mut()) {
        Poll::Ready(Ok(turn)) => Some(turn),
        _ => None,
    }
}

fn is_refused(queue: &FairQueue<u8>, key: u8) -> bool {
    matches!(poll(pin!(queue.turn(key))), Poll::Ready(Err(QueueFull)))
}

fn is_sent_away(asking: &mut Asking<'_>) -> bool {
    matches!(poll(asking.as_mut()), Poll::Ready(Err(QueueFull)))
}

#[test]
fn a_flood_of_one_key_waits_behind_itself_and_not_before_another() {
    let queue = FairQueue::new(1, 100);
    let running = now(&queue, 1);
    let mut flood: Vec<_> = (0..20).map(|_| ask(&queue, 1)).collect();
    let mut other = ask(&queue, 2);
    drop(running);
    let first = turn_of(&mut flood[0]).expect("the first in line goes first");
    assert!(turn_of(&mut other).is_none());
    drop(first);
    let second = turn_of(&mut other).expect("the other key's first goes second");
    drop(second);
    assert!(turn_of(&mut flood[1]).is_some());
}

#[test]
fn when_all_lines_are_full_the_longest_makes_room_for_a_shorter_one() {
    let queue = FairQueue::new(1, 3);
    let running = now(&queue, 1);
    let mut flood: Vec<_> = (0..3).map(|_| ask(&queue, 1)).collect();
    assert!(matches!(
        poll(pin!(queue.turn(1))),
        Poll::Ready(Err(QueueFull))
    ));
    let mut other = ask(&queue, 2);
    assert_eq!(queue.waiting(), 3);
    let newest = poll(flood[2].as_mut());
    assert!(matches!(newest, Poll::Ready(Err(QueueFull))), "{newest:?}");
    assert!(
        matches!(poll(pin!(queue.turn(2))), Poll::Ready(Err(QueueFull))),
        "a line is not made longer at the cost of one that is as long"
    );
    drop(running);
    drop(turn_of(&mut flood[0]).unwrap());
    drop(turn_of(&mut other).unwrap());
    drop(turn_of(&mut flood[1]).unwrap());
    assert_eq!(queue.waiting(), 0);
}

#[test]
fn a_waiter_that_gives_up_leaves_the_line_and_no_turn_is_lost() {
    let queue = FairQueue::new(1, 10);
    let running = now(&queue, 1);
    let (gone, called_and_gone, mut stays) = (ask(&queue, 1), ask(&queue, 2), ask(&queue, 3));
    drop(gone);
    assert_eq!(queue.waiting(), 2);
    drop(running);
    // Its turn was sent, and is passed on when it goes without taking it.
    drop(called_and_gone);
    drop(turn_of(&mut stays).expect("the turn was passed on"));
    drop(now(&queue, 4));
    assert_eq!(queue.0.lines().free, 1);
    assert!(queue.0.lines().by_key.is_empty() && queue.0.lines().order.is_empty());
}

#[test]
fn so_many_run_and_no_more() {
    let queue = FairQueue::new(2, 10);
    let (one, two) = (now(&queue, 1), now(&queue, 1));
    let mut third = ask(&queue, 1);
    drop(one);
    assert!(turn_of(&mut third).is_some());
    drop(two);
    assert_eq!(queue.0.lines().free, 2);
}

#[test]
fn a_preferred_key_finds_its_first_place_however_many_others_wait() {
    let queue = FairQueue::new(1, 3);
    let running = now(&queue, 0);
    let mut crowd: Vec<_> = (1..=3).map(|key| ask(&queue, key)).collect();
    assert!(is_refused(&queue, 4), "the others' lines are as short");
    let mut preferred = ask(&queue, PREFERRED);
    assert_eq!(queue.waiting(), 3);
    assert!(is_sent_away(&mut crowd[2]), "who came last waited least");
    assert!(is_refused(&queue, PREFERRED), "a second place is no right");
    assert!(is_refused(&queue, 4));
    drop(running);
    drop(turn_of(&mut crowd[0]).unwrap());
    drop(turn_of(&mut crowd[1]).unwrap());
    drop(turn_of(&mut preferred).expect("nobody took its place"));
    assert!(queue.0.lines().by_key.is_empty() && queue.0.lines().order.is_empty());
}

#[test]
fn preferred_keys_take_nothing_from_one_another() {
    let queue = FairQueue::new(1, 2);
    let _running = now(&queue, 0);
    let (mut one, mut other) = (ask(&queue, PREFERRED), ask(&queue, PREFERRED + 1));
    assert!(is_refused(&queue, PREFERRED + 2));
    assert!(turn_of(&mut one).is_none() && turn_of(&mut other).is_none());
    let none_waits = FairQueue::new(1, 0);
    let _running = now(&none_waits, 0);
    assert!(is_refused(&none_waits, PREFERRED));
}

/// What happens to a queue.
#[derive(Debug, Clone)]
enum Step {
    Ask(u8),
    GiveUp(usize),
    Finish(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = prop_oneof![0..6_u8, PREFERRED..PREFERRED + 4];
    let step = prop_oneof![
        6 => key.prop_map(Step::Ask),
        1 => any::<usize>().prop_map(Step::GiveUp),
        2 => any::<usize>().prop_map(Step::Finish),
    ];
    prop::collection::vec(step, 0..120)
}

/// A queue, and everyone who has asked it.
struct Crowd<'q> {
    queue: &'q FairQueue<u8>,
    running: Vec<Turn<u8>>,
    waiting: Vec<(u8, Asking<'q>)>,
}

impl Crowd<'_> {
    fn count(&self, key: u8) -> usize {
        self.waiting.iter().filter(|(k, _)| *k == key).count()
    }

    /// Hears everyone who waits; returns the keys of those who were sent away. Anyone who has a
    /// response is not asked again.
    fn hear(&mut self) -> Vec<u8> {
        let mut sent_away = Vec::new();
        for (key, mut asking) in std::mem::take(&mut self.waiting) {
            match poll(asking.as_mut()) {
                Poll::Pending => self.waiting.push((key, asking)),
                Poll::Ready(Ok(turn)) => self.running.push(turn),
                Poll::Ready(Err(QueueFull)) => sent_away.push(key),
            }
        }
        sent_away
    }

    /// Asks for a turn, and checks what that did to those who wait already.
    fn ask(&mut self, key: u8, waiting_max: usize) -> Result<(), TestCaseError> {
        let before = self.waiting.len();
        let mut asking: Asking<'_> = Box::pin(self.queue.turn(key));
        match poll(asking.as_mut()) {
            Poll::Pending => self.waiting.push((key, asking)),
            Poll::Ready(Ok(turn)) => self.running.push(turn),
            Poll::Ready(Err(QueueFull)) => {
                prop_assert_eq!(before, waiting_max, "refused, and there was room");
                let all_preferred = self.waiting.iter().all(|(other, _)| other.is_preferred());
                prop_assert!(!key.is_preferred() || self.count(key) > 0 || all_preferred);
            }
        }
        let came_in = self.waiting.len() > before;
        let sent_away = self.hear();
        let expected = usize::from(came_in && before == waiting_max);
        prop_assert_eq!(sent_away.len(), expected, "one place is one place");
        for other in sent_away {
            let keeps_one = !other.is_preferred() || self.count(other) > 0;
            prop_assert!(keeps_one, "{} lost its first place", other);
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn the_bounds_hold_and_everyone_has_one_answer(
        steps in steps(),
        running_max in 1..4_usize,
        waiting_max in 0..7_usize,
    ) {
        let queue = FairQueue::new(running_max, waiting_max);
        let mut crowd = Crowd { queue: &queue, running: Vec::new(), waiting: Vec::new() };
        for step in steps {
            match step {
                Step::Ask(key) => crowd.ask(key, waiting_max)?,
                Step::GiveUp(n) if !crowd.waiting.is_empty() => {
                    drop(crowd.waiting.remove(n % crowd.waiting.len()));
                }
                Step::Finish(n) if !crowd.running.is_empty() => {
                    drop(crowd.running.remove(n % crowd.running.len()));
                    prop_assert!(crowd.hear().is_empty());
                }
                Step::GiveUp(_) | Step::Finish(_) => {}
            }
            prop_assert_eq!(queue.waiting(), crowd.waiting.len());
            prop_assert!(crowd.waiting.len() <= waiting_max);
            prop_assert!(crowd.running.len() <= running_max);
            prop_assert!(crowd.waiting.is_empty() || crowd.running.len() == running_max);
        }
        while let Some(turn) = crowd.running.pop() {
            drop(turn);
            prop_assert!(crowd.hear().is_empty());
        }
        prop_assert!(crowd.waiting.is_empty());
        prop_assert_eq!(queue.0.lines().free, running_max);
        prop_assert!(queue.0.lines().by_key.is_empty() && queue.0.lines().order.is_empty());
    }
}
