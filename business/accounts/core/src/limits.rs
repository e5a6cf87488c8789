//! How often anyone may try, by remote address and by account.

use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};

use infra_kernel::{AccountId, Uptime};
use infra_resilience as resilience;
use sha2::{Digest as _, Sha256};

use crate::Settings;
use crate::error::AccountsError;

/// Every limit of this domain.
pub(crate) struct Limits {
    pub(crate) sign_ins: Limit<Address>,
    pub(crate) failures: Limit<Target>,
    pub(crate) registrations: Limit<Address>,
    pub(crate) applications: Limit<Address>,
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            sign_ins: Limit::new(
                "attempts to sign in from this address",
                settings.sign_ins_per_address,
                settings.sign_in_window_seconds,
            ),
            failures: Limit::new(
                "wrong passwords for this account",
                settings.sign_in_failures_per_account,
                settings.sign_in_failure_window_seconds,
            ),
            registrations: Limit::new(
                "sign-ups from this address",
                settings.registrations_per_address,
                settings.registration_window_seconds,
            ),
            applications: Limit::new(
                "applications registered from this address",
                settings.applications_per_address,
                settings.application_window_seconds,
            ),
        }
    }
}

/// Whoever shares a bucket by where they come from: an IPv4 address, or the /64 that one IPv6 subscriber has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    V4([u8; 4]),
    V6([u8; 8]),
    /// What is not an address, as a front end of another kind might send it.
    Other([u8; 8]),
}

impl Address {
    /// The address in a request; none when it is empty, and then nothing is limited by it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let parsed = text
            .parse::<IpAddr>()
            .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
        Some(match parsed.map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => Self::V4(address.octets()),
            Ok(IpAddr::V6(address)) => Self::V6(first_eight(&address.octets())),
            Err(_) => Self::Other(first_eight(&Sha256::digest(text))),
        })
    }
}

/// Whose password is being guessed: an account, or a name that no account has, so that the limit tells nothing of who
/// is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Account(AccountId),
    Nobody([u8; 8]),
}

impl Target {
    pub(crate) fn nobody(name: &str) -> Self {
        Self::Nobody(first_eight(&Sha256::digest(name)))
    }
}

fn first_eight(bytes: &[u8]) -> [u8; 8] {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    first
}

/// One limit, and the words for what it counts.
pub(crate) struct Limit<K> {
    what: &'static str,
    limit: resilience::Limit<K>,
}

impl<K: Hash + Eq + Copy> Limit<K> {
    fn new(what: &'static str, count: u32, window_seconds: u32) -> Self {
        Self {
            what,
            limit: resilience::Limit::new(count, window_seconds),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_subscriber_is_one_address() {
        let same = [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("192.0.2.1", "192.0.2.1:4711"),
            ("2001:db8::1", "[2001:db8::1]:443"),
        ];
        for (one, other) in same {
            assert_eq!(Address::parse(one), Address::parse(other), "{one} {other}");
        }
        assert_ne!(
            Address::parse("2001:db8:1:2::1"),
            Address::parse("2001:db8:1:3::1")
        );
        assert_ne!(Address::parse("192.0.2.1"), Address::parse("192.0.2.2"));
        assert_ne!(Address::parse("unknown"), Address::parse("hidden"));
        assert_eq!(Address::parse(" "), None);
    }
}
