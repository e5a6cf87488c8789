//! Where a request comes from, as narrowly and as widely as one subscriber can have it.

use std::net::{IpAddr, SocketAddr};

use infra_kernel::Uptime;
use infra_resilience::Grant;
use sha2::{Digest as _, Sha256};

use super::{Asked, Counter, NamedLimit};
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
            // With a port, as some proxies write it.
            .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
        // An IPv4 address is one subscriber's, also where it is written as IPv6.
        Some(match parsed.map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => Self::V4(address.octets()),
            Ok(IpAddr::V6(address)) => Self::V6(first_eight(&address.octets())),
            // What no address can be made of is still the same for the same sender.
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

impl Network {
    /// Bytes of its own among those of all networks.
    pub(super) fn bytes(self) -> [u8; 10] {
        let (kind, octets) = match self.address {
            Address::V4([a, b, c, d]) => (1, [a, b, c, d, 0, 0, 0, 0]),
            Address::V6(octets) => (2, octets),
            Address::Other(octets) => (3, octets),
        };
        let mut bytes = [kind; 10];
        bytes[1] = self.bits;
        bytes[2..].copy_from_slice(&octets);
        bytes
    }
}

/// A limit for an address and for the networks round it.
pub(crate) struct AddressLimit {
    counter: Counter,
    /// By the bits of the prefix; what is no IPv6 address is in the first alone.
    levels: [(u8, NamedLimit); 3],
}

impl AddressLimit {
    pub(super) fn new(counter: &Counter, limit: &NamedLimit) -> Self {
        Self::with_levels(counter, IPV6_LEVELS, limit)
    }

    /// One whose IPv6 networks have so many times the allowance of one address, by the bits of
    /// their prefix.
    pub(super) fn with_levels(
        counter: &Counter,
        levels: [(u8, u32); 3],
        limit: &NamedLimit,
    ) -> Self {
        Self {
            counter: counter.clone(),
            levels: levels.map(|(bits, times)| (bits, limit.times(times))),
        }
    }

    /// Takes one from the address and from each network round it, or from none. Without an address
    /// nothing is limited, and nothing can be released.
    pub(crate) async fn take(
        &self,
        address: Option<Address>,
        now: Uptime,
    ) -> Result<Option<Grant>, AccountsError> {
        match address {
            Some(address) => Ok(Some(self.counter.take(&self.asked(address), now).await?)),
            None => Ok(None),
        }
    }

    /// Releases what was taken from the address and from each network round it.
    pub(crate) async fn release(
        &self,
        grant: Option<Grant>,
        address: Option<Address>,
        now: Uptime,
    ) {
        if let (Some(grant), Some(address)) = (grant, address) {
            let asked = self.asked(address);
            self.counter.release(grant, &asked, now).await;
        }
    }

    fn asked(&self, address: Address) -> Vec<Asked<'_>> {
        let levels = match address {
            Address::V6(_) => &self.levels[..],
            Address::V4(_) | Address::Other(_) => &self.levels[..1],
        };
        let asked = levels
            .iter()
            .map(|(bits, limit)| limit.ask(&[&address.within(*bits).bytes()]));
        asked.collect()
    }

    pub(super) fn forget_full(&self, now: Uptime) {
        for (_, limit) in &self.levels {
            limit.forget_full(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use infra_resilience::LocalLimiter;

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

    /// A limit of so many in a minute.
    fn limit(count: u32) -> AddressLimit {
        let counter = Counter(Arc::new(LocalLimiter::default()));
        AddressLimit::new(&counter, &NamedLimit::new("tests", "tries", count, 60))
    }

    /// How many tries from these addresses are allowed.
    async fn allowed(
        limit: &AddressLimit,
        addresses: impl Iterator<Item = String>,
        now: Uptime,
    ) -> usize {
        let mut allowed = 0;
        for address in addresses {
            let taken = limit.take(Address::parse(&address), now).await;
            allowed += usize::from(taken.is_ok());
        }
        allowed
    }

    #[tokio::test]
    async fn anyone_who_has_a_whole_network_has_no_endless_addresses() {
        let limit = limit(10);
        let of_home = (0..100).map(|n| format!("2001:db8:1:{n:x}::1"));
        let of_site = (0..0x1_0000_u32).step_by(0x80);
        let of_site = of_site.map(|n| format!("2001:db8:2:{n:x}::1"));
        let of_one = |address: &str, count| std::iter::repeat_n(address.to_owned(), count);
        assert_eq!(
            allowed(&limit, of_home, at(0)).await,
            40,
            "one /56 has four times the allowance of a /64"
        );
        assert_eq!(
            allowed(&limit, of_site, at(0)).await,
            160,
            "one /48 has sixteen times the allowance of a /64"
        );
        assert_eq!(allowed(&limit, of_one("2001:db8:3::1", 1), at(0)).await, 1);
        assert_eq!(allowed(&limit, of_one("192.0.2.1", 20), at(0)).await, 10);
        assert_eq!(allowed(&limit, of_one("192.0.2.2", 1), at(0)).await, 1);
    }

    #[tokio::test]
    async fn a_try_that_a_wider_network_refuses_costs_the_narrower_nothing() {
        let limit = limit(1);
        let hosts = (0..4).map(|host| format!("2001:db8:1:{host}::1"));
        assert_eq!(allowed(&limit, hosts, at(0)).await, 4);
        let another = |count| std::iter::repeat_n("2001:db8:1:9::1".to_owned(), count);
        assert_eq!(allowed(&limit, another(5), at(0)).await, 0);
        assert_eq!(allowed(&limit, another(1), at(15)).await, 1);
    }

    #[test]
    fn networks_that_differ_have_other_bytes() {
        let address = |text: &str| Address::parse(text).unwrap();
        let networks = [
            address("2001:db8::1").within(64),
            address("2001:db8::1").within(56),
            address("2001:db8:1::1").within(64),
            address("192.0.2.1").within(64),
            address("192.0.2.2").within(64),
            address("unknown").within(64),
        ];
        let bytes: HashSet<_> = networks.map(Network::bytes).into();
        assert_eq!(bytes.len(), networks.len());
    }
}
