//! Who counts how often something is done: this process, or a place that all processes share.

use std::num::NonZeroU32;
use std::time::Duration;

use async_trait::async_trait;
use infra_kernel::Uptime;

use crate::limit::{BucketKey, Level, Limit};

/// One key's bucket of a limit.
#[derive(Clone, Copy)]
pub struct Bucket<'l> {
    /// The limit that the bucket is of.
    pub limit: &'l Limit,
    /// Whose bucket of that limit it is.
    pub key: BucketKey,
}

/// One was taken from each bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What is left where the least is; none where there is no limit.
    pub level: Option<Level>,
    /// Where it was taken, for what releases it.
    pub place: Place,
}

/// Where something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this process alone, as where no other place could be asked.
    Here,
    /// In a place that processes share; what is guarded here as well.
    Shared,
}

/// One of the buckets is empty, and nothing was taken from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit is reached; one more is allowed in {wait:?}")]
pub struct LimitReached {
    /// Which of the buckets, by its place among those that were asked of.
    pub bucket: usize,
    /// What is left of it.
    pub level: Level,
    /// How long until one more is allowed.
    pub wait: Duration,
}

/// Counts how often something is done. It never fails: what cannot be counted where it should be is
/// counted in this process.
#[async_trait]
pub trait Limiter: Send + Sync + 'static {
    /// Takes one from each of these buckets, or from none. `now` is for what is counted in this
    /// process.
    ///
    /// # Errors
    /// When one of them is empty.
    async fn take(&self, buckets: &[Bucket<'_>], now: Uptime) -> Result<Grant, LimitReached>;

    /// Releases what was taken from these buckets.
    async fn release(&self, grant: Grant, buckets: &[Bucket<'_>], now: Uptime);
}

/// Counts in this process.
#[derive(Debug, Clone, Copy)]
pub struct LocalLimiter {
    share: NonZeroU32,
}

impl Default for LocalLimiter {
    /// One process that has every limit to itself.
    fn default() -> Self {
        Self::one_of(NonZeroU32::MIN)
    }
}

impl LocalLimiter {
    /// One of so many processes, each of which has that part of every limit, and never less than
    /// one: so together they allow no more than one would, where that is possible.
    #[must_use]
    pub const fn one_of(processes: NonZeroU32) -> Self {
        Self { share: processes }
    }

    /// Takes one from each of these buckets that counts in this process by `counts_here`, or from
    /// none.
    ///
    /// # Errors
    /// When one of them is empty.
    pub fn take_where(
        &self,
        buckets: &[Bucket<'_>],
        now: Uptime,
        counts_here: impl Fn(&Limit) -> bool,
    ) -> Result<Grant, LimitReached> {
        let counts =
            |bucket: &Bucket<'_>| !bucket.limit.is_unlimited() && counts_here(bucket.limit);
        let mut least: Option<Level> = None;
        for (at, bucket) in buckets
            .iter()
            .enumerate()
            .filter(|(_, bucket)| counts(bucket))
        {
            // Taken and, if need be, released, rather than looked at first: of two in the same
            // moment only one gets the last.
            match bucket.limit.take(&bucket.key, now, self.share.get()) {
                Ok(level) => least = Some(lesser(least, level)),
                Err(empty) => {
                    self.release_where(&buckets[..at], counts_here);
                    return Err(LimitReached {
                        bucket: at,
                        level: empty.level,
                        wait: empty.wait,
                    });
                }
            }
        }
        Ok(Grant {
            level: least,
            place: Place::Here,
        })
    }

    /// Releases one that was taken from each of these buckets that counts in this process.
    pub fn release_where(&self, buckets: &[Bucket<'_>], counts_here: impl Fn(&Limit) -> bool) {
        for bucket in buckets {
            if !bucket.limit.is_unlimited() && counts_here(bucket.limit) {
                bucket.limit.release(&bucket.key, self.share.get());
            }
        }
    }
}

/// Of two levels the one that will be reached first, which is the one to report.
#[must_use]
pub fn lesser(least: Option<Level>, level: Level) -> Level {
    least.map_or(level, |least| {
        if level.remaining < least.remaining {
            level
        } else {
            least
        }
    })
}

#[async_trait]
impl Limiter for LocalLimiter {
    async fn take(&self, buckets: &[Bucket<'_>], now: Uptime) -> Result<Grant, LimitReached> {
        self.take_where(buckets, now, |_| true)
    }

    async fn release(&self, _: Grant, buckets: &[Bucket<'_>], _: Uptime) {
        self.release_where(buckets, |_| true);
    }
}

#[cfg(test)]
mod tests;
