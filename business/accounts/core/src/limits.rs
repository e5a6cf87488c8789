//! How often anyone may try: by where they come from, by the name they try, and by the browser they
//! were signed in with.

mod address;
mod sign_in;

use std::hash::Hash;

use infra_kernel::Uptime;
use infra_resilience as resilience;

use crate::Settings;
use crate::error::AccountsError;
use crate::secret::SecretHash;

pub(crate) use address::{Address, AddressLimit, IPV6_LEVELS_OF_ACCOUNTS, Network};
pub(crate) use sign_in::{Attempt, SignInLimits};

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

impl resilience::QueueKey for Line {
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
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            sign_in: SignInLimits::new(settings),
            registrations: AddressLimit::with_levels(
                IPV6_LEVELS_OF_ACCOUNTS,
                "sign-ups from this address",
                settings.registrations_per_address,
                settings.registration_window_s,
            ),
            all_registrations: AllRegistrations::new(settings),
            applications: AddressLimit::new(
                "applications registered from this address",
                settings.applications_per_address,
                settings.application_window_s,
            ),
        }
    }

    /// Forgets the buckets that are full.
    pub(crate) fn forget_full(&self, now: Uptime) {
        self.sign_in.forget_full(now);
        self.registrations.forget_full(now);
        self.applications.forget_full(now);
    }
}

/// How many may sign up in all, whatever addresses they have: a bound on what a crowd of addresses
/// can make.
pub(crate) struct AllRegistrations {
    hourly: Limit<()>,
    daily: Limit<()>,
}

impl AllRegistrations {
    fn new(settings: &Settings) -> Self {
        const HOUR_S: u32 = 3_600;
        const WHAT: &str = "people are signing up here just now";
        Self {
            hourly: Limit::new(WHAT, settings.registrations_per_hour_max, HOUR_S),
            daily: Limit::new(WHAT, settings.registrations_per_day_max, 24 * HOUR_S),
        }
    }

    pub(crate) fn take(&self, now: Uptime) -> Result<(), AccountsError> {
        self.hourly.take(Some(()), now)?;
        self.daily
            .take(Some(()), now)
            .inspect_err(|_| self.hourly.release(()))
    }

    /// Nobody signed up.
    pub(crate) fn release(&self) {
        self.hourly.release(());
        self.daily.release(());
    }
}

/// One limit, and the words for what it counts.
pub(crate) struct Limit<K> {
    what: &'static str,
    limit: resilience::Limit<K>,
}

impl<K: Hash + Eq + Copy> Limit<K> {
    fn new(what: &'static str, count: u32, window_s: u32) -> Self {
        Self {
            what,
            limit: resilience::Limit::new(count, window_s),
        }
    }

    /// Takes one from the key's bucket, if there is a key.
    pub(crate) fn take(&self, key: Option<K>, now: Uptime) -> Result<(), AccountsError> {
        self.limit
            .take(key, now)
            .map_err(|reached| AccountsError::RateLimited {
                what: self.what,
                wait: reached.wait,
            })
    }

    /// Releases one that was taken.
    pub(crate) fn release(&self, key: K) {
        self.limit.release(key);
    }

    /// Forgets the buckets that are full.
    pub(crate) fn forget_full(&self, now: Uptime) {
        self.limit.forget_full(now);
    }
}
