//! Turns for work of which only so much may run at once, given fairly between keys.
//!
//! Each key has a queue of its own, and the queues take turns: a caller that floods one key waits
//! behind itself, and another key's first waits for one turn. When all lines together are full, the
//! newest of the longest makes room for a shorter one, and the first place of a preferred key is
//! found at the cost of a key that is not.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The lines are full, or the place in one was given to another key's waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many wait for their turn")]
pub struct QueueFull;

/// Whom turns are shared between.
pub trait QueueKey: Hash + Eq + Copy {
    /// Whether it always finds a first place, as long as keys that are not preferred hold any:
    /// however many of those wait, each with a line that is no longer than the others.
    fn is_preferred(&self) -> bool;
}

/// A queue that is fair between keys. Cheap to clone; clones share their lines.
pub struct FairQueue<K: QueueKey>(Arc<Shared<K>>);

impl<K: QueueKey> Clone for FairQueue<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Shared<K: QueueKey> {
    waiting_max: usize,
    lines: Mutex<Lines<K>>,
}

struct Lines<K: QueueKey> {
    /// Turns that nobody has. While there is one, nobody waits.
    free: usize,
    waiting: usize,
    next_number: u64,
    /// Who waits for each key, first come first; no line is empty.
    by_key: HashMap<K, VecDeque<Waiter<K>>>,
    /// The keys with a line, the one whose turn it is first.
    order: VecDeque<K>,
}

struct Waiter<K: QueueKey> {
    number: u64,
    call: oneshot::Sender<Turn<K>>,
}

/// The right to run until it is dropped.
pub struct Turn<K: QueueKey>(Arc<Shared<K>>);

impl<K: QueueKey> std::fmt::Debug for Turn<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Turn")
    }
}

/// What came of asking for a turn.
enum Acquired<K: QueueKey> {
    Free(Turn<K>),
    Waiting(u64, oneshot::Receiver<Turn<K>>),
}

impl<K: QueueKey> FairQueue<K> {
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

    /// Waits for a turn. A waiter that gives up leaves the queue.
    ///
    /// # Errors
    /// When the lines are full and none can be shortened for this key, or when its place is given
    /// to another key's waiter.
    pub async fn turn(&self, key: K) -> Result<Turn<K>, QueueFull> {
        match self.0.ask(key)? {
            Acquired::Free(turn) => Ok(turn),
            Acquired::Waiting(number, called) => {
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

impl<K: QueueKey> Shared<K> {
    fn lines(&self) -> MutexGuard<'_, Lines<K>> {
        // Nothing in here panics half-way.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self: &Arc<Self>, key: K) -> Result<Acquired<K>, QueueFull> {
        let mut lines = self.lines();
        // With a free turn nobody waits, so nobody is overtaken.
        if lines.free > 0 {
            lines.free -= 1;
            return Ok(Acquired::Free(Turn(Arc::clone(self))));
        }
        if lines.waiting >= self.waiting_max && !lines.make_room(&key) {
            return Err(QueueFull);
        }
        let (call, called) = oneshot::channel();
        let number = lines.next_number;
        lines.next_number += 1;
        lines.push(key, Waiter { number, call });
        Ok(Acquired::Waiting(number, called))
    }

    /// Gives a turn to the next in line, or keeps it free.
    fn pass_on(self: &Arc<Self>) {
        // The lock ends with this block: the send below may drop a turn, which takes it again.
        let next = {
            let mut lines = self.lines();
            let next = lines.pop();
            if next.is_none() {
                lines.free += 1;
            }
            next
        };
        if let Some(waiter) = next {
            // A waiter that just gave up does not take it: the turn is dropped, and so passed on
            // again.
            drop(waiter.call.send(Turn(Arc::clone(self))));
        }
    }
}

impl<K: QueueKey> Lines<K> {
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

    /// Sends away the newest of another line, if the key may have its place.
    fn make_room(&mut self, key: &K) -> bool {
        let own = self.by_key.get(key).map_or(0, VecDeque::len);
        let Some(line) = self.line_to_shorten(own, key.is_preferred()) else {
            return false;
        };
        if let Some(newest) = self.by_key.get_mut(&line).and_then(VecDeque::pop_back) {
            // Its sender goes with it, which is how it learns that its place was given away.
            drop(newest);
            self.waiting -= 1;
        }
        self.forget_if_empty(&line);
        true
    }

    /// The longest line, when it would still be no shorter than the key's own afterwards. Failing
    /// that, for the first place of a preferred key, the longest of those that are not: one place
    /// each and no more, so that those who are preferred cannot take all of them by coming often.
    fn line_to_shorten(&self, own: usize, is_preferred: bool) -> Option<K> {
        let (longest, length) = self.longest(|_| true)?;
        // By two at least: by one, the two keys would only change places.
        if length > own + 1 {
            return Some(longest);
        }
        if own > 0 || !is_preferred {
            return None;
        }
        let (longest, _) = self.longest(|key| !key.is_preferred())?;
        Some(longest)
    }

    /// The longest line of such keys; of equally long ones that with the newest waiter, who has
    /// waited least.
    fn longest(&self, is_meant: impl Fn(&K) -> bool) -> Option<(K, usize)> {
        let lines = self.by_key.iter().filter(|(key, _)| is_meant(key));
        let newest = |line: &VecDeque<Waiter<K>>| line.back().map(|waiter| waiter.number);
        let longest = lines.max_by_key(|(_, line)| (line.len(), newest(line)));
        longest.map(|(key, line)| (*key, line.len()))
    }

    fn leave(&mut self, key: &K, number: u64) {
        let Some(line) = self.by_key.get_mut(key) else {
            return;
        };
        let before = line.len();
        line.retain(|waiter| waiter.number != number);
        self.waiting -= before - line.len();
        self.forget_if_empty(key);
    }

    fn forget_if_empty(&mut self, key: &K) {
        if self.by_key.get(key).is_some_and(VecDeque::is_empty) {
            self.by_key.remove(key);
            self.order.retain(|in_order| in_order != key);
        }
    }
}

impl<K: QueueKey> Drop for Turn<K> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

/// A place in a queue; a caller that drops it leaves the queue, called or not.
struct Place<'q, K: QueueKey> {
    shared: &'q Shared<K>,
    key: K,
    number: u64,
}

impl<K: QueueKey> Drop for Place<'_, K> {
    fn drop(&mut self) {
        self.shared.lines().leave(&self.key, self.number);
    }
}

#[cfg(test)]
mod tests;
