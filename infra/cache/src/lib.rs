//! Caches with a name, a bound and a lifetime: in process now, so a caller holds no more than this crate's types.
//!
//! A cache here never decides who may see what, and never holds the only copy of anything.

mod exact;

use std::hash::Hash;
use std::time::Duration;

pub use exact::{ExactCache, Ticket};

/// A bounded cache. Cheap to clone; clones share what they hold.
#[derive(Clone)]
pub struct Cache<K, V>(moka::sync::Cache<K, V>);

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// A cache of at most `entries_max` entries that forgets each this long after it was put.
    #[must_use]
    pub fn with_lifetime(name: &str, entries_max: u64, lifetime: Duration) -> Self {
        Self(
            moka::sync::Cache::builder()
                .name(name)
                .max_capacity(entries_max)
                .time_to_live(lifetime)
                .build(),
        )
    }

    /// A cache of at most `entries_max` entries that keeps each until there is no room.
    #[must_use]
    pub fn bounded(name: &str, entries_max: u64) -> Self {
        Self(
            moka::sync::Cache::builder()
                .name(name)
                .max_capacity(entries_max)
                .build(),
        )
    }

    /// A cache bounded by the sum of its entries' weights: bytes, say.
    #[must_use]
    pub fn weighted(name: &str, weight_max: u64, weigh: fn(&K, &V) -> u32) -> Self {
        Self(
            moka::sync::Cache::builder()
                .name(name)
                .max_capacity(weight_max)
                .weigher(weigh)
                .build(),
        )
    }

    /// What is held under this key.
    pub fn get(&self, key: &K) -> Option<V> {
        self.0.get(key)
    }

    /// Puts a value in place of what was there.
    pub fn put(&self, key: K, value: V) {
        self.0.insert(key, value);
    }

    /// Forgets what is held under this key.
    pub fn forget(&self, key: &K) {
        self.0.invalidate(key);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.0.invalidate_all();
    }
}
