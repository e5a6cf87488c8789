//! Limits that all processes share, counted on the server.
//!
//! What cannot be counted there is counted in this process, which then has its part of each limit.
//! What is guarded is counted in both always: it is refused where either refuses, so neither a
//! server that was emptied nor one that is away gives anyone a second allowance.

use std::num::NonZeroU32;

use async_trait::async_trait;
use infra_kernel::Uptime;
use infra_resilience::{
    Bucket, Grant, Level, Limit, LimitReached, Limiter, LocalLimiter, Place, lesser,
};

use crate::call::{Call, Reply};
use crate::client::Redis;
use crate::error::RedisError;
use crate::library::Library;

/// The functions that count.
pub const LIMITS: Library = Library {
    code: include_str!("limits.lua"),
};

/// Counts on a server that has [`LIMITS`].
pub struct RedisLimiter {
    redis: Redis,
    local: LocalLimiter,
    counts_time_of_callers: bool,
}

impl RedisLimiter {
    /// Counts on this server, in one of so many processes.
    #[must_use]
    pub const fn new(redis: Redis, processes: NonZeroU32) -> Self {
        Self {
            redis,
            local: LocalLimiter::one_of(processes),
            counts_time_of_callers: false,
        }
    }

    /// Counts time as its callers do, not by the server's clock. That is for one process alone, as
    /// a test is that moves its clock.
    #[must_use]
    pub const fn with_time_of_callers(mut self) -> Self {
        self.counts_time_of_callers = true;
        self
    }

    /// Takes one from each of these buckets on the server, or from none.
    async fn take_there(
        &self,
        buckets: &[Bucket<'_>],
        now: Uptime,
    ) -> Result<Result<Grant, LimitReached>, RedisError> {
        let limited: Vec<(usize, &Bucket<'_>)> = limited(buckets).collect();
        let place = Place::Shared;
        if limited.is_empty() {
            return Ok(Ok(Grant { level: None, place }));
        }
        let mut call = self.call("heliograph_take_1", &limited, now);
        for (_, bucket) in &limited {
            call = call.number(bucket.limit.period_us());
            call = call.number(bucket.limit.window_us());
        }
        let reply = self.redis.call(&call).await.and_then(Reply::numbers)?;
        of_reply(&limited, &reply).ok_or(RedisError::Reply)
    }

    async fn release_there(&self, buckets: &[Bucket<'_>], now: Uptime) -> Result<(), RedisError> {
        let limited: Vec<(usize, &Bucket<'_>)> = limited(buckets).collect();
        if limited.is_empty() {
            return Ok(());
        }
        let mut call = self.call("heliograph_release_1", &limited, now);
        for (_, bucket) in &limited {
            call = call.number(bucket.limit.period_us());
        }
        self.redis.call(&call).await.map(drop)
    }

    /// A call with the buckets' keys and the moment.
    fn call(&self, function: &str, buckets: &[(usize, &Bucket<'_>)], now: Uptime) -> Call {
        let keys: Vec<_> = buckets.iter().map(|(_, bucket)| key(bucket)).collect();
        let call = Call::new(function, &keys);
        if self.counts_time_of_callers {
            call.number(now.microseconds())
        } else {
            // An empty moment: the function asks the server's own clock.
            call.bytes(b"")
        }
    }
}

#[async_trait]
impl Limiter for RedisLimiter {
    async fn take(&self, buckets: &[Bucket<'_>], now: Uptime) -> Result<Grant, LimitReached> {
        // First here, which costs no trip: what this process refuses need not be asked for.
        let guarded = self.local.take_where(buckets, now, Limit::is_guarded)?;
        let taken = match self.take_there(buckets, now).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::debug!(%error, "a limit is counted in this process");
                // Those that are guarded have been counted here above.
                let not_yet = |limit: &Limit| !limit.is_guarded();
                self.local.take_where(buckets, now, not_yet)
            }
        };
        match taken {
            Ok(grant) => Ok(Grant {
                level: guarded
                    .level
                    .map(|level| lesser(grant.level, level))
                    .or(grant.level),
                place: grant.place,
            }),
            Err(reached) => {
                // Refused there: then nothing was taken, here neither.
                // Refused by another bucket: then nothing stays taken, here neither.
                self.local.release_where(buckets, Limit::is_guarded);
                Err(reached)
            }
        }
    }

    async fn release(&self, grant: Grant, buckets: &[Bucket<'_>], now: Uptime) {
        if grant.place == Place::Here {
            return self.local.release_where(buckets, |_| true);
        }
        self.local.release_where(buckets, Limit::is_guarded);
        if let Err(error) = self.release_there(buckets, now).await {
            // It comes back with time, as what was used does.
            tracing::debug!(%error, "what was taken of a limit is not released");
        }
    }
}

/// The buckets that have a limit, with their places among all.
fn limited<'b, 'l>(buckets: &'b [Bucket<'l>]) -> impl Iterator<Item = (usize, &'b Bucket<'l>)> {
    let buckets = buckets.iter().enumerate();
    buckets.filter(|(_, bucket)| !bucket.limit.is_unlimited())
}

/// The name of a bucket on the server.
fn key(bucket: &Bucket<'_>) -> Vec<u8> {
    let name = bucket.limit.name().as_bytes();
    [b"limit:", name, b":", bucket.key.bytes()].concat()
}

/// What the function returned, as `limits.lua` says.
fn of_reply(
    limited: &[(usize, &Bucket<'_>)],
    reply: &[i64],
) -> Option<Result<Grant, LimitReached>> {
    let (first, rest) = reply.split_first()?;
    if *first == 0 {
        let levels = limited.iter().zip(rest);
        let levels = levels.map(|((_, bucket), missing_us)| bucket.limit.level(*missing_us));
        let least = levels.fold(None::<Level>, |least, level| Some(lesser(least, level)));
        let place = Place::Shared;
        return Some(Ok(Grant {
            level: least,
            place,
        }));
    }
    let at = usize::try_from(*first).ok()?.checked_sub(1)?;
    let (bucket, asked) = limited.get(at)?;
    let (over_us, missing_us) = (*rest.first()?, *rest.get(1)?);
    Some(Err(LimitReached {
        bucket: *bucket,
        level: asked.limit.level(missing_us),
        wait: std::time::Duration::from_micros(over_us.unsigned_abs()),
    }))
}
