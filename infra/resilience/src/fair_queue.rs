//! Turns for work of which only so much may run at once, given fairly between keys.
//!
//! Each key has a line of its own, and the lines take turns: whoever floods one key waits behind itself, and another key's
//! first waits for one turn. When all lines together are full, the newest of the longest makes room for a shorter one.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The lines are full, or the place in one was given to another key's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many wait for their turn")]
pub struct QueueFull;

/// A queue that is fair between keys. Cheap to clone; clones share their lines.
pub struct FairQueue<K: Hash + Eq + Copy>(Arc<Shared<K>>);

impl<K: Hash + Eq + Copy> Clone for FairQueue<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<K: Hash + Eq + Copy> {
    waiting_max: usize,
    lines: Mutex<Lines<K>>,
}

struct Lines<K: Hash + Eq + Copy> {
    /// Turns that nobody has. While there is one, nobody waits.
    free: usize,
    waiting: usize,
    next_number: u64,
    /// Who waits for each key, first come first; no line is empty.
    by_key: HashMap<K, VecDeque<Waiter<K>>>,
    /// The keys with a line, the one whose turn it is first.
    order: VecDeque<K>,
}

struct Waiter<K: Hash + Eq + Copy> {
    number: u64,
    call: oneshot::Sender<Turn<K>>,
}

/// The right to run until it is dropped.
pub struct Turn<K: Hash + Eq + Copy>(Arc<Shared<K>>);

impl<K: Hash + Eq + Copy> std::fmt::Debug for Turn<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Turn")
    }
}

/// What came of asking for a turn.
enum Asked<K: Hash + Eq + Copy> {
    Free(Turn<K>),
    Waiting(u64, oneshot::Receiver<Turn<K>>),
}

impl<K: Hash + Eq + Copy> FairQueue<K> {
    /// A queue of which at most `running_max` (at least one) run and at most `waiting_max` wait.
    #[must_use]
    pub fn new(running_max: usize, waiting_max: usize) -> Self {
        Self(Arc::new(Shared {
            waiting_max,
            lines: Mutex::new(Lines {
                free: running_max.max(1),
                waiting: 0,
                next_number: 0,
                by_key: HashMap::new(),
                order: VecDeque::new(),
            }),
        }))
    }

    /// Waits for a turn. Whoever gives up waiting leaves the line.
    ///
    /// # Errors
    /// When the lines are full and this key's is no shorter than the others, or becomes the longest while it waits.
    pub async fn turn(&self, key: K) -> Result<Turn<K>, QueueFull> {
        match self.0.ask(key)? {
            Asked::Free(turn) => Ok(turn),
            Asked::Waiting(number, called) => {
                let _place = Place {
                    shared: &self.0,
                    key,
                    number,
                };
                called.await.map_err(|_| QueueFull)
            }
        }
    }

    /// How many wait just now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.lines().waiting
    }
}

impl<K: Hash + Eq + Copy> Shared<K> {
    fn lines(&self) -> MutexGuard<'_, Lines<K>> {
        // Nothing in here panics half-way.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self: &Arc<Self>, key: K) -> Result<Asked<K>, QueueFull> {
        let mut lines = self.lines();
        if lines.free > 0 {
            lines.free -= 1;
            return Ok(Asked::Free(Turn(Arc::clone(self))));
        }
        if lines.waiting >= self.waiting_max && !lines.make_room(&key) {
            return Err(QueueFull);
        }
        let (call, called) = oneshot::channel();
        let number = lines.next_number;
        lines.next_number += 1;
        lines.push(key, Waiter { number, call });
        Ok(Asked::Waiting(number, called))
    }

    /// Gives a turn to the next in line, or keeps it free.
    fn pass_on(self: &Arc<Self>) {
        let next = {
            let mut lines = self.lines();
            let next = lines.pop();
            if next.is_none() {
                lines.free += 1;
            }
            next
        };
        if let Some(waiter) = next {
            // Whoever just gave up does not take it: the turn is dropped, and so passed on again.
            drop(waiter.call.send(Turn(Arc::clone(self))));
        }
    }
}

impl<K: Hash + Eq + Copy> Lines<K> {
    fn push(&mut self, key: K, waiter: Waiter<K>) {
        let line = self.by_key.entry(key).or_default();
        if line.is_empty() {
            self.order.push_back(key);
        }
        line.push_back(waiter);
        self.waiting += 1;
    }

    /// The first of the line whose turn it is; that line goes to the end of the order.
    fn pop(&mut self) -> Option<Waiter<K>> {
        let key = self.order.pop_front()?;
        let line = self.by_key.get_mut(&key)?;
        let waiter = line.pop_front()?;
        self.waiting -= 1;
        if line.is_empty() {
            self.by_key.remove(&key);
        } else {
            self.order.push_back(key);
        }
        Some(waiter)
    }

    /// Sends away the newest of the longest line, when it would still be no shorter than the key's own afterwards.
    fn make_room(&mut self, key: &K) -> bool {
        let own = self.by_key.get(key).map_or(0, VecDeque::len);
        let longest = self.by_key.iter().max_by_key(|(_, line)| line.len());
        let Some((longest, length)) = longest.map(|(key, line)| (*key, line.len())) else {
            return false;
        };
        if length <= own + 1 {
            return false;
        }
        if let Some(line) = self.by_key.get_mut(&longest) {
            line.pop_back();
            self.waiting -= 1;
        }
        true
    }

    fn leave(&mut self, key: &K, number: u64) {
        let Some(line) = self.by_key.get_mut(key) else {
            return;
        };
        let before = line.len();
        line.retain(|waiter| waiter.number != number);
        self.waiting -= before - line.len();
        if line.is_empty() {
            self.by_key.remove(key);
            self.order.retain(|in_order| in_order != key);
        }
    }
}

impl<K: Hash + Eq + Copy> Drop for Turn<K> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

/// A place in a line; whoever drops it leaves the line, called or not.
struct Place<'q, K: Hash + Eq + Copy> {
    shared: &'q Shared<K>,
    key: K,
    number: u64,
}

impl<K: Hash + Eq + Copy> Drop for Place<'_, K> {
    fn drop(&mut self) {
        self.shared.lines().leave(&self.key, self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

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

    /// Asks, and stands in line.
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
    fn whoever_gives_up_leaves_the_line_and_no_turn_is_lost() {
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
}
