//! Where databases, events and photos are: whether the URLs that say so can be understood, and
//! whether settings beside them say something else.

use infra_blob::{S3Credentials, S3Location};

use super::{ConfigError, Configuration, Origin};

/// The settings of an engine, by how their names begin, and the one that brings it in.
const SECTIONS: [(&str, &str, &str); 2] = [
    (
        "jetstream.",
        "bus_url",
        "the log of events is in the data folder",
    ),
    ("s3.", "media_url", "photos are in the data folder"),
];

impl Configuration {
    /// Checks every URL of an engine, without asking anybody.
    pub(super) fn check_engines(&self) -> Result<(), ConfigError> {
        let invalid = |(setting, problem): (&str, String)| ConfigError::Invalid {
            setting: setting.to_owned(),
            problem,
        };
        if !self.database_url.is_empty() {
            let label = infra_db::postgres_label(&self.database_url);
            label.map_err(|error| invalid(("database_url", error.to_string())))?;
        }
        self.log_servers()
            .map_err(|problem| invalid(("bus_url", problem)))?;
        if !self.redis_url.is_empty() {
            let checked = infra_redis::check_url(&self.redis_url);
            checked.map_err(|error| invalid(("redis_url", error.to_string())))?;
        }
        if self.bucket().map_err(invalid)?.is_some() {
            S3Credentials::of(&self.s3).map_err(invalid)?;
        }
        Ok(())
    }

    /// Where in which bucket the photos are, if they are in one.
    ///
    /// # Errors
    /// The setting that is wrong, and a sentence.
    pub(crate) fn bucket(&self) -> Result<Option<S3Location>, infra_blob::S3Problem> {
        if self.media_url.is_empty() {
            return Ok(None);
        }
        S3Location::of(&self.media_url, &self.s3).map(Some)
    }

    /// The servers of the log of events, as they may be shown; empty when it is in the data folder.
    ///
    /// # Errors
    /// A sentence that shows nothing of the URL, which may hold a password.
    pub(crate) fn log_servers(&self) -> Result<String, String> {
        if self.bus_url.is_empty() {
            return Ok(String::new());
        }
        let addresses = self.bus_url.split(',').map(|address| {
            let (scheme, rest) = address.trim().split_once("://")?;
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            let host = host.strip_suffix('/').unwrap_or(host);
            let is_known = matches!(scheme, "nats" | "tls") && is_host_and_port(host);
            is_known.then(|| format!("{scheme}://{host}"))
        });
        let addresses: Option<Vec<_>> = addresses.collect();
        addresses
            .map(|addresses| addresses.join(","))
            .ok_or_else(|| {
                "it is not an address like nats://host:4222, or tls://host:4222".to_owned()
            })
    }
}

/// Settings that somebody has set for an engine that is not in use.
pub(super) fn warnings<'s>(
    configuration: &Configuration,
    set: impl Iterator<Item = (&'s String, &'s Origin)>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for (setting, origin) in set {
        for (begin, switch, place) in SECTIONS {
            let is_used = match switch {
                "bus_url" => !configuration.bus_url.is_empty(),
                _ => !configuration.media_url.is_empty(),
            };
            // What Amazon's variables say is not meant for this program alone.
            let is_meant = !matches!(origin, Origin::Environment(name) if name.starts_with("AWS_"));
            if setting.starts_with(begin) && !is_used && is_meant {
                warnings.push(format!(
                    "{setting} is set (by {origin}) and {switch} is not, so it changes nothing: {place}"
                ));
            }
        }
    }
    warnings
}

/// A host's name or address, with a port or without.
fn is_host_and_port(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    let port = match text.rsplit_once(']') {
        Some((_, rest)) => rest.strip_prefix(':'),
        None => text.split_once(':').map(|(_, port)| port),
    };
    let host = text.split(':').next().unwrap_or_default();
    !host.is_empty()
        && text.bytes().all(is_plain)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(configuration: &Configuration) -> String {
        let error = configuration.check_engines().unwrap_err().to_string();
        assert!(!error.contains("tulip"), "{error}");
        error
    }

    #[test]
    fn urls_that_nobody_could_follow_are_refused_without_what_is_in_them() {
        for (url, named) in [
            ("mysql://ada:tulip@one/photos", "postgres://"),
            ("postgres://ada:tulip@one", "a database"),
            ("postgres://ada:tulip/1@one/photos", "%2F"),
        ] {
            let error = check(&Configuration {
                database_url: url.to_owned(),
                ..Configuration::default()
            });
            assert!(
                error.contains("database_url") && error.contains(named),
                "{error}"
            );
        }
        for url in [
            "http://ada:tulip@one",
            "nats://ada:tulip@",
            "nats://one,two",
            "nats://one:port",
        ] {
            let error = check(&Configuration {
                bus_url: url.to_owned(),
                ..Configuration::default()
            });
            assert!(
                error.contains("bus_url") && error.contains("nats://host"),
                "{error}"
            );
        }
        for (url, named) in [
            ("https://ada:tulip@photos", "media_url"),
            ("s3://ada:tulip@photos", "media_url"),
            ("s3://photos", "s3.region"),
        ] {
            let error = check(&Configuration {
                media_url: url.to_owned(),
                ..Configuration::default()
            });
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn addresses_are_shown_without_accounts() {
        let configuration = Configuration {
            bus_url: "nats://ada:tulip@one:4222, nats://[::1]:4223".to_owned(),
            ..Configuration::default()
        };
        let shown = configuration.log_servers().unwrap();
        assert_eq!(shown, "nats://one:4222,nats://[::1]:4223");
    }
}
