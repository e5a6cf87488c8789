//! How often anyone may try: by where they come from, by the name they try, and by the browser they
//! were signed in with.

mod address;
mod sign_in;

use std::sync::Arc;

use infra_kernel::Uptime;
use infra_resilience::{Bucket, BucketKey, Grant, Limit, Limiter, QueueKey};

use crate::Settings;
use crate::error::AccountsError;
use crate::secret::SecretHash;

pub(crate) use address::{Address, AddressLimit, IPV6_LEVELS_OF_ACCOUNTS, Network};
pub(crate) use sign_in::{Attempt, Client, SignInLimits};

/// Whom the line of a password check is shared with: everyone of the same network, or nobody but
/// one browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    /// A network: an IPv4 address, or an IPv6 /48.
    Network(Network),
    /// A browser that has signed in to the account before.
    Browser(SecretHash),
    /// The operator's commands, and whatever has no address.
    Local,
}

impl QueueKey for Line {
    /// Guesses from many networks take every place of the line; who has signed in before does so
    /// all the same.
    fn is_preferred(&self) -> bool {
        matches!(self, Self::Browser(_))
    }
}

impl Line {
    pub(crate) fn of(address: Option<Address>) -> Self {
        address.map_or(Self::Local, |address| Self::Network(address.site()))
    }
}

/// Every limit of this domain.
pub(crate) struct Limits {
    pub(crate) sign_in: SignInLimits,
    pub(crate) registrations: AddressLimit,
    pub(crate) all_registrations: AllRegistrations,
    pub(crate) applications: AddressLimit,
}

impl Limits {
    pub(crate) fn new(settings: &Settings, limiter: &Arc<dyn Limiter>) -> Self {
        let counter = Counter(Arc::clone(limiter));
        Self {
            sign_in: SignInLimits::new(settings, &counter),
            registrations: AddressLimit::with_levels(
                &counter,
                IPV6_LEVELS_OF_ACCOUNTS,
                &NamedLimit::new(
                    "registrations",
                    "sign-ups from this address",
                    settings.registrations_per_address,
                    settings.registration_window_s,
                ),
            ),
            all_registrations: AllRegistrations::new(settings, &counter),
            applications: AddressLimit::new(
                &counter,
                &NamedLimit::new(
                    "applications",
                    "applications registered from this address",
                    settings.applications_per_address,
                    settings.application_window_s,
                ),
            ),
        }
    }

    /// Forgets the buckets of this process that are full.
    pub(crate) fn forget_full(&self, now: Uptime) {
        // `all_registrations` has one bucket for each of its limits: there is nothing to forget.
        self.sign_in.forget_full(now);
        self.registrations.forget_full(now);
        self.applications.forget_full(now);
    }
}

/// How many may sign up in all, whatever addresses they have: a bound on what a crowd of addresses
/// can make.
pub(crate) struct AllRegistrations {
    counter: Counter,
    hourly: NamedLimit,
    daily: NamedLimit,
}

impl AllRegistrations {
    fn new(settings: &Settings, counter: &Counter) -> Self {
        const HOUR_S: u32 = 3_600;
        const WHAT: &str = "people are signing up here just now";
        let (of_hour, of_day) = (
            settings.registrations_per_hour_max,
            settings.registrations_per_day_max,
        );
        Self {
            counter: counter.clone(),
            hourly: NamedLimit::new("all-registrations-hour", WHAT, of_hour, HOUR_S),
            daily: NamedLimit::new("all-registrations-day", WHAT, of_day, 24 * HOUR_S),
        }
    }

    pub(crate) async fn take(&self, now: Uptime) -> Result<Grant, AccountsError> {
        self.counter.take(&self.asked(), now).await
    }

    /// Releases what was taken for a sign-up that came to nothing.
    pub(crate) async fn release(&self, grant: Grant, now: Uptime) {
        self.counter.release(grant, &self.asked(), now).await;
    }

    fn asked(&self) -> [Asked<'_>; 2] {
        [&self.hourly, &self.daily].map(|limit| limit.ask(&[]))
    }
}

/// One limit, and the words for what it counts.
pub(crate) struct NamedLimit {
    what: &'static str,
    limit: Limit,
}

impl NamedLimit {
    fn new(name: &'static str, what: &'static str, count: u32, window_s: u32) -> Self {
        Self {
            what,
            limit: Limit::new(name, count, window_s),
        }
    }

    /// The same with so many times its count.
    fn times(&self, times: u32) -> Self {
        let limit = self.limit.times(times);
        Self { limit, ..*self }
    }

    /// The same, which nobody is freed of when what is counted elsewhere is lost.
    fn guarded(self) -> Self {
        Self {
            limit: self.limit.guarded(),
            ..self
        }
    }

    /// The bucket of the key that consists of these parts.
    fn ask(&self, key: &[&[u8]]) -> Asked<'_> {
        Asked {
            what: self.what,
            bucket: Bucket {
                limit: &self.limit,
                key: BucketKey::of(key),
            },
        }
    }

    fn forget_full(&self, now: Uptime) {
        self.limit.forget_full(now);
    }
}

/// A bucket, and the words for what it counts.
#[derive(Clone, Copy)]
struct Asked<'l> {
    what: &'static str,
    bucket: Bucket<'l>,
}

/// Counts, and says which limit is reached. Cheap to clone.
#[derive(Clone)]
struct Counter(Arc<dyn Limiter>);

impl Counter {
    /// Takes one from each of these buckets, or from none.
    async fn take(&self, asked: &[Asked<'_>], now: Uptime) -> Result<Grant, AccountsError> {
        let taken = self.0.take(&buckets(asked), now).await;
        taken.map_err(|reached| AccountsError::RateLimited {
            what: asked[reached.bucket].what,
            wait: reached.wait,
        })
    }

    /// Releases what was taken from these buckets.
    async fn release(&self, grant: Grant, asked: &[Asked<'_>], now: Uptime) {
        self.0.release(grant, &buckets(asked), now).await;
    }
}

fn buckets<'l>(asked: &[Asked<'l>]) -> Vec<Bucket<'l>> {
    asked.iter().map(|asked| asked.bucket).collect()
}
