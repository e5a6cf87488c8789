//! The address that a request came from, which the limits on log-in and sign-up are counted by.
//!
//! Behind a reverse proxy it stands in a header, and one header only is looked at: whatever a proxy
//! does not write itself, it passes on as the client has written it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::network::{Network, NetworkError};

/// The reverse proxies that are believed, and how they write where a request came from; a request
/// extension set by the composition. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Arc<[Network]>,
    header: ForwardedHeader,
}

/// The header in which a trusted proxy writes the client's address.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, to which each proxy appends its peer.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), to which each proxy appends its peer as `for=`.
    Forwarded,
    /// `X-Real-IP`, which the proxy sets to the one address.
    XRealIp,
}

impl ForwardedHeader {
    /// Its name, as HTTP has it.
    #[must_use]
    pub const fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
            Self::XRealIp => HeaderName::from_static("x-real-ip"),
        }
    }
}

/// The client's address; empty when it is not known.
#[derive(Debug, Clone)]
pub struct ClientAddress(pub String);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let address = peer.map(|peer| match parts.extensions.get::<TrustedProxies>() {
            Some(proxies) => proxies.client(peer, &parts.headers),
            None => peer.to_canonical(),
        });
        Ok(Self(
            address.map_or_else(String::new, |address| address.to_string()),
        ))
    }
}

impl TrustedProxies {
    /// These networks, whose proxies write this header.
    #[must_use]
    pub fn new(networks: &[Network], header: ForwardedHeader) -> Self {
        Self {
            networks: networks.into(),
            header,
        }
    }

    /// Whether the address is a trusted proxy's.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(address))
    }

    /// Warns the operator once when a peer that is not trusted speaks for others from a network
    /// that no visitor of the internet comes from: most likely a proxy that is not listed, behind
    /// which all visitors count as one client.
    pub fn note_unlisted(&self, peer: IpAddr, headers: &HeaderMap) {
        static LOGGED: AtomicBool = AtomicBool::new(false);
        // Once in the life of the process: it is the same for every request.
        if self.is_unlisted(peer, headers) && !LOGGED.swap(true, Ordering::Relaxed) {
            let peer = peer.to_canonical();
            tracing::warn!(
                %peer,
                header = %self.header.name(),
                "a peer that is not in trusted_proxies sends the header of client_address_header, which is not looked at; if \
                 {peer} is your proxy, list it, or all its visitors count as one client and share its limits"
            );
        }
    }

    fn is_unlisted(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        headers.contains_key(self.header.name()) && is_nearby(peer) && !self.contain(peer)
    }

    /// The last address in the header that is not a trusted proxy: whatever stands before it, the
    /// client may have written itself. The header is not looked at when the peer is no trusted
    /// proxy.
    ///
    /// Where a proxy does not say who its peer was ("unknown", or nothing that can be read), the
    /// client is that proxy.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        // Anyone can send the header; only a trusted peer's is worth reading.
        if !self.contain(client) {
            return client;
        }
        // From the last to the first, as each proxy appends. The bytes before a hop may be
        // anything, and must not keep it from being read.
        let lines = headers.get_all(self.header.name()).iter().rev();
        let hops = lines
            .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|hop| !hop.is_empty());
        for hop in hops {
            let node = match self.header {
                ForwardedHeader::Forwarded => node_of(hop),
                ForwardedHeader::XForwardedFor | ForwardedHeader::XRealIp => Some(hop),
            };
            let Some(address) = node.and_then(address_of) else {
                // What stands before it was passed on by a proxy that nobody can name, so it is not
                // believed.
                log_unreadable(self.header);
                break;
            };
            client = address;
            if !self.contain(client) {
                break;
            }
        }
        client
    }
}

/// Whether the address is of this machine or of a private network: of a container, a cluster, a
/// home, a provider's own (RFC 6598). Nobody comes from there over the internet.
#[must_use]
pub fn is_nearby(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && second & 0b1100_0000 == 64;
            address.is_loopback() || address.is_private() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// What an element of `Forwarded` says of the peer: the value of its `for`.
fn node_of(element: &[u8]) -> Option<&[u8]> {
    element.split(|byte| *byte == b';').find_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        name.eq_ignore_ascii_case(b"for").then_some(value)
    })
}

/// An address as proxies write it: alone, with a port, in brackets, in quotes, with an IPv6 zone,
/// as IPv4 mapped into IPv6.
fn address_of(node: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(node).ok()?;
    let text = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
        .trim();
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']')?;
        return is_port(rest).then(|| v6(address)).flatten();
    }
    // Before a port is looked for: without brackets every colon is the address's.
    if let Some(address) = v6(text) {
        return Some(address);
    }
    let port_at = text.find(':').unwrap_or(text.len());
    let (address, rest) = text.split_at(port_at);
    let address: Ipv4Addr = address.parse().ok()?;
    is_port(rest).then_some(IpAddr::V4(address))
}

fn v6(text: &str) -> Option<IpAddr> {
    // A zone names an interface of the proxy's, and means nothing here.
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    let address: Ipv6Addr = address.parse().ok()?;
    Some(IpAddr::V6(address).to_canonical())
}

/// Nothing, or a colon and a port, which RFC 7239 also lets be hidden behind a name.
fn is_port(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(plain))
}

/// Warns the operator once: while nobody's address can be read, all clients behind that proxy share
/// its limits.
fn log_unreadable(header: ForwardedHeader) {
    static LOGGED: AtomicBool = AtomicBool::new(false);
    if !LOGGED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            header = %header.name(),
            "a trusted proxy wrote no address that can be read; its clients count as one"
        );
    }
}

#[cfg(test)]
mod tests;
