//! How often anyone may try: token buckets, by remote address and by account.
//!
//! A bucket is one moment in time, the one at which it will be full again (the generic cell rate algorithm), so that a
//! bucket that is full need not be kept. It is written here because a sign-in that succeeds gives its token back, which
//! no limiter at hand can do: taking first and giving back lets no parallel guess slip past the limit. The counts live
//! in this process and begin anew with it.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_kernel::{AccountId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::Settings;
use crate::error::AccountsError;

/// The most buckets of one limit. When there are more, those nearest to being full again are forgotten.
const BUCKETS_MAX: usize = 100_000;

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

/// One limit: so many in so long for each key.
pub(crate) struct Limit<K> {
    what: &'static str,
    /// How long it takes until one more is allowed; zero for no limit.
    period_us: i64,
    window_us: i64,
    buckets_max: usize,
    /// When each bucket will be full again, in microseconds since the Unix epoch.
    full_at_us: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq + Copy> Limit<K> {
    fn new(what: &'static str, count: u32, window_seconds: u32) -> Self {
        let window_us = i64::from(window_seconds) * 1_000_000;
        Self {
            what,
            period_us: window_us.checked_div(i64::from(count)).unwrap_or(0),
            window_us,
            buckets_max: BUCKETS_MAX,
            full_at_us: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one from the key's bucket, if there is a key.
    pub(crate) fn take(&self, key: Option<K>, now: Timestamp) -> Result<(), AccountsError> {
        let Some(key) = key.filter(|_| self.period_us > 0) else {
            return Ok(());
        };
        let now_us = now.microseconds();
        let mut buckets = self.buckets();
        if buckets.len() >= self.buckets_max && !buckets.contains_key(&key) {
            make_room(&mut buckets, now_us);
        }
        let full_at_us = buckets
            .get(&key)
            .map_or(now_us, |full_at| now_us.max(*full_at));
        let next_us = full_at_us + self.period_us;
        let over_us = next_us - now_us - self.window_us;
        if over_us > 0 {
            return Err(AccountsError::RateLimited {
                what: self.what,
                wait: Duration::from_micros(over_us.unsigned_abs()),
            });
        }
        buckets.insert(key, next_us);
        Ok(())
    }

    /// Puts one back that was taken.
    pub(crate) fn give_back(&self, key: K) {
        if let Some(full_at_us) = self.buckets().get_mut(&key) {
            *full_at_us -= self.period_us;
        }
    }

    /// Forgets the buckets that are full.
    pub(crate) fn forget_full(&self, now: Timestamp) {
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

/// Forgets the full buckets, and half of the others, the fuller ones, when that is not enough: whoever tries the most
/// is remembered the longest.
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

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(1_800_000_000_000 + seconds * 1_000)
    }

    fn wait(result: Result<(), AccountsError>) -> Option<Duration> {
        match result {
            Ok(()) => None,
            Err(AccountsError::RateLimited { wait, .. }) => Some(wait),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn so_many_at_once_then_one_after_each_period() {
        let limit = Limit::new("tries", 3, 30);
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
    fn what_is_given_back_can_be_taken_again() {
        let limit = Limit::new("tries", 1, 60);
        for _ in 0..5 {
            assert_eq!(wait(limit.take(Some(1), at(0))), None);
            limit.give_back(1);
        }
    }

    #[test]
    fn no_key_and_no_limit_mean_no_limit() {
        let (limit, unlimited) = (Limit::new("tries", 1, 60), Limit::new("tries", 0, 60));
        for _ in 0..5 {
            assert_eq!(wait(limit.take(None::<u8>, at(0))), None);
            assert_eq!(wait(unlimited.take(Some(1), at(0))), None);
        }
    }

    #[test]
    fn the_buckets_are_bounded_and_the_worst_is_remembered() {
        let mut limit = Limit::new("tries", 3, 30);
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
