//! Addresses that others have named.

use std::fmt;

use url::{Host, Url};

use crate::Settings;
use crate::network::is_public;

/// The longest address that is taken. Push services' have some 200 characters.
pub const ADDRESS_BYTES_MAX: usize = 2_048;
/// The longest name of a host (RFC 1035).
const HOST_BYTES_MAX: usize = 253;

/// An address that may be asked, as far as it can be told before its name is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is longer than any that is needed.
    #[error("the address is too long")]
    TooLong,
    /// It is no address on the web.
    #[error("this is no address on the web")]
    NoUrl,
    /// It is not https.
    #[error("the address is not https")]
    NotEncrypted,
    /// It holds a name and a password.
    #[error("the address holds a name or a password")]
    Credentials,
    /// It is this machine's or a network's own.
    #[error("the address is a private one")]
    Private,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is none, or none that may be asked.
    pub fn parse(text: &str, settings: Settings) -> Result<Self, AddressError> {
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| AddressError::NoUrl)?;
        let has_host = url
            .host_str()
            .is_some_and(|host| !host.is_empty() && host.len() <= HOST_BYTES_MAX);
        // What it became: a name in another script grows.
        if !has_host || url.as_str().len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::NoUrl);
        }
        match url.scheme() {
            "https" => {}
            "http" if settings.allow_private_addresses => {}
            "http" => return Err(AddressError::NotEncrypted),
            _ => return Err(AddressError::NoUrl),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        // A literal address is not resolved, so this is where it is looked at.
        let is_public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            Some(Host::Domain(name)) => !is_own_name(name),
            None => false,
        };
        if !is_public && !settings.allow_private_addresses {
            return Err(AddressError::Private);
        }
        Ok(Self(url))
    }

    /// The host: a name, or a literal address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Scheme, host and port: `https://push.example`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Whether a name is always this machine's own (RFC 6761).
fn is_own_name(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Settings = Settings {
        allow_private_addresses: false,
    };
    const LENIENT: Settings = Settings {
        allow_private_addresses: true,
    };

    #[test]
    fn an_address_has_a_host_and_an_origin() {
        let address = Address::parse("https://Push.Example:8443/a/b?c=d", STRICT).unwrap();
        assert_eq!(address.host(), "push.example");
        assert_eq!(address.origin(), "https://push.example:8443");
        let address = Address::parse("https://push.example:443/", STRICT).unwrap();
        assert_eq!(address.origin(), "https://push.example");
    }

    #[test]
    fn what_may_not_be_asked_is_refused() {
        let long = format!("https://push.example/{}", "a".repeat(ADDRESS_BYTES_MAX));
        for (text, expected) in [
            ("", AddressError::NoUrl),
            ("push.example", AddressError::NoUrl),
            ("https://", AddressError::NoUrl),
            ("mailto:ada@example.org", AddressError::NoUrl),
            ("ftp://push.example/", AddressError::NoUrl),
            ("file:///etc/passwd", AddressError::NoUrl),
            ("http://push.example/", AddressError::NotEncrypted),
            (
                "https://ada:secret@push.example/",
                AddressError::Credentials,
            ),
            ("https://ada@push.example/", AddressError::Credentials),
            ("https://127.0.0.1/", AddressError::Private),
            ("https://2130706433/", AddressError::Private),
            ("https://0x7f.1/", AddressError::Private),
            ("https://[::1]/", AddressError::Private),
            ("https://[::ffff:10.0.0.1]/", AddressError::Private),
            ("https://localhost:8080/", AddressError::Private),
            ("https://push.localhost./", AddressError::Private),
            (long.as_str(), AddressError::TooLong),
        ] {
            assert_eq!(Address::parse(text, STRICT), Err(expected), "{text}");
        }
    }

    #[test]
    fn at_home_more_is_taken() {
        for text in ["http://127.0.0.1:8080/a", "https://push.localhost/"] {
            assert!(Address::parse(text, LENIENT).is_ok(), "{text}");
        }
        for text in ["ftp://127.0.0.1/", "http://ada@127.0.0.1/"] {
            assert!(Address::parse(text, LENIENT).is_err(), "{text}");
        }
    }
}
