//! A cache that never stays behind the writes of the one who owns it.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Cache;

/// How many counters the keys share. Two keys of one counter cost each other a needless load, never a wrong answer.
const STRIPES: usize = 256;

/// A bounded cache in front of a store that only its owner writes. Cheap to clone; clones share what they hold.
///
/// A plain cache goes stale in one way: a reader reads the old value, a writer commits and forgets the key, and then the
/// reader puts the old value. Here a reader takes a [`Ticket`] before it reads, and what it read is kept only if nobody
/// has written since.
#[derive(Clone)]
pub struct ExactCache<K, V> {
    entries: Cache<K, V>,
    /// How many writes each stripe of keys has seen.
    versions: Arc<Vec<Mutex<u64>>>,
    hasher: RandomState,
}

/// The state of a key's writes at the moment before it was read.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    stripe: usize,
    version: u64,
}

impl<K, V> ExactCache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache of at most `entries_max` entries that keeps each until there is no room or it is written.
    #[must_use]
    pub fn bounded(name: &str, entries_max: u64) -> Self {
        Self {
            entries: Cache::bounded(name, entries_max),
            versions: Arc::new((0..STRIPES).map(|_| Mutex::new(0)).collect()),
            hasher: RandomState::new(),
        }
    }

    /// What is held under this key.
    pub fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key)
    }

    /// To be taken before the key is read from the store, or before its write is committed.
    pub fn ticket(&self, key: &K) -> Ticket {
        let stripe = self.stripe(key);
        let version = *self.lock(stripe);
        Ticket { stripe, version }
    }

    /// Keeps what was read, unless the key was written since the ticket was taken.
    pub fn put(&self, ticket: Ticket, key: K, value: V) {
        let version = self.lock(ticket.stripe);
        if *version == ticket.version {
            self.entries.put(key, value);
        }
    }

    /// To be called after the key's write is committed: the next reader reads it anew.
    pub fn changed(&self, key: &K) {
        let mut version = self.lock(self.stripe(key));
        *version += 1;
        self.entries.forget(key);
    }

    /// As [`Self::changed`], with what was written. It is kept unless the key was written by another, too, since the
    /// ticket was taken.
    pub fn replace(&self, ticket: Ticket, key: K, value: V) {
        let mut version = self.lock(ticket.stripe);
        let alone = *version == ticket.version;
        *version += 1;
        if alone {
            self.entries.put(key, value);
        } else {
            self.entries.forget(&key);
        }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn stripe(&self, key: &K) -> usize {
        self.hasher.hash_one(key) as usize % STRIPES
    }

    fn lock(&self, stripe: usize) -> MutexGuard<'_, u64> {
        self.versions[stripe]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_write_is_not_kept_after_it() {
        let cache = ExactCache::bounded("test", 100);
        let ticket = cache.ticket(&1);
        cache.changed(&1);
        cache.put(ticket, 1, "old");
        assert_eq!(cache.get(&1), None);
        cache.put(cache.ticket(&1), 1, "new");
        assert_eq!(cache.get(&1), Some("new"));
    }

    #[test]
    fn what_was_written_is_kept_only_when_nobody_else_wrote() {
        let cache = ExactCache::bounded("test", 100);
        let reader = cache.ticket(&1);
        cache.replace(cache.ticket(&1), 1, "mine");
        cache.put(reader, 1, "nothing yet");
        assert_eq!(cache.get(&1), Some("mine"));

        let ticket = cache.ticket(&1);
        cache.changed(&1);
        cache.replace(ticket, 1, "which of the two was last is unknown");
        assert_eq!(cache.get(&1), None);
    }
}
