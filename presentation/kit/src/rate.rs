//! How often an account, or an address without one, may call: two limits on what changes something,
//! one on what reads, and one for each address. Apps and the page count against the same.
//!
//! What takes much of the server has a limit of its own in its domain (sign-in, sign-up, bytes and
//! photos uploaded); these are about requests, whatever is in them. A request that is refused or
//! fails counts too, and so does one that is repeated with its `Idempotency-Key` or responded to
//! with 304: each costs about what the first did. The bytes of an upload in parts do not count as
//! changes: the upload did when it began. The bytes of photos are not counted at all.

mod layer;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use edge_http::ClientAddress;
use edge_http::address::Network;
use http::request::Parts;
use infra_kernel::{AccountId, Clock, Error, ErrorCode, Result, SystemClock, Timestamp};
use infra_resilience::{Bucket, BucketKey, Level, Limit, Limiter, LocalLimiter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::surface::Surface;

pub use layer::RateLayer;

const DAY_S: u32 = 24 * 60 * 60;

/// How often an account or an address may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Changes (posts, uploads, edits, follows, deletions) that one account may make within
    /// `writes_window_s`, in apps and on the page together; 0 means no bound. Default: 300.
    pub writes_per_account_max: u32,
    /// The time within which they are counted, in seconds. Default: 300 (five minutes).
    pub writes_window_s: u32,
    /// Changes that one account may make within a day; 0 means no bound. Default: 5000.
    pub writes_per_account_day_max: u32,
    /// Requests of apps that only read which one account may make within `reads_window_s`; 0 means
    /// no bound. Default: 3000.
    pub reads_per_account_max: u32,
    /// Requests to the API without an account that one address (of IPv6 one /64; a /56 four times
    /// as many, a /48 16 times) may make within `reads_window_s`; 0 means no bound. Visitors of the
    /// pages of hashtags count here, too; the bytes of photos do not. Default: 1500.
    pub requests_per_address_max: u32,
    /// The time within which both are counted, in seconds. Default: 300 (five minutes).
    pub reads_window_s: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            writes_per_account_max: 300,
            writes_window_s: 300,
            writes_per_account_day_max: 5_000,
            reads_per_account_max: 3_000,
            requests_per_address_max: 1_500,
            reads_window_s: 300,
        }
    }
}

impl LimitSettings {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The setting and what is wrong with it.
    pub fn check(&self) -> std::result::Result<(), (&'static str, String)> {
        for (setting, window_s) in [
            ("writes_window_s", self.writes_window_s),
            ("reads_window_s", self.reads_window_s),
        ] {
            if !(1..=DAY_S).contains(&window_s) {
                return Err((
                    setting,
                    format!("{window_s} seconds are not between 1 and {DAY_S} (a day)"),
                ));
            }
        }
        Ok(())
    }
}

/// What is left of the limit that a request counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many are allowed in the window.
    pub limit: u32,
    /// How many requests it allows now.
    pub remaining: u32,
    /// When it allows all of them again.
    pub reset: Timestamp,
}

/// The limits on requests.
pub struct RateLimits {
    settings: LimitSettings,
    clock: Arc<dyn Clock>,
    limiter: Arc<dyn Limiter>,
    writes: Limit,
    writes_of_day: Limit,
    reads: Limit,
    /// One for each of [`Network::levels_of_client`].
    addresses: [Limit; 3],
}

impl RateLimits {
    /// Limits that this process counts alone, and that have not been used yet.
    #[must_use]
    pub fn new(settings: LimitSettings, clock: Arc<dyn Clock>) -> Self {
        Self::counted_by(Arc::new(LocalLimiter::default()), settings, clock)
    }

    /// Limits that are counted by this limiter.
    #[must_use]
    pub fn counted_by(
        limiter: Arc<dyn Limiter>,
        settings: LimitSettings,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let window_s = settings.reads_window_s;
        Self {
            writes: Limit::new(
                "writes",
                settings.writes_per_account_max,
                settings.writes_window_s,
            ),
            writes_of_day: Limit::new("writes-day", settings.writes_per_account_day_max, DAY_S),
            reads: Limit::new("reads", settings.reads_per_account_max, window_s),
            addresses: Network::shares_of_levels().map(|times| {
                let count = settings.requests_per_address_max.saturating_mul(times);
                Limit::new("requests", count, window_s)
            }),
            settings,
            clock,
            limiter,
        }
    }

    /// Counts a change that an account asks for.
    pub async fn count_write(&self, account: AccountId) -> Counted {
        let key = key_of(account);
        let buckets = [&self.writes, &self.writes_of_day].map(|limit| Bucket { limit, key });
        self.count(&buckets, |bucket| match bucket {
            0 => format!(
                "That is a lot at once: an account can change {} things in {}. Wait a little, then go on.",
                self.settings.writes_per_account_max,
                in_words(self.settings.writes_window_s)
            ),
            _ => format!(
                "That is all for now: an account can change {} things in a day. Wait a little, then go on.",
                self.settings.writes_per_account_day_max
            ),
        })
        .await
    }

    /// Counts a request of an account that only reads.
    pub async fn count_read(&self, account: AccountId) -> Counted {
        let bucket = Bucket {
            limit: &self.reads,
            key: key_of(account),
        };
        self.count(&[bucket], |_| {
            format!(
                "This app asks too often: an account can ask {} times in {}. Wait a little, then go on.",
                self.settings.reads_per_account_max,
                in_words(self.settings.reads_window_s)
            )
        })
        .await
    }

    /// Counts a request that no account stands behind, in each network round its address. Without
    /// an address (of a socket that has none) it is not limited.
    pub async fn count_address(&self, address: Option<IpAddr>) -> Counted {
        let Some(address) = address else {
            return Counted::taken(None);
        };
        let networks = Network::levels_of_client(address).zip(0_u8..);
        let buckets = self.addresses.iter().zip(networks);
        let buckets = buckets.map(|(limit, ((network, _), level))| Bucket {
            limit,
            // Networks of different sizes may have the same number.
            key: BucketKey::of(&[&network.key().to_be_bytes(), &[level]]),
        });
        self.count(&buckets.collect::<Vec<_>>(), |_| {
            format!(
                "Too many requests come from your network: without an account it can ask {} times in {}. Wait a little, \
                 then go on.",
                self.settings.requests_per_address_max,
                in_words(self.settings.reads_window_s)
            )
        })
        .await
    }

    /// Counts in each of these buckets, or in none: `text` is what to say when one of them is
    /// empty.
    async fn count(&self, buckets: &[Bucket<'_>], text: impl Fn(usize) -> String) -> Counted {
        match self.limiter.take(buckets, self.clock.uptime()).await {
            Ok(grant) => Counted::taken(grant.level.map(|level| self.quota(level))),
            Err(reached) => {
                let quota = self.quota(reached.level);
                Counted::refused(Some(quota), reached.wait, text(reached.bucket))
            }
        }
    }

    fn quota(&self, level: Level) -> Quota {
        Quota {
            limit: level.count,
            remaining: level.remaining,
            reset: self.clock.now().plus(level.full_in),
        }
    }
}

impl Default for RateLimits {
    /// With the settings' defaults and the machine's clock.
    fn default() -> Self {
        Self::new(LimitSettings::default(), Arc::new(SystemClock))
    }
}

fn key_of(account: AccountId) -> BucketKey {
    BucketKey::of(&[&account.get().to_be_bytes()])
}

/// A request after it was counted: what is left, and whether it may continue.
#[derive(Debug)]
#[must_use]
pub struct Counted {
    quota: Option<Quota>,
    outcome: Result<()>,
}

impl Counted {
    const fn taken(quota: Option<Quota>) -> Self {
        Self {
            quota,
            outcome: Ok(()),
        }
    }

    fn refused(quota: Option<Quota>, wait: Duration, text: String) -> Self {
        let error = Error::new(ErrorCode::RateLimited, text).to_retry_after(wait);
        Self {
            quota,
            outcome: Err(error),
        }
    }

    /// Records what is left for the response's headers, when the request passed [`RateLayer`].
    ///
    /// # Errors
    /// `rate_limited`, when the request may not continue.
    pub fn note(self, parts: &Parts) -> Result<()> {
        // Of a refusal, too: its response says when the limit is full again.
        if let (Some(slot), Some(quota)) = (parts.extensions.get::<layer::Slot>(), self.quota) {
            slot.fill(quota);
        }
        self.outcome
    }

    /// Whether the request may continue.
    ///
    /// # Errors
    /// `rate_limited`, with how long to wait.
    pub fn outcome(self) -> Result<()> {
        self.outcome
    }
}

/// Counts a request of an account against the limit that it belongs to.
pub(crate) async fn count(parts: &Parts, limits: &RateLimits, account: AccountId) -> Result<()> {
    let counted = if is_write(parts) {
        limits.count_write(account).await
    } else {
        limits.count_read(account).await
    };
    counted.note(parts)
}

/// Counts a request that no account stands behind.
pub(crate) async fn count_anonymous(parts: &mut Parts, limits: &RateLimits) -> Result<()> {
    // It cannot fail.
    let address = ClientAddress::from_request_parts(parts, &()).await;
    let address = address
        .ok()
        .and_then(|ClientAddress(text)| text.parse().ok());
    limits.count_address(address).await.note(parts)
}

/// An argument of the few handlers that ask for no [`crate::Allowed`]: counts the request by its
/// address.
#[derive(Debug)]
pub struct CountedByAddress;

impl FromRequestParts<Surface> for CountedByAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, surface: &Surface) -> Result<Self, Problem> {
        count_anonymous(parts, &surface.limits).await?;
        Ok(Self)
    }
}

/// A mark of a route that continues with a change (an upload in parts), which was counted when it
/// began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GoesOn;

/// Whether a request counts as a change.
fn is_write(parts: &Parts) -> bool {
    !parts.method.is_safe() && parts.extensions.get::<GoesOn>().is_none()
}

fn in_words(seconds: u32) -> String {
    let span = Duration::from_secs(u64::from(seconds));
    match (span.as_secs() / 60, span.as_secs() % 60) {
        (1, 0) => "a minute".to_owned(),
        (minutes, 0) => format!("{minutes} minutes"),
        _ => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests;
