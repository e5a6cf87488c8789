//! Where databases, events and photos are: whether the URLs that say so can be understood, and
//! whether settings beside them say something else.

use infra_blob::{S3Credentials, S3Location};
use infra_bus::{InvalidServers, NatsServers};

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
            .map_err(|error| invalid(("bus_url", error.to_string())))?;
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

    /// The servers of the log of events; none when it is in the data folder.
    ///
    /// # Errors
    /// When the URL names none.
    pub(crate) fn log_servers(&self) -> Result<Option<NatsServers>, InvalidServers> {
        if self.bus_url.is_empty() {
            return Ok(None);
        }
        NatsServers::parse(&self.bus_url).map(Some)
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
}
