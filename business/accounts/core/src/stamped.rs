//! A cache that its own process keeps exact.
//!
//! Plain invalidation has a hole: a reader that read before a write may put what it read after the writer's
//! invalidation. So each entry carries the stamp its reader took before it read, and counts only while the stamp is
//! still current; a write moves the stamp on when it is committed. What another process writes (the operator's
//! commands) is seen after [`LIFETIME`].

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use infra_cache::Cache;

/// How long an entry is trusted while another process may have changed what it tells.
pub(crate) const LIFETIME: Duration = Duration::from_secs(5);
/// Keys share this many stamps; a write makes one key in so many be read once more.
const STAMPS: usize = 1_024;

/// What was known when a read began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    all: u64,
    one: u64,
}

/// A bounded cache of entries with stamps. Cheap to clone; clones share what they hold.
#[derive(Clone)]
pub(crate) struct Stamped<K, V> {
    entries: Cache<K, (Stamp, V)>,
    stamps: Arc<Stamps>,
}

struct Stamps {
    all: AtomicU64,
    each: Vec<AtomicU64>,
    hasher: RandomState,
}

impl<K, V> Stamped<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub(crate) fn new(name: &str, entries_max: u64) -> Self {
        let stamps = Stamps {
            all: AtomicU64::new(0),
            each: (0..STAMPS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        };
        Self {
            entries: Cache::with_lifetime(name, entries_max, LIFETIME),
            stamps: Arc::new(stamps),
        }
    }

    /// To be taken before the database is read.
    pub(crate) fn stamp(&self, key: &K) -> Stamp {
        Stamp {
            all: self.stamps.all.load(Ordering::SeqCst),
            one: self.one(key).load(Ordering::SeqCst),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let (stamp, value) = self.entries.get(key)?;
        (stamp == self.stamp(key)).then_some(value)
    }

    /// Puts what was read after the stamp was taken.
    pub(crate) fn put(&self, key: K, stamp: Stamp, value: V) {
        self.entries.put(key, (stamp, value));
    }

    /// To be called when a change of this key is committed.
    pub(crate) fn changed(&self, key: &K) {
        self.one(key).fetch_add(1, Ordering::SeqCst);
        self.entries.forget(key);
    }

    /// To be called when a change of many keys is committed.
    pub(crate) fn all_changed(&self) {
        self.stamps.all.fetch_add(1, Ordering::SeqCst);
        self.entries.clear();
    }

    fn one(&self, key: &K) -> &AtomicU64 {
        let place = self.stamps.hasher.hash_one(key) as usize % STAMPS;
        &self.stamps.each[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_does_not_outlive_it() {
        let cache = Stamped::new("test", 10);
        let stamp = cache.stamp(&1);
        cache.changed(&1);
        cache.put(1, stamp, "old");
        assert_eq!(cache.get(&1), None);
        let stamp = cache.stamp(&1);
        cache.put(1, stamp, "new");
        assert_eq!(cache.get(&1), Some("new"));
    }

    #[test]
    fn a_change_of_all_is_a_change_of_each() {
        let cache = Stamped::new("test", 10);
        let stamp = cache.stamp(&1);
        cache.put(1, stamp, "old");
        cache.all_changed();
        assert_eq!(cache.get(&1), None);
        cache.put(1, stamp, "old");
        assert_eq!(cache.get(&1), None);
    }
}
