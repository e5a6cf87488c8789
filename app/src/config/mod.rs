//! Configuration: every setting in one place, from a file, the environment and flags, in that
//! order.
//!
//! Each component owns its settings; this module only puts them together. It is parsed once, at the
//! start; nothing else reads the environment.

mod engines;
mod environment;
mod error;
mod load;
mod memory;
mod reference;
mod s3_file;

use std::ops::RangeInclusive;
use std::path::PathBuf;

use edge_http::address::{ForwardedHeader, Network};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use environment::{CONFIG_FILE, config_file, is_set};
pub use error::ConfigError;
pub(crate) use load::without_password;
pub use load::{Loaded, Origin, Overrides, Sources, load};
pub use reference::reference;
pub(crate) use s3_file::s3_settings_of;

use crate::roles::Role;

/// What an address's lifetime may be, in seconds. A page is looked at for minutes, so less would
/// break it; more than a year is no lifetime any more.
const MEDIA_URL_LIFETIME_S: RangeInclusive<u64> = 300..=365 * 24 * 60 * 60;
/// How long a body may be silent, in seconds. Beyond five minutes every form has ended
/// anyway.
const BODY_SILENCE_S: RangeInclusive<u64> = 1..=300;

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Configuration {
    /// The folder that holds everything: databases and photos. Back it up, and you have all.
    pub data_dir: PathBuf,
    /// The address and port to listen on. Port 0 takes a free one.
    pub listen: String,
    /// The public address that people and apps use, `https://photos.example`. Empty: http and the
    /// listening address.
    pub base_url: String,
    /// What this process does: "web" serves requests, "worker" relays events, makes renditions and
    /// sweeps.
    pub roles: Vec<Role>,
    /// Reverse proxies that are believed about where requests come from: addresses and networks,
    /// like `127.0.0.1`, `10.0.0.0/8` and `fd00::/8`.
    pub trusted_proxies: Vec<Network>,
    /// The header in which they write the client's address: "x-forwarded-for", "forwarded" (RFC
    /// 7239) or "x-real-ip". No other is looked at; what a proxy does not write itself, it passes
    /// on as the client wrote it.
    pub client_address_header: ForwardedHeader,
    /// How long a stopping process finishes what is in flight, in seconds.
    pub shutdown_grace_s: u64,
    /// The most connections at a time, if the system's limit on open files allows as many. When all
    /// are in use, idle ones make room; when none is idle, further ones get 503 at once.
    pub connections_max: usize,
    /// Where the domains keep what they know. Empty: SQLite files in the data folder. Or a database
    /// on PostgreSQL 15 or later, `postgres://account:password@host:5432/name`, where each domain
    /// has a schema of its own; photos and the log of events stay in the folder. Several hosts,
    /// with commas between them, are tried in order for the primary. `?sslmode=verify-full` at the
    /// end encrypts, and makes sure of the server; `&sslrootcert=FILE` trusts an issuer of your
    /// own.
    pub database_url: String,
    /// Servers that follow that of `database_url`, `postgres://account:password@one,two/name`, each
    /// of which is read from when it has every write: lists of posts and of people. Empty: the
    /// primary alone is.
    pub database_replicas: String,
    /// Where the log of events between domains is. Empty: in the data folder. Or a stream on NATS
    /// 2.12 or later with JetStream, `nats://account:password@host:4222`; several addresses, with
    /// commas between them, are those of one cluster, so a password has no comma. With `tls://`
    /// connections are encrypted, and sure of the servers.
    pub bus_url: String,
    /// Where limits are counted and home timelines kept, for all processes together. Empty: limits
    /// in this process, timelines in the feed's database. Or Redis 7.0 or later, one server and no
    /// cluster, `redis://account:password@host:6379/0`, with a database number of its own for each
    /// installation. All that is there may be lost at any moment. Encrypted connections are not
    /// built in.
    pub redis_url: String,
    /// Where the photos' files are. Empty: in the folder `media` of the data folder. Or a place in
    /// a bucket of an object store that speaks S3, `s3://bucket/prefix`, which is reached as the
    /// table `[s3]` says; files that are being written stay in `media` until they are sent there.
    pub media_url: String,
    /// Memory that keeps pages of the databases at hand, in bytes, all together. Default: 125829120
    /// (120 MiB).
    pub database_cache_bytes: u64,
    /// Room on the disk that uploads leave free, in bytes: below it they are refused. Default:
    /// 536870912 (512 MiB).
    pub disk_reserve_bytes: u64,
    /// The most connections at a time of one IPv4 address or IPv6 network of 64 bits (four times as
    /// many of 56 bits, 16 times of 48); 0 for no bound. Trusted proxies have none: behind them it
    /// is the most requests of one client at a time, and beside them half as many streams. Further
    /// ones get 503 at once. Keep it well below `requests_in_flight_max`, so that one client cannot
    /// take every place.
    pub connections_per_address_max: usize,
    /// How long the body of a request may be silent before it is given up, in seconds; a resumable
    /// upload keeps what came. From 1 to 300.
    pub body_silence_s_max: u64,
    /// The most requests that are worked on at a time. Uploads, photos and requests whose bodies
    /// are awaited are not counted.
    pub requests_in_flight_max: usize,
    /// The most requests that wait for their turn, none of them for longer than 0.15 seconds;
    /// further ones get 503 at once.
    pub requests_waiting_max: usize,
    /// How long the address of a photo that not everyone may see works, in seconds: at most so
    /// long, at least half of it. From 300 (five minutes) to 31536000 (a year).
    pub media_url_lifetime_s: u64,
    /// What this place is called.
    pub instance: InstanceSettings,
    /// What is logged, and in which format.
    pub log: LogSettings,
    /// How often an account or an address may call.
    pub limits: presentation_kit::LimitSettings,
    /// Streams of what happens, for apps that listen.
    pub streaming: presentation_mastodon::streaming::StreamingSettings,
    /// Identities, sign-up and sign-in.
    pub accounts: business_accounts::Settings,
    /// Who follows whom.
    pub graph: business_graph::Settings,
    /// Uploads and renditions.
    pub media: business_media::Settings,
    /// The processes that read HEIC and AVIF and write WebP and AVIF.
    pub codecs: business_media_codec_worker::Settings,
    /// Limits and caches of posts.
    pub posts: business_posts::Settings,
    /// Home timelines.
    pub feed: product_feed::Settings,
    /// Caches of likes and bookmarks.
    pub engagement: business_engagement::Settings,
    /// What accounts are told.
    pub notifications: product_notifications::Settings,
    /// Reports and the cases that they open.
    pub moderation: business_moderation::Settings,
    /// Events between domains.
    pub bus: infra_bus::Settings,
    /// The stream of events, where `bus_url` names servers.
    pub jetstream: infra_bus::JetStreamSettings,
    /// How the bucket that `media_url` names is reached.
    pub s3: infra_blob::S3Settings,
    /// Requests to servers of others: push services.
    pub outbound: infra_outbound::Settings,
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./data"),
            listen: "127.0.0.1:8080".to_owned(),
            base_url: String::new(),
            roles: Role::ALL.to_vec(),
            trusted_proxies: Vec::new(),
            client_address_header: ForwardedHeader::default(),
            shutdown_grace_s: 20,
            connections_max: 10_000,
            database_url: String::new(),
            database_replicas: String::new(),
            bus_url: String::new(),
            redis_url: String::new(),
            media_url: String::new(),
            database_cache_bytes: 120 * 1024 * 1024,
            disk_reserve_bytes: 512 * 1024 * 1024,
            connections_per_address_max: 128,
            body_silence_s_max: 15,
            requests_in_flight_max: 256,
            requests_waiting_max: 10_000,
            media_url_lifetime_s: 24 * 60 * 60,
            instance: InstanceSettings::default(),
            log: LogSettings::default(),
            limits: presentation_kit::LimitSettings::default(),
            streaming: presentation_mastodon::streaming::StreamingSettings::default(),
            accounts: business_accounts::Settings::default(),
            graph: business_graph::Settings::default(),
            media: business_media::Settings::default(),
            codecs: business_media_codec_worker::Settings::default(),
            posts: business_posts::Settings::default(),
            feed: product_feed::Settings::default(),
            engagement: business_engagement::Settings::default(),
            notifications: product_notifications::Settings::default(),
            moderation: business_moderation::Settings::default(),
            bus: infra_bus::Settings::default(),
            jetstream: infra_bus::JetStreamSettings::default(),
            s3: infra_blob::S3Settings::default(),
            outbound: infra_outbound::Settings::default(),
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
    /// Where to write to the operator.
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

/// What is logged, and in which format.
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
        self.check_listener()?;
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
        if let Err((setting, problem)) = self.jetstream.check() {
            return invalid(&format!("jetstream.{setting}"), problem);
        }
        self.check_engines()
    }

    fn check_listener(&self) -> Result<(), ConfigError> {
        let invalid = |setting: &str, problem: String| {
            Err(ConfigError::Invalid {
                setting: setting.to_owned(),
                problem,
            })
        };
        if self.connections_max == 0 {
            let problem = "at least one connection is needed";
            return invalid("connections_max", problem.to_owned());
        }
        if self.requests_in_flight_max == 0 {
            let problem = "at least one request is needed";
            return invalid("requests_in_flight_max", problem.to_owned());
        }
        if !BODY_SILENCE_S.contains(&self.body_silence_s_max) {
            let problem = format!(
                "{} seconds are not between {} and {}",
                self.body_silence_s_max,
                BODY_SILENCE_S.start(),
                BODY_SILENCE_S.end()
            );
            return invalid("body_silence_s_max", problem);
        }
        Ok(())
    }
}

/// A scheme and a host with an optional port, and nothing after them: addresses are made by
/// appending to it.
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
