//! A network of addresses, as an operator writes it: `10.0.0.0/8`, `fd00::/8`, or one address
//! alone.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bits before the IPv4 address in one that is mapped into IPv6 (RFC 4291, 2.5.5.2).
const MAPPED_BITS: u8 = 96;
/// The IPv6 networks in which a client is counted, by the bits of their prefix, and how many times
/// the share of one each has. A subscriber's line has a /64 to itself at least (RFC 6177), many a
/// /56, a company or a rented server a /48.
const IPV6_LEVELS: [(u8, u32); 3] = [(64, 1), (56, 4), (48, 16)];

/// A network of addresses. IPv4 mapped into IPv6 counts as IPv4, on both sides of every comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Network {
    /// Canonical, with every bit after the prefix zero.
    address: IpAddr,
    prefix_bits: u8,
}

/// What was written is no network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError(String);

impl fmt::Display for NetworkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is neither an address like 10.0.0.1 nor a network like 10.0.0.0/8 or fd00::/8",
            self.0
        )
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// The network of this one address alone.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        Self::truncated(address.to_canonical(), u8::MAX)
    }

    /// What one client has for itself at least: an IPv4 address, or an IPv6 network of 64 bits,
    /// within which a client takes as many addresses as it likes.
    #[must_use]
    pub fn of_client(address: IpAddr) -> Self {
        let address = address.to_canonical();
        match address {
            IpAddr::V4(_) => Self::single(address),
            IpAddr::V6(_) => Self::truncated(address, IPV6_LEVELS[0].0),
        }
    }

    /// The networks in which a client is counted, from [`Network::of_client`] to the widest that
    /// one subscriber may have, and how many times the share of the first each has: of IPv4 the
    /// first alone.
    pub fn levels_of_client(address: IpAddr) -> impl Iterator<Item = (Self, u32)> {
        let address = address.to_canonical();
        let levels = if address.is_ipv4() {
            1
        } else {
            IPV6_LEVELS.len()
        };
        IPV6_LEVELS[..levels]
            .iter()
            .map(move |(bits, times)| match address {
                IpAddr::V4(_) => (Self::single(address), *times),
                IpAddr::V6(_) => (Self::truncated(address, *bits), *times),
            })
    }

    /// How many times the share of one client each level has, as in [`Network::levels_of_client`].
    #[must_use]
    pub fn shares_of_levels() -> [u32; IPV6_LEVELS.len()] {
        IPV6_LEVELS.map(|(_, times)| times)
    }

    /// A number of its own among networks of as many bits.
    #[must_use]
    pub fn key(&self) -> u128 {
        match self.address {
            IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
            IpAddr::V6(address) => u128::from(address),
        }
    }

    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && Self::truncated(address, self.prefix_bits) == *self
    }

    /// The network of the address's first bits, at most as many as it has.
    fn truncated(address: IpAddr, prefix_bits: u8) -> Self {
        match address {
            IpAddr::V4(address) => {
                let prefix_bits = prefix_bits.min(32);
                // A prefix of no bits would shift by the whole width, which has no result.
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix_bits));
                let bits = address.to_bits() & mask.unwrap_or(0);
                Self {
                    address: IpAddr::V4(Ipv4Addr::from_bits(bits)),
                    prefix_bits,
                }
            }
            IpAddr::V6(address) => {
                let prefix_bits = prefix_bits.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix_bits));
                let bits = address.to_bits() & mask.unwrap_or(0);
                Self {
                    address: IpAddr::V6(Ipv6Addr::from_bits(bits)),
                    prefix_bits,
                }
            }
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address.trim(), Some(prefix.trim())),
            None => (text.trim(), None),
        };
        let written: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = written.to_canonical();
        let Some(prefix) = prefix else {
            return Ok(Self::single(address));
        };
        let mut prefix_bits: u8 = prefix.parse().map_err(|_| wrong())?;
        // Its bits are counted from the beginning of the IPv6 address (RFC 4291).
        if written.is_ipv6() && address.is_ipv4() {
            prefix_bits = prefix_bits.checked_sub(MAPPED_BITS).ok_or_else(wrong)?;
        }
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        if prefix_bits > bits_max {
            return Err(wrong());
        }
        Ok(Self::truncated(address, prefix_bits))
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits_max = if self.address.is_ipv4() { 32 } else { 128 };
        if self.prefix_bits == bits_max {
            write!(formatter, "{}", self.address)
        } else {
            write!(formatter, "{}/{}", self.address, self.prefix_bits)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn networks_are_read_as_operators_write_them() {
        for (written, canonical) in [
            ("10.0.0.1", "10.0.0.1"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            (" 10.0.0.0 / 8 ", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("fd12::1/8", "fd00::/8"),
            ("::/0", "::/0"),
            ("::1/128", "::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ] {
            assert_eq!(network(written).to_string(), canonical, "{written}");
        }
        for wrong in [
            "",
            "nginx",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/8/8",
            "fd00::/129",
            "::ffff:10.0.0.0/8",
            "10.0.0.0/",
            "unix:",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "`{wrong}` was taken");
        }
    }

    #[test]
    fn a_network_contains_its_own_and_nothing_else() {
        let contains = |text: &str, address: &str| network(text).contains(address.parse().unwrap());
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("fd00::/8", "fdff::1"));
        assert!(!contains("fd00::/8", "fe00::1"));
        assert!(contains("0.0.0.0/0", "192.0.2.1"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(!contains("::/0", "192.0.2.1"));
        assert!(contains("::1", "::1"));
    }

    #[test]
    fn a_client_is_counted_in_the_networks_that_it_may_have() {
        let levels = |address: &str| -> Vec<(String, u32)> {
            Network::levels_of_client(address.parse().unwrap())
                .map(|(network, times)| (network.to_string(), times))
                .collect()
        };
        assert_eq!(levels("::ffff:192.0.2.1"), [("192.0.2.1".to_owned(), 1)]);
        let expected = [
            ("2001:db8:1:203::/64", 1),
            ("2001:db8:1:200::/56", 4),
            ("2001:db8:1::/48", 16),
        ];
        let expected = expected.map(|(network, times)| (network.to_owned(), times));
        assert_eq!(levels("2001:db8:1:203::9"), expected);
    }

    #[test]
    fn clients_are_distinguished_by_address_or_by_line() {
        let client = |address: &str| Network::of_client(address.parse().unwrap());
        assert_eq!(client("192.0.2.1"), client("::ffff:192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
    }
}
