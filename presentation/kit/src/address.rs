//! The address that a request came from, which the limits on log-in and sign-up are counted by.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

/// The reverse proxies whose `X-Forwarded-For` is believed, as a request extension set by the composition.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub std::sync::Arc<[IpAddr]>);

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
        let proxies = parts
            .extensions
            .get::<TrustedProxies>()
            .cloned()
            .unwrap_or_default();
        let address = peer.map(|peer| client_address(peer, &proxies.0, &parts.headers));
        Ok(Self(
            address.map_or_else(String::new, |address| address.to_string()),
        ))
    }
}

/// The last address in `X-Forwarded-For` that is not a trusted proxy: whatever stands before it, the client may have
/// written itself. The header is not looked at when the peer is no trusted proxy.
fn client_address(peer: IpAddr, proxies: &[IpAddr], headers: &HeaderMap) -> IpAddr {
    let trusted = |address: &IpAddr| proxies.contains(&address.to_canonical());
    if !trusted(&peer) {
        return peer.to_canonical();
    }
    let forwarded = headers.get_all("x-forwarded-for");
    let hops: Vec<&str> = forwarded
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = address;
        if !trusted(&address) {
            break;
        }
    }
    client.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&'static str], expected: &str) {
        let proxies = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", http::HeaderValue::from_static(value));
        }
        assert_eq!(
            client_address(peer.parse().unwrap(), &proxies, &headers).to_string(),
            expected
        );
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_about_its_own_peer() {
        check("192.0.2.7", &["198.51.100.1"], "192.0.2.7");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["6.6.6.6, 198.51.100.1"], "198.51.100.1");
        check(
            "10.0.0.1",
            &["6.6.6.6", "198.51.100.1, 10.0.0.2"],
            "198.51.100.1",
        );
        check("10.0.0.1", &["nonsense"], "10.0.0.1");
        check("::ffff:192.0.2.7", &[], "192.0.2.7");
    }
}
