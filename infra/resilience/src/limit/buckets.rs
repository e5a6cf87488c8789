//! Buckets by key, behind several locks: different keys rarely wait for one another.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::BucketKey;

/// How many locks there are.
const SHARDS: usize = 16;

/// When each bucket will be full again, in microseconds.
type Shard = HashMap<BucketKey, i64>;

/// See the module. Some 4 MB for 100,000 buckets.
pub(super) struct Buckets {
    shards: [Mutex<Shard>; SHARDS],
    shard_max: usize,
    /// Seeded at random, so that nobody can choose keys that fall together.
    hasher: RandomState,
}

impl Buckets {
    pub(super) fn new(buckets_max: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            shard_max: buckets_max.div_ceil(SHARDS),
            hasher: RandomState::new(),
        }
    }

    /// Changes when the key's bucket will be full again, from `now_us` for one that is full, unless
    /// the change is refused. Returns what it is then.
    pub(super) fn change<E>(
        &self,
        key: &BucketKey,
        now_us: i64,
        change: impl FnOnce(i64) -> Result<i64, E>,
    ) -> Result<i64, E> {
        let mut shard = self.shard(key);
        // A key that has a bucket takes no more room, and must not cost others theirs.
        if shard.len() >= self.shard_max && !shard.contains_key(key) {
            make_room(&mut shard, now_us);
        }
        match shard.entry(*key) {
            Entry::Occupied(mut held) => {
                let full_at_us = change(*held.get())?;
                *held.get_mut() = full_at_us;
                Ok(full_at_us)
            }
            Entry::Vacant(room) => {
                let full_at_us = change(now_us)?;
                room.insert(full_at_us);
                Ok(full_at_us)
            }
        }
    }

    /// Has the key's bucket be full so much earlier. It may then be in the past, which counts as
    /// full: more than all is never there.
    pub(super) fn lower(&self, key: &BucketKey, by_us: i64) {
        if let Some(full_at_us) = self.shard(key).get_mut(key) {
            *full_at_us -= by_us;
        }
    }

    pub(super) fn forget_full(&self, now_us: i64) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.retain(|_, full_at_us| *full_at_us > now_us);
            // After an attack, say: the memory of 100,000 buckets is not kept for a few.
            shard.shrink_to_fit();
        }
    }

    fn shard(&self, key: &BucketKey) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(key);
        // A remainder of 16 fits whatever a usize is.
        lock(&self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()])
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // A number is whole whatever panicked while it was held.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the full buckets, and half of the others, the fuller ones, when that is not enough:
/// anyone who tries the most is remembered the longest.
fn make_room(buckets: &mut Shard, now_us: i64) {
    let before = buckets.len();
    buckets.retain(|_, full_at_us| *full_at_us > now_us);
    if buckets.len() * 2 <= before {
        return;
    }
    let mut by_fullness: Vec<(i64, BucketKey)> =
        buckets.iter().map(|(key, at)| (*at, *key)).collect();
    let half = by_fullness.len() / 2;
    // Half at once, so that many insertions pay for one search.
    by_fullness.select_nth_unstable_by_key(half, |(at, _)| *at);
    for (_, key) in &by_fullness[..half] {
        buckets.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> BucketKey {
        BucketKey::of(&[&number.to_be_bytes()])
    }

    /// Has the key's bucket be full so much later.
    fn raise(buckets: &Buckets, number: u32, by_us: i64) {
        let raised = buckets.change(&key(number), 0, |full_at_us| {
            Ok::<_, ()>(full_at_us + by_us)
        });
        raised.unwrap();
    }

    #[test]
    fn there_are_never_more_than_a_bound_and_the_worst_is_remembered() {
        const BUCKETS_MAX: usize = 1_600;
        let buckets = Buckets::new(BUCKETS_MAX);
        raise(&buckets, 0, 3);
        for number in 1..10_000 {
            raise(&buckets, number, 1);
            assert!(buckets.len() <= BUCKETS_MAX);
        }
        let held = buckets.change(&key(0), 0, Err::<i64, _>);
        assert_eq!(held, Err(3));
        buckets.forget_full(3);
        assert_eq!(buckets.len(), 0);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let buckets = Buckets::new(16);
        assert_eq!(buckets.change(&key(1), 7, Err::<i64, _>), Err(7));
        assert_eq!(buckets.len(), 0);
        raise(&buckets, 1, 5);
        assert_eq!(buckets.change(&key(1), 0, Err::<i64, _>), Err(5));
        buckets.lower(&key(1), 2);
        assert_eq!(buckets.change(&key(1), 0, Err::<i64, _>), Err(3));
    }
}
