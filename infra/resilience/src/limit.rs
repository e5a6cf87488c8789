//! How often something may be done: one bucket for each key, and the counts of this process.
//!
//! A bucket is one moment in time, the one at which it will be full again (the generic cell rate
//! algorithm), so a bucket that is full need not be kept. It is written here because what was taken
//! can be released: taking first and releasing lets no concurrent try slip past the limit, and the
//! limiters at hand can only take. The counts of this process start again with it; time is counted
//! by its uptime, so that a clock that is set neither frees nor locks anyone.
//!
//! Who counts is a [`Limiter`](crate::Limiter); these are its numbers, and the place where it
//! counts in this process.

mod buckets;

use std::time::Duration;

use infra_kernel::Uptime;

use buckets::Buckets;

/// The most buckets of one limit. When there are more, those nearest to being full again are
/// forgotten.
const BUCKETS_MAX: usize = 100_000;
/// Bytes of a key.
const KEY_BYTES: usize = 24;

/// Whose bucket it is: a few bytes that are the caller's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BucketKey([u8; KEY_BYTES]);

impl BucketKey {
    /// The key that consists of these parts. The parts of one limit's keys must have the same
    /// lengths, or two keys could be one.
    ///
    /// # Panics
    /// When they have more than 24 bytes.
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut bytes = [0; KEY_BYTES];
        let mut at = 0;
        for part in parts {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        Self(bytes)
    }

    /// All of its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
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
pub struct Limit {
    name: &'static str,
    count: u32,
    /// How long it takes until one more is allowed; zero for no limit.
    period_us: i64,
    window_us: i64,
    is_guarded: bool,
    buckets: Buckets,
}

/// What a bucket of this process refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Empty {
    pub(crate) level: Level,
    pub(crate) wait: Duration,
}

impl Limit {
    /// So many in so many seconds; 0 for no limit. The name distinguishes it from every other limit
    /// whose keys could be the same.
    #[must_use]
    pub fn new(name: &'static str, count: u32, window_s: u32) -> Self {
        let window_us = i64::from(window_s) * 1_000_000;
        Self {
            name,
            count,
            // Nothing for a count of 0, which is no limit.
            period_us: window_us.checked_div(i64::from(count)).unwrap_or(0),
            window_us,
            is_guarded: false,
            buckets: Buckets::new(BUCKETS_MAX),
        }
    }

    /// Counts in this process as well, wherever else it is counted: then neither a loss of what is
    /// counted there nor its being out of reach frees anyone who was counted here.
    #[must_use]
    pub const fn guarded(mut self) -> Self {
        self.is_guarded = true;
        self
    }

    /// The same limit, unused, with so many times its count.
    #[must_use]
    pub fn times(&self, times: u32) -> Self {
        let count = self.count.saturating_mul(times);
        Self {
            count,
            period_us: self.window_us.checked_div(i64::from(count)).unwrap_or(0),
            buckets: Buckets::new(BUCKETS_MAX),
            ..*self
        }
    }

    /// Keeps at most so many buckets in this process; when there are more, those nearest to being
    /// full again are forgotten.
    #[must_use]
    pub fn with_buckets_max(mut self, buckets_max: usize) -> Self {
        self.buckets = Buckets::new(buckets_max);
        self
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it counts in this process, wherever else it is counted.
    #[must_use]
    pub const fn is_guarded(&self) -> bool {
        self.is_guarded
    }

    /// Whether there is no limit.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.period_us == 0
    }

    /// How long it takes until one more is allowed, in microseconds.
    #[must_use]
    pub const fn period_us(&self) -> i64 {
        self.period_us
    }

    /// How long an empty bucket takes to be full again, in microseconds.
    #[must_use]
    pub const fn window_us(&self) -> i64 {
        self.window_us
    }

    /// What is left of a bucket that will be full again in so many microseconds.
    #[must_use]
    pub fn level(&self, missing_us: i64) -> Level {
        let missing_us = missing_us.clamp(0, self.window_us);
        let remaining = (self.window_us - missing_us)
            .checked_div(self.period_us)
            .map(u32::try_from);
        Level {
            count: self.count,
            remaining: match remaining {
                Some(Ok(remaining)) => remaining.min(self.count),
                _ => self.count,
            },
            full_in: Duration::from_micros(missing_us.unsigned_abs()),
        }
    }

    /// Takes one from the key's bucket of this process, which has one `share`th of the limit, and
    /// never less than one.
    pub(crate) fn take(&self, key: &BucketKey, now: Uptime, share: u32) -> Result<Level, Empty> {
        let period_us = self.period_us.saturating_mul(i64::from(share));
        // So a small limit that many share still lets one through a window.
        let period_us = period_us.min(self.window_us);
        let now_us = now.microseconds();
        let taken = self.buckets.change(key, now_us, |full_at_us| {
            let next_us = full_at_us.max(now_us) + period_us;
            let over_us = next_us - now_us - self.window_us;
            if over_us > 0 {
                let missing_us = full_at_us - now_us;
                return Err((missing_us, over_us));
            }
            Ok(next_us)
        });
        match taken {
            Ok(next_us) => Ok(self.level(next_us - now_us)),
            Err((missing_us, over_us)) => Err(Empty {
                level: self.level(missing_us),
                wait: Duration::from_micros(over_us.unsigned_abs()),
            }),
        }
    }

    /// Releases one that was taken from the key's bucket of this process.
    pub(crate) fn release(&self, key: &BucketKey, share: u32) {
        let period_us = self.period_us.saturating_mul(i64::from(share));
        // The same as was taken, or a share could be worth more or less than it cost.
        self.buckets.lower(key, period_us.min(self.window_us));
    }

    /// Forgets the buckets of this process that are full.
    pub fn forget_full(&self, now: Uptime) {
        self.buckets.forget_full(now.microseconds());
    }
}
