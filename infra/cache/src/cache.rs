//! The bounded cache, and the only code that names its engine.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use infra_kernel::{Clock, Uptime};
use quick_cache::sync::{Cache as Engine, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

/// The most shards of a weighted cache. More would only split its bound.
const SHARDS_MAX: u64 = 64;
/// Each shard of a weighted cache has room for at least so many of the heaviest entries. The engine
/// does not admit what outweighs a shard, and one with room for one or two would keep nothing else
/// beside them.
const HEAVIEST_PER_SHARD: u64 = 4;

/// A bounded cache. Cheap to clone; clones share their entries.
pub struct Cache<K, V> {
    entries: Arc<Engine<K, Entry<V>, EntryWeight<K, V>>>,
    lifetime: Option<Lifetime>,
}

/// A bound on the sum of the entries' weights: bytes, say.
pub struct WeightBound<K, V> {
    /// The most that all entries weigh together.
    pub total_max: u64,
    /// The most that one entry weighs. What weighs more may not be kept.
    pub entry_max: u64,
    /// What an entry mostly weighs; within a factor of ten is good enough.
    pub entry_typical: u64,
    /// Weighs an entry. It must be cheap, and always return the same for the same entry.
    pub weigh: fn(&K, &V) -> u32,
}

#[derive(Clone)]
struct Lifetime {
    duration: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    /// Only of use in a cache with a lifetime; zero otherwise.
    inserted_at: Uptime,
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq,
    V: Clone,
{
    /// A cache of at most `entries_max` entries.
    #[must_use]
    pub fn bounded(entries_max: u64) -> Self {
        let mut options = OptionsBuilder::new();
        options
            .estimated_items_capacity(usize::try_from(entries_max).unwrap_or(usize::MAX))
            .weight_capacity(entries_max);
        Self::with_options(&options, None)
    }

    /// A cache bounded by the sum of its entries' weights.
    #[must_use]
    pub fn weighted(bound: &WeightBound<K, V>) -> Self {
        let entries = bound.total_max / bound.entry_typical.max(1);
        let heaviest = bound.entry_max.max(1) * HEAVIEST_PER_SHARD;
        // The engine rounds up to a power of two; rounded down here, so that the heaviest always
        // fit.
        let shards = (bound.total_max / heaviest).clamp(1, SHARDS_MAX);
        let shards = 1 << shards.ilog2();
        let mut options = OptionsBuilder::new();
        options
            .estimated_items_capacity(usize::try_from(entries).unwrap_or(usize::MAX))
            .weight_capacity(bound.total_max)
            .shards(shards);
        Self::with_options(&options, Some(bound.weigh))
    }

    /// The same cache, whose entries count only so long after they were inserted. An older one is
    /// treated as missing, and its room is taken by the next insertion under its key or by
    /// eviction.
    #[must_use]
    pub fn with_lifetime(self, duration: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            lifetime: Some(Lifetime { duration, clock }),
            ..self
        }
    }

    fn with_options(options: &OptionsBuilder, weigh: Option<fn(&K, &V) -> u32>) -> Self {
        #[allow(clippy::expect_used)]
        // Both capacities are set above; there is nothing else it refuses.
        let options = options.build().expect("both capacities are set");
        Self {
            entries: Arc::new(Engine::with_options(
                options,
                EntryWeight(weigh),
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            )),
            lifetime: None,
        }
    }

    /// The value under this key.
    #[must_use]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let entry = self.entries.get(key)?;
        match &self.lifetime {
            // Left where it is: to remove it would take the lock that a look-up does without.
            Some(lifetime) if lifetime.is_over(entry.inserted_at) => None,
            _ => Some(entry.value),
        }
    }

    /// Inserts a value, in place of the one under the same key.
    pub fn insert(&self, key: K, value: V) {
        let inserted_at = match &self.lifetime {
            Some(lifetime) => lifetime.clock.uptime(),
            // Without a lifetime nobody looks at it, and the clock is not asked.
            None => Uptime::default(),
        };
        self.entries.insert(key, Entry { value, inserted_at });
    }

    /// Removes the value under this key.
    pub fn invalidate<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.entries.remove(key);
    }

    /// Removes every entry; what is inserted meanwhile may stay.
    pub fn invalidate_all(&self) {
        self.entries.clear();
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: Arc::clone(&self.entries),
            lifetime: self.lifetime.clone(),
        }
    }
}

impl Lifetime {
    fn is_over(&self, inserted_at: Uptime) -> bool {
        let age_us = self.clock.uptime().microseconds() - inserted_at.microseconds();
        let lifetime_us = i64::try_from(self.duration.as_micros()).unwrap_or(i64::MAX);
        age_us >= lifetime_us
    }
}

/// Weighs by the caller's function, or every entry the same.
struct EntryWeight<K, V>(Option<fn(&K, &V) -> u32>);

impl<K, V> Weighter<K, Entry<V>> for EntryWeight<K, V> {
    fn weight(&self, key: &K, entry: &Entry<V>) -> u64 {
        // The engine never evicts what weighs nothing.
        self.0
            .map_or(1, |weigh| u64::from(weigh(key, &entry.value)).max(1))
    }
}

// Not derived: that would ask the same of `K` and `V`.
impl<K, V> Clone for EntryWeight<K, V> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

#[cfg(test)]
mod tests;
