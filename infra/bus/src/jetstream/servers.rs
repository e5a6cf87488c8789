//! The servers that a URL names.

use std::fmt;

/// The NATS servers of one cluster, as `bus_url` names them. It is shown without accounts and
/// passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsServers(Vec<Address>);

/// Not the addresses of NATS servers. Nothing of them is shown: a password may be anywhere in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not an address like nats://host:4222, or tls://host:4222")]
pub struct InvalidServers;

#[derive(Clone, PartialEq, Eq)]
struct Address {
    /// All of it, with the account.
    whole: String,
    is_encrypted: bool,
    /// The host's name or address, with a port or without.
    place: String,
    host: String,
}

impl NatsServers {
    /// The servers that a URL names, with commas between several: a password has none. Each has the
    /// scheme `nats` or `tls`.
    ///
    /// # Errors
    /// When one of them is no such address.
    pub fn parse(url: &str) -> Result<Self, InvalidServers> {
        let addresses: Option<_> = url.split(',').map(Address::parse).collect();
        addresses.map(Self).ok_or(InvalidServers)
    }

    /// The addresses with their accounts, for the client.
    pub(super) fn addresses(&self) -> Vec<String> {
        let addresses = self.0.iter();
        addresses.map(|address| address.whole.clone()).collect()
    }

    /// Whether one of them may not be spoken to without encryption. One says so of all, for those
    /// of a cluster that the servers name themselves have no scheme.
    pub(super) fn want_encryption(&self) -> bool {
        self.0.iter().any(|address| address.is_encrypted)
    }

    /// Their hosts, without ports.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|address| address.host.as_str())
    }
}

impl Address {
    fn parse(text: &str) -> Option<Self> {
        let whole = text.trim();
        let (scheme, rest) = whole.split_once("://")?;
        let is_encrypted = match scheme {
            "nats" => false,
            "tls" => true,
            _ => return None,
        };
        // The last one: a password may have others.
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        let place = place.strip_suffix('/').unwrap_or(place);
        Some(Self {
            whole: whole.to_owned(),
            is_encrypted,
            place: place.to_owned(),
            host: host(place)?.to_owned(),
        })
    }
}

/// The host of a place that has a port or none.
fn host(place: &str) -> Option<&str> {
    let name_ends = match place.find(']') {
        Some(end) => end + 1,
        None => place.find(':').unwrap_or(place.len()),
    };
    let (host, port) = place.split_at(name_ends);
    let is_port = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let is_host = !host.is_empty() && host.bytes().all(is_plain);
    (is_host && is_port).then_some(host)
}

/// As they may be shown.
impl fmt::Display for NatsServers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, address) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let scheme = if address.is_encrypted { "tls" } else { "nats" };
            write!(formatter, "{comma}{scheme}://{}", address.place)?;
        }
        Ok(())
    }
}

impl fmt::Debug for NatsServers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NatsServers({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_without_any_part_of_an_account() {
        for (url, shown, hosts) in [
            ("nats://one:4222", "nats://one:4222", &["one"][..]),
            ("nats://ada:tulip@one", "nats://one", &["one"]),
            ("nats://ada:t@lip@one/", "nats://one", &["one"]),
            ("tls://ada:tulip@one:1", "tls://one:1", &["one"]),
            (
                "nats://ada:tulip@one, tls://[::1]:4223 ,nats://[::1]",
                "nats://one,tls://[::1]:4223,nats://[::1]",
                &["one", "[::1]", "[::1]"],
            ),
        ] {
            let servers = NatsServers::parse(url).unwrap();
            assert_eq!(servers.to_string(), shown);
            assert_eq!(format!("{servers:?}"), format!("NatsServers({shown})"));
            assert_eq!(servers.hosts().collect::<Vec<_>>(), hosts);
            assert_eq!(servers.want_encryption(), url.contains("tls://"), "{url}");
            let whole = url.split(',').map(str::trim);
            assert!(servers.addresses().iter().eq(whole), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "one:4222",
            "http://one",
            "nats://",
            "nats://ada:tulip@",
            "nats://:4222",
            "nats://one,two",
            "nats://one:port",
            "nats://one:99999",
            "nats://one:",
            "nats://one/path",
            "nats://[::1]4222",
            // A comma begins another address.
            "nats://ada:tu,lip@one",
        ] {
            assert_eq!(NatsServers::parse(url), Err(InvalidServers), "{url}");
        }
    }
}
