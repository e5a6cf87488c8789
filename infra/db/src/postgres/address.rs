//! Where a database is: its hosts in order, of which one is the primary.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use super::primaries::{Found, latest};
use super::url_options::check_encryption;
use super::{CONNECT_MAX, Session, bounded};
use crate::{DbError, Encryption, certificate_problem};

/// The oldest server that is supported, as PostgreSQL counts versions.
const VERSION_MIN: u32 = 150_000;
/// Prepared statements that a session keeps: more than a domain has.
const STATEMENTS_KEPT: usize = 512;
const APPLICATION: &str = "heliograph";

/// The hosts of a database. It shows itself without accounts and passwords.
#[derive(Clone)]
pub(crate) struct Address {
    hosts: Vec<PgConnectOptions>,
    label: String,
    wanted: Wanted,
    /// The timeline of the last primary, where there are several hosts; 0 before the first.
    timeline: Arc<AtomicI64>,
}

/// Which kind of server there has to be a session with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Primary,
    Standby,
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.label)
    }
}

impl Address {
    /// Reads `postgres://account:password@host:port,host:port/database`. Errors repeat nothing of
    /// it that could be a password.
    pub(crate) fn parse(url: &str) -> Result<Self, DbError> {
        let refused = |reason: &str| {
            DbError::Address(format!("the PostgreSQL URL is not understood: {reason}"))
        };
        let (scheme, rest) = url
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
            .ok_or_else(|| refused("it begins with postgres://"))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // An address of its own would be made of the rest of such a password.
        if path.contains('@') {
            return Err(refused(
                "'/', '?', '#' and '@' in a password are written %2F, %3F, %23 and %40",
            ));
        }
        check_encryption(path).map_err(|problem| refused(&problem))?;
        let (account, hosts) = match authority.rsplit_once('@') {
            Some((account, hosts)) => (format!("{account}@"), hosts),
            None => (String::new(), authority),
        };
        let parse = |host: &str| one_host(&format!("{scheme}://{account}{host}{path}"));
        let hosts_of_url: Vec<&str> = hosts.split(',').collect();
        let name = path.trim_start_matches('/').split(['?', '#']).next();
        if hosts_of_url.iter().any(|host| host.is_empty()) || name.is_none_or(str::is_empty) {
            return Err(refused(
                "it names a host and a database, postgres://host/database",
            ));
        }
        let parsed: Result<Vec<_>, _> = hosts_of_url.iter().copied().map(parse).collect();
        let hosts = parsed.map_err(|error| refused(&error.to_string()))?;
        let database = hosts.first().and_then(PgConnectOptions::get_database);
        let label = format!(
            "postgres://{}/{}",
            hosts_of_url.join(","),
            database.unwrap_or_default()
        );
        Ok(Self {
            hosts,
            label,
            wanted: Wanted::Primary,
            timeline: Arc::default(),
        })
    }

    /// Reads the URL of standbys, each of which is an address of its own.
    pub(crate) fn parse_replicas(url: &str) -> Result<Vec<Self>, DbError> {
        let hosts = Self::parse(url)?.hosts.into_iter().map(|host| {
            let (name, port) = (host.get_host(), host.get_port());
            let database = host.get_database().unwrap_or_default();
            Self {
                label: format!("postgres://{name}:{port}/{database}"),
                hosts: vec![host],
                wanted: Wanted::Standby,
                timeline: Arc::default(),
            }
        });
        Ok(hosts.collect())
    }

    /// What messages call the schema of a domain there.
    pub(crate) fn label_of(&self, schema: &str) -> String {
        format!("{} schema {schema}", self.label())
    }

    /// The database as logs and errors call it.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Opens a session with the primary, or a standby where that is wanted, and sets it up with
    /// these statements: with the first host that is not of an earlier timeline than the home's.
    ///
    /// # Errors
    /// Of the last host that was tried, when none of them has a session for us; and when two are
    /// primaries of the same timeline.
    pub(crate) async fn connect(&self, settings: &str) -> Result<Session, DbError> {
        match self.timeline.load(Ordering::Relaxed) {
            // No home has chosen yet, or there is nothing to choose: no timeline to hold a host
            // against.
            0 => self.connect_to_latest(settings).await,
            known => Ok(self.first(settings, known).await?.session),
        }
    }

    /// The same for the session of a home, which decides what the primary is.
    ///
    /// A promotion begins a timeline. All hosts are asked each time, and of those that say to be
    /// the primary it is the one of the last timeline: an old one that is still there, or was
    /// switched on again, has not what was acknowledged since.
    ///
    /// # Errors
    /// As [`Self::connect`] has them.
    pub(crate) async fn connect_to_latest(&self, settings: &str) -> Result<Session, DbError> {
        let is_choice = self.hosts.len() > 1 && self.wanted == Wanted::Primary;
        if !is_choice {
            return Ok(self.first(settings, 0).await?.session);
        }
        let known = self.timeline.load(Ordering::Relaxed);
        let found = self.require_timeline(self.latest(settings).await?, known)?;
        // Never back: readers must not take an old primary that is named first.
        self.timeline.fetch_max(found.timeline, Ordering::Relaxed);
        Ok(found.session)
    }

    /// The first host that is not of an earlier timeline than this.
    async fn first(&self, settings: &str, timeline_min: i64) -> Result<Found, DbError> {
        let mut failure = None;
        for options in &self.hosts {
            let asked = self.connect_to(options, settings).await;
            match asked.and_then(|found| self.require_timeline(found, timeline_min)) {
                Ok(found) => return Ok(found),
                Err(error) => failure = Some(self.noted(options, error)),
            }
        }
        Err(failure.unwrap_or_else(no_host))
    }

    /// The host of the last timeline. One that is silent is waited for no longer than for a
    /// connection.
    async fn latest(&self, settings: &str) -> Result<Found, DbError> {
        let asked = self.hosts.iter().map(|options| async {
            let asked = self.connect_to(options, settings);
            // Around both: what is asked after connecting has the longer bound of a trip.
            let asked = tokio::time::timeout(CONNECT_MAX, asked).await;
            let asked = asked.unwrap_or_else(|_| Err(self.unreachable(timed_out())));
            asked.map_err(|error| self.noted(options, error))
        });
        let (mut primaries, mut failure) = (Vec::new(), None);
        // All at once: one after the other, each silent host would cost a wait.
        for found in futures::future::join_all(asked).await {
            match found {
                Ok(found) => primaries.push(found),
                Err(error) => failure = Some(error),
            }
        }
        match latest(primaries) {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(failure.unwrap_or_else(no_host)),
            Err(problem) => Err(self.refuse(problem)),
        }
    }

    fn require_timeline(&self, found: Found, timeline_min: i64) -> Result<Found, DbError> {
        if found.timeline >= timeline_min {
            return Ok(found);
        }
        Err(DbError::Role {
            database: self.label.clone(),
            reason: "it was the primary before another one was promoted, and must be a standby of that one",
        })
    }

    fn noted(&self, options: &PgConnectOptions, error: DbError) -> DbError {
        tracing::debug!(database = %self.label, host = options.get_host(), %error, "no session with this host");
        error
    }

    fn unreachable(&self, source: sqlx::Error) -> DbError {
        DbError::Connect {
            database: self.label.clone(),
            source,
        }
    }

    async fn connect_to(
        &self,
        options: &PgConnectOptions,
        settings: &str,
    ) -> Result<Found, DbError> {
        let failed = |source| match certificate_problem(&source) {
            // Not as unreachable, which is retried: no waiting makes a certificate right.
            Some(problem) => self.refuse(problem),
            None => self.unreachable(source),
        };
        let connected = tokio::time::timeout(CONNECT_MAX, options.connect()).await;
        let mut connection = connected
            .unwrap_or_else(|_| Err(timed_out()))
            .map_err(failed)?;
        // Before the settings, of which an older server does not know all.
        self.check_version(connection.server_version_num())?;
        let standing = standing(&mut connection, settings).await.map_err(failed)?;
        let reason = match (self.wanted, standing.is_standby) {
            (Wanted::Primary, true) => "it is a standby, and no other host is the primary",
            (Wanted::Standby, false) => "it follows no other server, so it is not read from",
            _ => {
                return Ok(Found {
                    session: Session::new(connection),
                    host: format!("{}:{}", options.get_host(), options.get_port()),
                    timeline: standing.timeline,
                    started: standing.started,
                });
            }
        };
        let database = self.label.clone();
        Err(DbError::Role { database, reason })
    }

    /// What a session with one of the hosts is, which says itself whether it is encrypted.
    pub(crate) fn encryption(&self, is_encrypted: bool) -> Encryption {
        let mut modes = self.hosts.iter().map(PgConnectOptions::get_ssl_mode);
        if is_encrypted && modes.all(|mode| matches!(mode, PgSslMode::VerifyFull)) {
            return Encryption::Verified;
        }
        if is_encrypted {
            return Encryption::Unverified;
        }
        let remote = self.hosts.iter().filter(|host| host.get_socket().is_none());
        Encryption::absent(remote.map(PgConnectOptions::get_host))
    }

    fn check_version(&self, version: Option<u32>) -> Result<(), DbError> {
        match version {
            Some(version) if version < VERSION_MIN => Err(self.refuse(format!(
                "its version is {}; PostgreSQL 15 or later is needed",
                version / 10_000
            ))),
            _ => Ok(()),
        }
    }

    /// An error that says why this server is not used.
    pub(crate) fn refuse(&self, reason: String) -> DbError {
        DbError::Server {
            database: self.label.clone(),
            reason,
        }
    }
}

fn no_host() -> DbError {
    DbError::Address("the URL names no host".to_owned())
}

fn timed_out() -> sqlx::Error {
    io::Error::from(io::ErrorKind::TimedOut).into()
}

/// What a server says of itself.
struct Standing {
    /// Whether it only follows another one.
    is_standby: bool,
    /// The timeline that it writes; 0 for a standby.
    timeline: i64,
    started: String,
}

/// Sets a session up, and asks what its server is.
async fn standing(connection: &mut PgConnection, settings: &str) -> Result<Standing, sqlx::Error> {
    use sqlx::Row as _;
    // By the name of the file of its log that it writes. What its control file says of timelines
    // is that of the last checkpoint, which may be one before its promotion.
    let text = format!(
        "{settings}SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN '0' \
         ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END, \
         CAST(pg_postmaster_start_time() AS TEXT)"
    );
    let asked = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
    let row = bounded(asked.fetch_one(connection)).await?;
    let timeline: String = row.try_get(1)?;
    let timeline = i64::from_str_radix(&timeline, 16);
    Ok(Standing {
        is_standby: row.try_get(0)?,
        timeline: timeline.map_err(|error| sqlx::Error::Decode(error.into()))?,
        started: row.try_get(2)?,
    })
}

fn one_host(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let host = options.get_host().to_owned();
    // An IPv6 address has brackets in a URL, and none elsewhere.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    Ok(options
        .host(bare)
        .application_name(APPLICATION)
        .statement_cache_capacity(STATEMENTS_KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_in_their_order() {
        let address = Address::parse("postgres://me:s%40cret@one:5433,two,[::1]:99/photos?x=1");
        let address = address.unwrap();
        let hosts = address.hosts.iter();
        let hosts: Vec<_> = hosts
            .map(|host| (host.get_host(), host.get_port(), host.get_username()))
            .collect();
        assert_eq!(hosts[0], ("one", 5433, "me"));
        assert_eq!((hosts[1].0, hosts[1].2), ("two", "me"));
        assert_eq!(hosts[2], ("::1", 99, "me"));
        assert!(
            address
                .hosts
                .iter()
                .all(|host| host.get_database() == Some("photos"))
        );
        assert_eq!(address.label(), "postgres://one:5433,two,[::1]:99/photos");
    }

    #[test]
    fn what_is_not_understood_repeats_no_password() {
        for bad in [
            "mysql://me:tulip@one/photos",
            "postgres://me:tulip@one:port/photos",
            "postgres://me:tulip@one/photos?sslmode=often",
            "me:tulip@one",
        ] {
            let error = Address::parse(bad).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(!text.contains("tulip"), "{text}");
        }
        let address = Address::parse("postgres://me:tulip@one/photos?password=tulip").unwrap();
        assert!(!format!("{address:?} {}", address.label()).contains("tulip"));
    }

    #[test]
    fn old_servers_are_refused_with_a_sentence() {
        let address = Address::parse("postgres://me@one/photos").unwrap();
        let error = address.check_version(Some(140_011)).unwrap_err();
        assert!(
            error.to_string().contains("PostgreSQL 15 or later"),
            "{error}"
        );
        address.check_version(Some(150_000)).unwrap();
    }
}
