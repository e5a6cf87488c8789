//! Where a request comes from, as narrowly and as widely as one subscriber can have it.

use std::net::{IpAddr, SocketAddr};

use infra_kernel::Uptime;
use sha2::{Digest as _, Sha256};

use super::Limit;
use crate::error::AccountsError;

/// The networks in which an IPv6 address is counted, by the bits of their prefix, and how many
/// times the allowance of one address each has. A home has a /64 or a /56 of its own, a company or
/// a rented server a /48, and anyone who has one chooses among all addresses in it.
const IPV6_LEVELS: [(u8, u32); 3] = [(64, 1), (56, 4), (48, 16)];
/// The same for what makes accounts: a /48 costs next to nothing, and no more people live in it
/// than in a /56.
pub(crate) const IPV6_LEVELS_OF_ACCOUNTS: [(u8, u32); 3] = [(64, 1), (56, 4), (48, 4)];
/// The prefix of what one subscriber has, of which a home's many devices are part.
const SUBSCRIBER_BITS: u8 = 56;
/// The widest prefix that is looked at.
const SITE_BITS: u8 = 48;

/// The address in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    V4([u8; 4]),
    /// The /64 alone: what follows it, every device makes up for itself.
    V6([u8; 8]),
    /// What is not an address, as a front end of another kind might send it.
    Other([u8; 8]),
}

/// Addresses that share a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Network {
    address: Address,
    /// The bits of an IPv6 prefix; 0 for what is no IPv6 address.
    bits: u8,
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

    /// What one subscriber has: an IPv4 address, or an IPv6 /56.
    pub(crate) fn subscriber(self) -> Network {
        self.within(SUBSCRIBER_BITS)
    }

    /// The widest network that is counted: an IPv4 address, or an IPv6 /48.
    pub(crate) fn site(self) -> Network {
        self.within(SITE_BITS)
    }

    fn within(self, bits: u8) -> Network {
        match self {
            Self::V6(octets) => {
                let mask = u64::MAX << (64 - u32::from(bits));
                let prefix = u64::from_be_bytes(octets) & mask;
                Network {
                    address: Self::V6(prefix.to_be_bytes()),
                    bits,
                }
            }
            address => Network { address, bits: 0 },
        }
    }
}

/// The first eight bytes, which are enough to distinguish what shares a bucket.
pub(super) fn first_eight(bytes: &[u8]) -> [u8; 8] {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(bytes) {
        *to = *from;
    }
    first
}

/// A limit for an address and for the networks round it.
pub(crate) struct AddressLimit {
    /// By the bits of the prefix; what is no IPv6 address is in the first alone.
    levels: [(u8, Limit<Network>); 3],
}

impl AddressLimit {
    pub(super) fn new(what: &'static str, count: u32, window_s: u32) -> Self {
        Self::with_levels(IPV6_LEVELS, what, count, window_s)
    }

    /// One whose IPv6 networks have so many times the allowance of one address, by the bits of
    /// their prefix.
    pub(super) fn with_levels(
        levels: [(u8, u32); 3],
        what: &'static str,
        count: u32,
        window_s: u32,
    ) -> Self {
        let level = |(bits, times): (u8, u32)| {
            (
                bits,
                Limit::new(what, count.saturating_mul(times), window_s),
            )
        };
        Self {
            levels: levels.map(level),
        }
    }

    /// Takes one from the address and from each network round it, or from none, if there is an
    /// address.
    pub(crate) fn take(&self, address: Option<Address>, now: Uptime) -> Result<(), AccountsError> {
        let Some(address) = address else {
            return Ok(());
        };
        let levels = self.levels_of(address);
        for (taken, (bits, limit)) in levels.iter().enumerate() {
            if let Err(error) = limit.take(Some(address.within(*bits)), now) {
                for (bits, limit) in &levels[..taken] {
                    limit.release(address.within(*bits));
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Releases one that was taken from the address and from each network round it.
    pub(crate) fn release(&self, address: Option<Address>) {
        let Some(address) = address else { return };
        for (bits, limit) in self.levels_of(address) {
            limit.release(address.within(*bits));
        }
    }

    fn levels_of(&self, address: Address) -> &[(u8, Limit<Network>)] {
        match address {
            Address::V6(_) => &self.levels,
            Address::V4(_) | Address::Other(_) => &self.levels[..1],
        }
    }

    pub(super) fn forget_full(&self, now: Uptime) {
        for (_, limit) in &self.levels {
            limit.forget_full(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Uptime {
        Uptime::from_microseconds(seconds * 1_000_000)
    }

    #[test]
    fn an_ipv6_host_is_one_address() {
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

    #[test]
    fn networks_hold_what_their_prefix_says() {
        let network = |text: &str, bits| Address::parse(text).unwrap().within(bits);
        assert_eq!(
            network("2001:db8:1:200::", 56),
            network("2001:db8:1:2ff::", 56)
        );
        assert_ne!(
            network("2001:db8:1:200::", 56),
            network("2001:db8:1:300::", 56)
        );
        assert_eq!(
            network("2001:db8:1:200::", 48),
            network("2001:db8:1:300::", 48)
        );
        assert_ne!(network("2001:db8:1::", 48), network("2001:db8:2::", 48));
        assert_ne!(network("2001:db8:1::", 48), network("2001:db8:1::", 56));
        assert_eq!(network("192.0.2.1", 48), network("192.0.2.1", 56));
    }

    #[test]
    fn anyone_who_has_a_whole_network_has_no_endless_addresses() {
        let limit = AddressLimit::new("tries", 10, 60);
        let try_from = |text: String| limit.take(Address::parse(&text), at(0)).is_ok();
        let allowed = (0..100)
            .filter(|n| try_from(format!("2001:db8:1:{n:x}::1")))
            .count();
        assert_eq!(allowed, 40, "one /56 has four times the allowance of a /64");
        let allowed = (0..0x1_0000_u32)
            .step_by(0x80)
            .filter(|n| try_from(format!("2001:db8:2:{n:x}::1")))
            .count();
        assert_eq!(
            allowed, 160,
            "one /48 has sixteen times the allowance of a /64"
        );
        assert!(try_from("2001:db8:3::1".to_owned()));
        let allowed = (0..20).filter(|_| try_from("192.0.2.1".to_owned())).count();
        assert_eq!(allowed, 10);
        assert!(try_from("192.0.2.2".to_owned()));
    }

    #[test]
    fn a_try_that_a_wider_network_refuses_costs_the_narrower_nothing() {
        let limit = AddressLimit::new("tries", 1, 60);
        let take = |text: &str, now| limit.take(Address::parse(text), now).is_ok();
        for host in 0..4 {
            assert!(take(&format!("2001:db8:1:{host}::1"), at(0)));
        }
        for _ in 0..5 {
            assert!(!take("2001:db8:1:9::1", at(0)));
        }
        assert!(take("2001:db8:1:9::1", at(15)));
    }
}
