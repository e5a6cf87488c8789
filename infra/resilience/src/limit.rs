//! How often something may be done: one token bucket for each key.
//!
//! A bucket is one moment in time, the one at which it will be full again (the generic cell rate
//! algorithm), so a bucket that is full need not be kept. It is written here because what was taken
//! can be released: taking first and releasing lets no concurrent try slip past the limit, and the
//! limiters at hand can only take. The counts live in this process and start again with it; time is
//! counted by its uptime, so that a clock that is set neither frees nor locks anyone.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_kernel::Uptime;

/// The most buckets of one limit. When there are more, those nearest to being full again are
/// forgotten.
const BUCKETS_MAX: usize = 100_000;

/// A limit was reached; after the wait one more is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit is reached; one more is allowed in {wait:?}")]
pub struct LimitReached {
    /// How long until one more is allowed.
    pub wait: Duration,
}

/// What is left of a key's bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// How many may be taken at once from a full bucket.
    pub count: u32,
    /// How many may be taken now.
    pub remaining: u32,
    /// How long until it will be full again.
    pub full_in: Duration,
}

/// One limit: so many in so long for each key.
pub struct Limit<K> {
    count: u32,
    /// How long it takes until one more is allowed; zero for no limit.
    period_us: i64,
    window_us: i64,
    buckets_max: usize,
    /// When each bucket will be full again, in microseconds of uptime.
    full_at_us: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq + Copy> Limit<K> {
    /// So many in so many seconds; 0 for no limit.
    #[must_use]
    pub fn new(count: u32, window_s: u32) -> Self {
        let window_us = i64::from(window_s) * 1_000_000;
        Self {
            count,
            period_us: window_us.checked_div(i64::from(count)).unwrap_or(0),
            window_us,
            buckets_max: BUCKETS_MAX,
            full_at_us: Mutex::new(HashMap::new()),
        }
    }

    /// Keeps at most so many buckets; when there are more, those nearest to being full again are
    /// forgotten.
    #[must_use]
    pub const fn with_buckets_max(mut self, buckets_max: usize) -> Self {
        self.buckets_max = buckets_max;
        self
    }

    /// What is left of the key's bucket. None where there is no limit.
    pub fn level(&self, key: K, now: Uptime) -> Option<Level> {
        if self.period_us == 0 {
            return None;
        }
        let now_us = now.microseconds();
        let full_at_us = self.buckets().get(&key).copied().unwrap_or(now_us);
        let missing_us = (full_at_us - now_us).clamp(0, self.window_us);
        let remaining = u32::try_from((self.window_us - missing_us) / self.period_us);
        Some(Level {
            count: self.count,
            remaining: remaining.map_or(self.count, |remaining| remaining.min(self.count)),
            full_in: Duration::from_micros(missing_us.unsigned_abs()),
        })
    }

    /// Takes one from the key's bucket, if there is a key.
    ///
    /// # Errors
    /// When the bucket is empty.
    pub fn take(&self, key: Option<K>, now: Uptime) -> Result<(), LimitReached> {
        let Some(key) = key.filter(|_| self.period_us > 0) else {
            return Ok(());
        };
        let now_us = now.microseconds();
        let mut buckets = self.buckets();
        // A key that has a bucket takes no more room, and must not cost others theirs.
        if buckets.len() >= self.buckets_max && !buckets.contains_key(&key) {
            make_room(&mut buckets, now_us);
        }
        let full_at_us = buckets
            .get(&key)
            .map_or(now_us, |full_at| now_us.max(*full_at));
        let next_us = full_at_us + self.period_us;
        let over_us = next_us - now_us - self.window_us;
        if over_us > 0 {
            return Err(LimitReached {
                wait: Duration::from_micros(over_us.unsigned_abs()),
            });
        }
        buckets.insert(key, next_us);
        Ok(())
    }

    /// Releases one that was taken.
    pub fn release(&self, key: K) {
        if let Some(full_at_us) = self.buckets().get_mut(&key) {
            // It may then lie in the past, which counts as full: more than all is never there.
            *full_at_us -= self.period_us;
        }
    }

    /// Forgets the buckets that are full.
    pub fn forget_full(&self, now: Uptime) {
        let mut buckets = self.buckets();
        buckets.retain(|_, full_at_us| *full_at_us > now.microseconds());
        buckets.shrink_to_fit();
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<K, i64>> {
        // A number is whole whatever panicked while it was held.
        self.full_at_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the full buckets, and half of the others, the fuller ones, when that is not enough:
/// anyone who tries the most is remembered the longest.
fn make_room<K: Hash + Eq + Copy>(buckets: &mut HashMap<K, i64>, now_us: i64) {
    let before = buckets.len();
    buckets.retain(|_, full_at_us| *full_at_us > now_us);
    if buckets.len() * 2 <= before {
        return;
    }
    let mut by_fullness: Vec<(i64, K)> = buckets.iter().map(|(key, at)| (*at, *key)).collect();
    let half = by_fullness.len() / 2;
    by_fullness.select_nth_unstable_by_key(half, |(at, _)| *at);
    for (_, key) in &by_fullness[..half] {
        buckets.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Uptime {
        Uptime::from_microseconds(seconds * 1_000_000)
    }

    fn wait(result: Result<(), LimitReached>) -> Option<Duration> {
        result.err().map(|reached| reached.wait)
    }

    #[test]
    fn so_many_at_once_then_one_after_each_period() {
        let limit = Limit::new(3, 30);
        for _ in 0..3 {
            assert_eq!(wait(limit.take(Some(1), at(0))), None);
        }
        assert_eq!(
            wait(limit.take(Some(1), at(0))),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            wait(limit.take(Some(2), at(0))),
            None,
            "another key has its own"
        );
        assert_eq!(
            wait(limit.take(Some(1), at(9))),
            Some(Duration::from_secs(1))
        );
        assert_eq!(wait(limit.take(Some(1), at(10))), None);
        assert!(wait(limit.take(Some(1), at(10))).is_some());
    }

    #[test]
    fn what_is_released_can_be_taken_again() {
        let limit = Limit::new(1, 60);
        for _ in 0..5 {
            assert_eq!(wait(limit.take(Some(1), at(0))), None);
            limit.release(1);
        }
    }

    #[test]
    fn what_is_left_is_what_can_be_taken() {
        let limit = Limit::new(3, 30);
        for left in [3, 2, 1, 0, 0] {
            let level = limit.level(1, at(0)).unwrap();
            assert_eq!((level.count, level.remaining), (3, left));
            assert_eq!(
                level.full_in,
                Duration::from_secs(10 * (3 - u64::from(left)))
            );
            assert_eq!(limit.take(Some(1), at(0)).is_ok(), left > 0);
        }
        assert_eq!(limit.level(1, at(9)).unwrap().remaining, 0);
        assert_eq!(limit.level(1, at(10)).unwrap().remaining, 1);
        assert_eq!(limit.level(1, at(1_000)).unwrap().full_in, Duration::ZERO);
        assert_eq!(limit.level(2, at(0)).unwrap().remaining, 3);
        assert_eq!(Limit::new(0, 60).level(1, at(0)), None);
    }

    #[test]
    fn no_key_and_no_limit_mean_no_limit() {
        let (limit, unlimited) = (Limit::new(1, 60), Limit::new(0, 60));
        for _ in 0..5 {
            assert_eq!(wait(limit.take(None::<u8>, at(0))), None);
            assert_eq!(wait(unlimited.take(Some(1), at(0))), None);
        }
    }

    #[test]
    fn the_buckets_are_bounded_and_the_worst_is_remembered() {
        let mut limit = Limit::new(3, 30);
        limit.buckets_max = 100;
        for _ in 0..3 {
            assert_eq!(wait(limit.take(Some(0), at(0))), None);
        }
        for key in 1..1_000 {
            assert_eq!(wait(limit.take(Some(key), at(0))), None);
            assert!(limit.buckets().len() <= 100);
        }
        assert!(wait(limit.take(Some(0), at(0))).is_some());
        limit.forget_full(at(31));
        assert!(limit.buckets().is_empty());
    }
}
