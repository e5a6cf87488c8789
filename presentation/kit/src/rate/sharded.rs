//! One limit behind several locks: requests of different accounts rarely wait for one another.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use infra_kernel::Clock;
use infra_resilience::Limit;

use super::Quota;

/// How many locks there are.
const SHARDS: usize = 16;
/// The most accounts or networks of one limit that are remembered, some 3 MB.
const BUCKETS_MAX: usize = 100_000;

/// A limit on each of very many keys.
pub(super) struct ShardedLimit {
    shards: [Limit<u128>; SHARDS],
    /// Seeded at random, so that nobody can choose keys that fall together.
    hasher: RandomState,
}

/// What came of taking one.
pub(super) struct Taken {
    /// What is left; none where there is no limit.
    pub(super) quota: Option<Quota>,
    /// How long until one more is allowed, when none was.
    pub(super) wait: Option<Duration>,
}

impl ShardedLimit {
    /// So many in so many seconds; 0 for no limit.
    pub(super) fn new(count: u32, window_s: u32) -> Self {
        let shard = |_| Limit::new(count, window_s).with_buckets_max(BUCKETS_MAX / SHARDS);
        Self {
            shards: std::array::from_fn(shard),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn take(&self, key: u128, clock: &dyn Clock) -> Taken {
        let (shard, now) = (self.shard(key), clock.uptime());
        // Two locks: what another request of this key does in between is in the number that is
        // reported, which is a courtesy, and never in whether this one may continue.
        let wait = shard.take(Some(key), now).err().map(|reached| reached.wait);
        let quota = shard.level(key, now).map(|level| Quota {
            limit: level.count,
            remaining: level.remaining,
            reset: clock.now().plus(level.full_in),
        });
        Taken { quota, wait }
    }

    pub(super) fn release(&self, key: u128) {
        self.shard(key).release(key);
    }

    fn shard(&self, key: u128) -> &Limit<u128> {
        let hash = self.hasher.hash_one(key);
        // A remainder of 16 fits whatever a usize is.
        &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()]
    }
}
