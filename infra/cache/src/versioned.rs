//! A cache that never stays behind the writes of its owner.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_kernel::Clock;
use quick_cache::DefaultHashBuilder;

use crate::{Cache, WeightBound};

/// How many counters the keys share. Two keys of one counter cost each other a needless load, never
/// a wrong value.
const STRIPES: usize = 1_024;

/// A bounded cache in front of a store that only this process writes. Cheap to clone; clones share
/// their entries.
///
/// A plain cache goes stale in one way: a reader reads the old value, a writer commits and
/// invalidates the key, and then the reader inserts the old value. Here a reader takes the key's
/// [`CacheVersion`] before it reads, and what it read is inserted only if the key has not been
/// written since.
///
/// Every write must be followed by [`Self::invalidate`], [`Self::write_through`] or
/// [`Self::update`] before its caller is answered, and, for the latter two, in the order of the
/// commits: hooks of `infra_db::Database::write_then` are both.
// Single writer (ADR 0026): what another process writes is seen only when the entry's lifetime
// ends, if it has one.
pub struct VersionedCache<K, V> {
    entries: Cache<K, V>,
    versions: Arc<Versions>,
}

/// How often a key had been written at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheVersion {
    stripe: usize,
    writes: u64,
}

/// What becomes of a value whose key was written.
pub enum Update<V> {
    /// It is still right, or was made right in place.
    Keep,
    /// Another takes its place.
    Replace(V),
    /// It is loaded again when it is next asked for.
    Invalidate,
}

/// How many writes each stripe of keys has seen. An insertion holds its stripe's lock, so no write
/// falls between the comparison and the insertion.
struct Versions {
    stripes: Box<[Mutex<u64>]>,
    hasher: DefaultHashBuilder,
}

impl<K, V> VersionedCache<K, V>
where
    K: Hash + Eq,
    V: Clone,
{
    /// A cache of at most `entries_max` entries.
    #[must_use]
    pub fn bounded(entries_max: u64) -> Self {
        Self::over(Cache::bounded(entries_max))
    }

    /// A cache bounded by the sum of its entries' weights.
    #[must_use]
    pub fn weighted(bound: &WeightBound<K, V>) -> Self {
        Self::over(Cache::weighted(bound))
    }

    /// The same cache, whose entries count only so long: for a store that another process may write
    /// after all.
    #[must_use]
    pub fn with_lifetime(self, duration: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            entries: self.entries.with_lifetime(duration, clock),
            ..self
        }
    }

    fn over(entries: Cache<K, V>) -> Self {
        Self {
            entries,
            versions: Arc::new(Versions {
                stripes: (0..STRIPES).map(|_| Mutex::new(0)).collect(),
                hasher: DefaultHashBuilder::default(),
            }),
        }
    }

    /// The value under this key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        self.entries.get(key)
    }

    /// The key's version, to be taken before the key is read from the store.
    #[must_use]
    pub fn version(&self, key: &K) -> CacheVersion {
        let stripe = self.versions.stripe(key);
        let writes = *self.versions.lock(stripe);
        CacheVersion { stripe, writes }
    }

    /// Inserts what was read, unless the key was written since the version was taken.
    pub fn insert(&self, key: K, version: CacheVersion, value: V) {
        debug_assert_eq!(version.stripe, self.versions.stripe(&key));
        // Held over the insertion: a write between the comparison and it would be hidden by what it
        // replaced.
        let writes = self.versions.lock(version.stripe);
        if *writes == version.writes {
            self.entries.insert(key, value);
        }
    }

    /// To be called when a write of this key is committed: the next reader loads it again.
    pub fn invalidate(&self, key: &K) {
        let mut writes = self.versions.lock(self.versions.stripe(key));
        *writes += 1;
        self.entries.invalidate(key);
    }

    /// To be called when a write of many keys is committed.
    pub fn invalidate_all(&self) {
        for stripe in 0..STRIPES {
            *self.versions.lock(stripe) += 1;
        }
        // Only now: from here on nothing that was read before can be inserted.
        self.entries.invalidate_all();
    }

    /// As [`Self::invalidate`], with the value that was written. To be called in the order of the
    /// commits.
    pub fn write_through(&self, key: K, value: V) {
        let mut writes = self.versions.lock(self.versions.stripe(&key));
        *writes += 1;
        self.entries.insert(key, value);
    }

    /// As [`Self::invalidate`], but what is cached may stay: `update` makes it right, or says that
    /// it cannot. To be called in the order of the commits. `update` runs under a lock and must not
    /// use this cache.
    pub fn update(&self, key: &K, update: impl FnOnce(&V) -> Update<V>)
    where
        K: Clone,
    {
        let mut writes = self.versions.lock(self.versions.stripe(key));
        *writes += 1;
        let Some(value) = self.entries.get(key) else {
            return;
        };
        match update(&value) {
            Update::Keep => {}
            Update::Replace(value) => self.entries.insert(key.clone(), value),
            Update::Invalidate => self.entries.invalidate(key),
        }
    }

    /// The value under this key, loaded when it is not cached.
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn get_or_load<E, F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<V, E>
    where
        K: Clone,
        F: Future<Output = Result<V, E>>,
    {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        // Before the load, and not after: a write while it loads has to be noticed.
        let version = self.version(key);
        let value = load().await?;
        self.insert(key.clone(), version, value.clone());
        Ok(value)
    }

    /// The values under these keys, in their order; `load` is asked once for those that are not
    /// cached. A key for which it has no value gets none, and nothing is cached for it.
    ///
    /// # Errors
    /// Those of `load`.
    pub async fn get_or_load_many<E, F>(
        &self,
        keys: &[K],
        load: impl FnOnce(Vec<K>) -> F,
    ) -> Result<Vec<Option<V>>, E>
    where
        K: Clone,
        F: Future<Output = Result<HashMap<K, V>, E>>,
    {
        let mut values: Vec<_> = keys.iter().map(|key| self.get(key)).collect();
        let missing: Vec<_> = keys
            .iter()
            .zip(&values)
            .filter(|(_, value)| value.is_none())
            // Each key's version before the one load of all.
            .map(|(key, _)| (key.clone(), self.version(key)))
            .collect();
        if missing.is_empty() {
            return Ok(values);
        }
        let loaded = load(missing.iter().map(|(key, _)| key.clone()).collect()).await?;
        for (key, version) in missing {
            if let Some(value) = loaded.get(&key) {
                self.insert(key, version, value.clone());
            }
        }
        for (key, value) in keys.iter().zip(&mut values) {
            if value.is_none() {
                *value = loaded.get(key).cloned();
            }
        }
        Ok(values)
    }
}

impl<K, V> Clone for VersionedCache<K, V> {
    fn clone(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            versions: Arc::clone(&self.versions),
        }
    }
}

impl Versions {
    #[allow(clippy::cast_possible_truncation)]
    fn stripe<K: Hash>(&self, key: &K) -> usize {
        self.hasher.hash_one(key) as usize % STRIPES
    }

    fn lock(&self, stripe: usize) -> MutexGuard<'_, u64> {
        self.stripes[stripe]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
