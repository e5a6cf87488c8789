//! Events in memory, one queue for each key: keeps the order of a key and lets different keys pass each other.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::Event;

/// Where an event was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The log: it has not been tried yet, as far as is known.
    Log,
    /// The redelivery table.
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
    /// The settlement that will put events of this key behind others in the redelivery table. Until it is durable, the
    /// table does not tell that later events must wait too.
    parked_in: Option<u64>,
    /// The settlement that will change rows which were, or are about to be, the first to wait. Until it is durable, the
    /// table's rows must not be loaded: they would be handled again.
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
        } else if state.is_idle() {
            self.keys.remove(&key);
        }
    }

    /// A running item failed and will be tried later, in the settlement `generation`. Answers the events from the log
    /// that were queued behind it and must wait in the redelivery table now; those from the table are there already.
    pub(crate) fn fail(&mut self, item: &Item, generation: u64) -> Vec<Item> {
        let Some(state) = self.keys.get_mut(&item.event.key) else {
            return Vec::new();
        };
        self.loaded -= 1 + state.queue.len();
        state.running = false;
        state.waiting = 0;
        state.waited_in = Some(generation);
        let queue = std::mem::take(&mut state.queue);
        queue
            .into_iter()
            .filter(|behind| behind.source == Source::Log)
            .collect()
    }

    /// An event of this key goes behind others in the redelivery table in the settlement `generation`.
    pub(crate) fn park(&mut self, key: u64, generation: u64) {
        self.keys.entry(key).or_default().parked_in = Some(generation);
    }

    /// A row of this key leaves the redelivery table in the settlement `generation`.
    pub(crate) fn leave(&mut self, key: u64, generation: u64) {
        self.keys.entry(key).or_default().waited_in = Some(generation);
    }

    /// The settlement `generation` is durable.
    pub(crate) fn release(&mut self, keys: impl IntoIterator<Item = u64>, generation: u64) {
        for key in keys {
            let Some(state) = self.keys.get_mut(&key) else {
                continue;
            };
            state.parked_in = state.parked_in.filter(|parked| *parked != generation);
            state.waited_in = state.waited_in.filter(|waited| *waited != generation);
            if state.is_idle() {
                self.keys.remove(&key);
            }
        }
    }
}
