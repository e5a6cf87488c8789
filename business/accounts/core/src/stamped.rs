//! A cache that its own process keeps exact.
//!
//! Plain invalidation has a hole: a reader that read before a write may put what it read after the writer's
//! invalidation. So each entry carries the stamp its reader took before it read, and counts only while the stamp is
//! still current; a write moves the stamp on when it is committed. What another process writes (the operator's
//! commands) is seen after [`LIFETIME`].

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use infra_cache::{CacheVersion, VersionedCache};
use infra_kernel::SystemClock;

/// How long an entry is trusted while another process may have changed what it tells.
pub(crate) const LIFETIME: Duration = Duration::from_secs(5);

/// A bounded cache of entries with stamps. Cheap to clone; clones share what they hold.
#[derive(Clone)]
pub(crate) struct Stamped<K, V>(VersionedCache<K, V>);

impl<K, V> Stamped<K, V>
where
    K: Hash + Eq,
    V: Clone,
{
    pub(crate) fn new(entries_max: u64) -> Self {
        let clock = Arc::new(SystemClock);
        Self(VersionedCache::bounded(entries_max).with_lifetime(LIFETIME, clock))
    }

    /// To be taken before the database is read.
    pub(crate) fn stamp(&self, key: &K) -> CacheVersion {
        self.0.version(key)
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    /// Puts what was read after the stamp was taken.
    pub(crate) fn put(&self, key: K, stamp: CacheVersion, value: V) {
        self.0.insert(key, stamp, value);
    }

    /// To be called when a change of this key is committed.
    pub(crate) fn changed(&self, key: &K) {
        self.0.invalidate(key);
    }

    /// To be called when a change of many keys is committed.
    pub(crate) fn all_changed(&self) {
        self.0.invalidate_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_does_not_outlive_it() {
        let cache = Stamped::new(10);
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
        let cache = Stamped::new(10);
        let stamp = cache.stamp(&1);
        cache.put(1, stamp, "old");
        cache.all_changed();
        assert_eq!(cache.get(&1), None);
        cache.put(1, stamp, "old");
        assert_eq!(cache.get(&1), None);
    }
}
