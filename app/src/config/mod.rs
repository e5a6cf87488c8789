//! Configuration: every setting in one place, from a file, the environment and flags, in that order.
//!
//! Each component owns its settings; this module only puts them together. It is parsed once, at the start; nothing else
//! reads the environment.

mod environment;
mod error;
mod load;
mod memory;
mod reference;

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use environment::{CONFIG_FILE, config_file, is_set};
pub use error::ConfigError;
pub use load::{Loaded, Origin, Overrides, Sources, load};
pub use reference::reference;

use crate::roles::Role;

/// What an address's lifetime may be, in seconds. A page is looked at for minutes, so less would break it; more than a year
/// is no lifetime any more.
const MEDIA_URL_LIFETIME_S: RangeInclusive<u64> = 300..=365 * 24 * 60 * 60;

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// The folder that holds everything: databases and photos. Back it up, and you have all.
    pub data_dir: PathBuf,
    /// The address and port to listen on. Port 0 takes a free one.
    pub listen: String,
    /// The public address that people and apps use, `https://photos.example`. Empty: http and the listening address.
    pub base_url: String,
    /// What this process does: "web" answers requests, "worker" relays events, makes renditions and sweeps.
    pub roles: Vec<Role>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How long a stopping process finishes what is in flight, in seconds.
    pub shutdown_grace_s: u64,
    /// The most connections at the same time; further ones wait to be accepted.
    pub connections_max: usize,
    /// Memory that keeps pages of the databases at hand, in bytes, all together. Default: 125829120 (120 MiB).
    pub database_cache_bytes: u64,
    /// Room on the disk that uploads leave free, in bytes: below it they are refused. Default: 536870912 (512 MiB).
    pub disk_reserve_bytes: u64,
    /// How long the address of a photo that not everyone may see works, in seconds: at most so long, at least half of it.
    /// From 300 (five minutes) to 31536000 (a year).
    pub media_url_lifetime_s: u64,
    /// What this place is called.
    pub instance: InstanceSettings,
    /// Logs.
    pub log: LogSettings,
    /// How often an account or an address may call.
    pub limits: presentation_kit::LimitSettings,
    /// Identities, sign-up and sign-in.
    pub accounts: business_accounts::Settings,
    /// Who follows whom.
    pub graph: business_graph::Settings,
    /// Uploads and renditions.
    pub media: business_media::Settings,
    /// The processes that read HEIC and AVIF and write WebP and AVIF.
    pub codecs: business_media_outside::Settings,
    /// Posts.
    pub posts: business_posts::Settings,
    /// Home timelines.
    pub feed: product_feed::Settings,
    /// Events between domains.
    pub bus: infra_bus::Settings,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            listen: "127.0.0.1:8080".to_owned(),
            base_url: String::new(),
            roles: Role::ALL.to_vec(),
            trusted_proxies: Vec::new(),
            shutdown_grace_s: 20,
            connections_max: 10_000,
            database_cache_bytes: 120 * 1024 * 1024,
            disk_reserve_bytes: 512 * 1024 * 1024,
            media_url_lifetime_s: 24 * 60 * 60,
            instance: InstanceSettings::default(),
            log: LogSettings::default(),
            limits: presentation_kit::LimitSettings::default(),
            accounts: business_accounts::Settings::default(),
            graph: business_graph::Settings::default(),
            media: business_media::Settings::default(),
            codecs: business_media_outside::Settings::default(),
            posts: business_posts::Settings::default(),
            feed: product_feed::Settings::default(),
            bus: infra_bus::Settings::default(),
        }
    }
}

/// What this place is called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InstanceSettings {
    /// The name of the place.
    pub title: String,
    /// A sentence or two about it, for the front page and for apps.
    pub description: String,
    /// Where to write to whoever runs it.
    pub contact_email: String,
}

impl Default for InstanceSettings {
    fn default() -> Self {
        Self {
            title: "Heliograph".to_owned(),
            description: "A place for photographs.".to_owned(),
            contact_email: String::new(),
        }
    }
}

/// Logs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// How lines look: "text" for a person, "json" for a collector.
    pub format: LogFormat,
    /// What is logged: a level ("info") or directives ("info,infra_bus=debug").
    pub filter: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info,sqlx=warn".to_owned(),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
}

impl Configuration {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), ConfigError> {
        let invalid = |setting: &str, problem: String| {
            Err(ConfigError::Invalid {
                setting: setting.to_owned(),
                problem,
            })
        };
        if self.listen.parse::<std::net::SocketAddr>().is_err() {
            return invalid(
                "listen",
                format!(
                    "`{}` is not an address with a port, like 127.0.0.1:8080",
                    self.listen
                ),
            );
        }
        if self.roles.is_empty() {
            return invalid(
                "roles",
                "at least one role is needed: web, worker".to_owned(),
            );
        }
        if self.connections_max == 0 {
            return invalid(
                "connections_max",
                "at least one connection is needed".to_owned(),
            );
        }
        if !self.base_url.is_empty() && !is_base_url(&self.base_url) {
            let problem = format!(
                "`{}` is not an address like https://photos.example, without a path",
                self.base_url
            );
            return invalid("base_url", problem);
        }
        if !MEDIA_URL_LIFETIME_S.contains(&self.media_url_lifetime_s) {
            let problem = format!(
                "{} seconds are not between {} (five minutes) and {} (a year)",
                self.media_url_lifetime_s,
                MEDIA_URL_LIFETIME_S.start(),
                MEDIA_URL_LIFETIME_S.end()
            );
            return invalid("media_url_lifetime_s", problem);
        }
        if let Err((setting, problem)) = self.limits.check() {
            return invalid(&format!("limits.{setting}"), problem);
        }
        if let Err((setting, problem)) = self.media.check() {
            return invalid(&format!("media.{setting}"), problem);
        }
        Ok(())
    }
}

/// A scheme and a host with an optional port, and nothing after them: addresses are made by appending to it.
fn is_base_url(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let host = host.strip_suffix('/').unwrap_or(host);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        !host.is_empty() && host.bytes().all(plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_has_no_path() {
        for good in [
            "https://photos.example",
            "http://127.0.0.1:8080",
            "http://[::1]:80",
            "https://a.b/",
        ] {
            assert!(is_base_url(good), "{good}");
        }
        for bad in [
            "photos.example",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a b",
        ] {
            assert!(!is_base_url(bad), "{bad}");
        }
    }
}
