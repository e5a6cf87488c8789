//! Where the server is.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo as _};

use crate::error::ConnectError;

/// A server's address and who connects to it. Shown without the password.
#[derive(Clone)]
pub(crate) struct Address(ConnectionInfo);

impl Address {
    /// Of a URL, `redis://account:password@host:6379/0`.
    pub(crate) fn parse(url: &str) -> Result<Self, ConnectError> {
        if url.starts_with("rediss://") {
            return Err(ConnectError::Encrypted);
        }
        if !url.starts_with("redis://") {
            return Err(ConnectError::NoAddress);
        }
        let info = url.into_connection_info();
        // The reason may hold a part of the URL, and that the password.
        let info = info.map_err(|_| ConnectError::NoAddress)?;
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        Ok(Self(info.set_redis_settings(settings)))
    }

    /// The number of the database there.
    pub(crate) fn database(&self) -> u64 {
        self.0.redis_settings().db().unsigned_abs()
    }

    pub(crate) fn info(&self) -> ConnectionInfo {
        self.0.clone()
    }
}

/// Whether a URL names a server, as far as can be told without asking it.
///
/// # Errors
/// When it is none; the URL is not shown, as it may hold a password.
pub fn check_url(url: &str) -> Result<(), ConnectError> {
    Address::parse(url).map(drop)
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "redis://{}", self.0.addr())?;
        match self.0.redis_settings().db() {
            0 => Ok(()),
            database => write!(formatter, "/{database}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_who_connects() {
        for (url, shown) in [
            ("redis://one", "redis://one:6379"),
            ("redis://:tulip@one:7000/2", "redis://one:7000/2"),
            ("redis://ada:tulip@127.0.0.1", "redis://127.0.0.1:6379"),
        ] {
            assert_eq!(Address::parse(url).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        for (url, problem) in [
            ("rediss://ada:tulip@one", "encrypted connections"),
            ("http://ada:tulip@one", "redis://host:6379"),
            ("redis://ada:tulip@", "redis://host:6379"),
            ("redis://ada:tulip@one/first", "redis://host:6379"),
            ("", "redis://host:6379"),
        ] {
            let error = Address::parse(url).err().expect("no address").to_string();
            assert!(error.contains(problem), "{url}: {error}");
            assert!(!error.contains("tulip"), "{error}");
        }
    }
}
