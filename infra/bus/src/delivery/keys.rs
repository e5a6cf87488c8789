//! Events in memory, one queue for each key: keeps the order of a key and lets different keys pass
//! each other.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::Event;

/// Where an event was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The log: it has not been tried yet, as far as is known.
    Log,
    /// It waits in the redelivery table.
    Waiting,
}

/// An event to be handled.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) position: i64,
    pub(crate) event: Arc<Event>,
    /// How often it was tried before.
    pub(crate) attempts: u32,
    pub(crate) source: Source,
}

#[derive(Default)]
struct KeyState {
    queue: VecDeque<Item>,
    running: bool,
    /// How many items from the redelivery table are queued or running.
    waiting: usize,
    /// The ack batch that will put events of this key behind others in the redelivery table. Until
    /// it is durable, the table does not tell that later events must wait too.
    parked_in: Option<u64>,
    /// The ack batch that will change rows which were, or are about to be, the first to wait. Until
    /// it is durable, the table's rows must not be loaded: they would be handled again.
    waited_in: Option<u64>,
}

impl KeyState {
    fn is_idle(&self) -> bool {
        let uncommitted = self.parked_in.is_some() || self.waited_in.is_some();
        !self.running && self.queue.is_empty() && !uncommitted
    }
}

/// The queues. A key is in `ready` exactly when it has a queue and nothing of it is running.
#[derive(Default)]
pub(crate) struct KeyQueues {
    keys: HashMap<u64, KeyState>,
    ready: VecDeque<u64>,
    loaded: usize,
}

impl KeyQueues {
    /// How many items are queued or running.
    pub(crate) fn loaded(&self) -> usize {
        self.loaded
    }

    /// Whether a new event of this key must wait behind others in the redelivery table.
    pub(crate) fn must_park(&self, key: u64) -> bool {
        self.keys
            .get(&key)
            .is_some_and(|state| state.parked_in.is_some() || state.waited_in.is_some())
    }

    /// Whether this key's rows of the redelivery table may be loaded.
    pub(crate) fn takes_waiting(&self, key: u64) -> bool {
        self.keys
            .get(&key)
            .is_none_or(|state| state.waiting == 0 && state.waited_in.is_none())
    }

    /// Queues an item behind the others of its key.
    pub(crate) fn push(&mut self, item: Item) {
        let key = item.event.key;
        let state = self.keys.entry(key).or_default();
        // Else the key is in `ready`, or comes back to it when what runs has ended.
        if !state.running && state.queue.is_empty() {
            self.ready.push_back(key);
        }
        state.waiting += usize::from(item.source == Source::Waiting);
        state.queue.push_back(item);
        self.loaded += 1;
    }

    /// The next item that may run; its key's others wait until it has finished or failed.
    pub(crate) fn start_next(&mut self) -> Option<Item> {
        let state = self.keys.get_mut(&self.ready.pop_front()?)?;
        let item = state.queue.pop_front()?;
        state.running = true;
        Some(item)
    }

    /// A running item is done with, by success or by being given up: the next of its key may run.
    pub(crate) fn finish(&mut self, item: &Item) {
        let key = item.event.key;
        self.loaded -= 1;
        let Some(state) = self.keys.get_mut(&key) else {
            return;
        };
        state.running = false;
        state.waiting -= usize::from(item.source == Source::Waiting);
        if !state.queue.is_empty() {
            self.ready.push_back(key);
        // There is no end of keys: only those that something is known of stay.
        } else if state.is_idle() {
            self.keys.remove(&key);
        }
    }

    /// A running item failed and will be tried later, in the ack batch `generation`. Returns the
    /// events from the log that were queued behind it and must wait in the redelivery table now;
    /// those from the table are there already.
    pub(crate) fn fail(&mut self, item: &Item, generation: u64) -> Vec<Item> {
        let Some(state) = self.keys.get_mut(&item.event.key) else {
            return Vec::new();
        };
        self.loaded -= 1 + state.queue.len();
        state.running = false;
        // What was queued from the table goes with the queue, and is loaded again when it is due.
        state.waiting = 0;
        state.waited_in = Some(generation);
        let queue = std::mem::take(&mut state.queue);
        queue
            .into_iter()
            .filter(|behind| behind.source == Source::Log)
            .collect()
    }

    /// An event of this key goes behind others in the redelivery table in the ack batch
    /// `generation`.
    pub(crate) fn park(&mut self, key: u64, generation: u64) {
        self.keys.entry(key).or_default().parked_in = Some(generation);
    }

    /// A row of this key leaves the redelivery table in the ack batch `generation`.
    pub(crate) fn leave(&mut self, key: u64, generation: u64) {
        self.keys.entry(key).or_default().waited_in = Some(generation);
    }

    /// The ack batch `generation` is durable.
    pub(crate) fn release(&mut self, keys: impl IntoIterator<Item = u64>, generation: u64) {
        for key in keys {
            let Some(state) = self.keys.get_mut(&key) else {
                continue;
            };
            // A later batch may have the key, too, and still holds it back.
            state.parked_in = state.parked_in.filter(|parked| *parked != generation);
            state.waited_in = state.waited_in.filter(|waited| *waited != generation);
            if state.is_idle() {
                self.keys.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use infra_kernel::{Context, EventId, Timestamp};

    use super::*;
    use crate::Headers;

    const KEY: u64 = 7;

    fn item(position: i64, source: Source) -> Item {
        let event = Event {
            id: EventId::new(position.cast_unsigned()),
            topic: "things.made".to_owned(),
            key: KEY,
            payload: Vec::new(),
            occurred_at: Timestamp::from_microseconds(0),
            headers: Headers::new(&Context::background(Duration::ZERO)),
        };
        Item {
            position,
            event: Arc::new(event),
            attempts: 0,
            source,
        }
    }

    fn next(keys: &mut KeyQueues) -> Option<i64> {
        keys.start_next().map(|item| item.position)
    }

    #[test]
    fn a_key_runs_one_item_at_a_time() {
        let mut keys = KeyQueues::default();
        keys.push(item(1, Source::Log));
        keys.push(item(2, Source::Log));
        assert_eq!((next(&mut keys), next(&mut keys)), (Some(1), None));
        keys.finish(&item(1, Source::Log));
        assert_eq!((next(&mut keys), keys.loaded()), (Some(2), 1));
        keys.finish(&item(2, Source::Log));
        assert!(keys.keys.is_empty() && keys.ready.is_empty());
    }

    #[test]
    fn a_failure_hands_back_what_is_in_no_table_yet() {
        let mut keys = KeyQueues::default();
        for item in [
            item(3, Source::Log),
            item(4, Source::Log),
            item(1, Source::Waiting),
        ] {
            keys.push(item);
        }
        assert_eq!(next(&mut keys), Some(3));
        let behind = keys.fail(&item(3, Source::Log), 5);
        assert_eq!(
            behind.iter().map(|item| item.position).collect::<Vec<_>>(),
            [4]
        );
        assert_eq!((next(&mut keys), keys.loaded()), (None, 0));
        assert!(keys.must_park(KEY) && !keys.takes_waiting(KEY));
        keys.release([KEY], 4);
        assert!(
            keys.must_park(KEY),
            "an earlier settlement does not hold the failure"
        );
        keys.release([KEY], 5);
        assert!(keys.keys.is_empty() && keys.takes_waiting(KEY));
    }

    /// Between the commit that removes the first to wait and the one that adds an event behind it,
    /// the table does not show that later events must wait.
    #[test]
    fn behind_a_parked_event_all_are_parked_until_it_is_durable() {
        let mut keys = KeyQueues::default();
        keys.park(KEY, 2);
        keys.park(KEY, 3);
        keys.release([KEY], 2);
        assert!(keys.must_park(KEY));
        assert!(
            keys.takes_waiting(KEY),
            "the rows before it may run meanwhile"
        );
        keys.release([KEY], 3);
        assert!(!keys.must_park(KEY) && keys.keys.is_empty());
    }
}
