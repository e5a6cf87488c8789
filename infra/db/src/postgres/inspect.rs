//! What can be known of a server without writing to it, for the operator.

use super::{Address, bounded, one};
use crate::{DbError, Encryption};

/// What a server says of itself and of what is kept there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// The database, without account and password.
    pub database: String,
    /// Its version as the server writes it, "15.8".
    pub version: String,
    /// Whether what is said to it can be read on the way.
    pub encryption: Encryption,
    /// Whether a commit is on the server's disk before it is acknowledged, and not torn there:
    /// `fsync`, `full_page_writes` and `synchronous_commit` are all on.
    pub is_durable: bool,
    /// How texts are ordered there.
    pub collation: String,
    /// By how much the server's clock is ahead of this machine's, in microseconds.
    pub clock_ahead_us: i64,
    /// How many standbys follow it.
    pub standbys: i64,
    /// How many of them have a commit before it is acknowledged.
    pub synchronous_standbys: i64,
}

const FACTS: &str = "SELECT current_setting('server_version'), \
    current_setting('fsync')::bool AND current_setting('full_page_writes')::bool \
        AND current_setting('synchronous_commit') <> 'off', \
    (SELECT CASE datlocprovider WHEN 'c' THEN datcollate::text ELSE 'ICU' END FROM pg_database WHERE datname = current_database()), \
    (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, \
    (SELECT count(*) FROM pg_stat_replication), \
    (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')), \
    EXISTS (SELECT FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)";

/// Asks the server of this URL, at this moment in microseconds since the Unix epoch.
///
/// # Errors
/// When no host of the URL is a primary that can be used.
pub async fn inspect_postgres(url: &str, now_us: i64) -> Result<ServerFacts, DbError> {
    let address = Address::parse(url)?;
    let mut session = address.connect("").await?;
    let asked = sqlx::query_as(FACTS);
    let row = bounded(asked.fetch_one(session.begin()?)).await;
    let row: (String, bool, String, i64, i64, i64, bool) = session.end(row)?;
    let (version, is_durable, collation, clock_us, standbys, synchronous_standbys, is_encrypted) =
        row;
    session.close().await?;
    Ok(ServerFacts {
        database: address.label().to_owned(),
        version,
        encryption: address.encryption(is_encrypted),
        is_durable,
        collation,
        clock_ahead_us: clock_us - now_us,
        standbys,
        synchronous_standbys,
    })
}

/// Reads the URL of a database without asking anybody. Returns it as it may be shown, without
/// account and password.
///
/// # Errors
/// What is wrong with it; nothing that could be a password is repeated.
pub fn postgres_label(url: &str) -> Result<String, DbError> {
    Address::parse(url).map(|address| address.label().to_owned())
}

/// What a replica says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaFacts {
    /// The database, without account and password.
    pub database: String,
    /// Whether what is said to it can be read on the way.
    pub encryption: Encryption,
    /// How long ago what it has replayed last was committed, in milliseconds: more than a second
    /// or so only where it lags. None when it has replayed nothing since it was started.
    pub behind_ms: Option<i64>,
}

const REPLICA_FACTS: &str = "SELECT \
    (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint, \
    EXISTS (SELECT FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)";

/// Asks each host of this URL.
///
/// # Errors
/// When the URL is not understood; or, of each host, when it is no standby that can be used.
pub async fn inspect_replicas(url: &str) -> Result<Vec<Result<ReplicaFacts, DbError>>, DbError> {
    let mut facts = Vec::new();
    for address in Address::parse_replicas(url)? {
        facts.push(inspect_replica(&address).await);
    }
    Ok(facts)
}

async fn inspect_replica(address: &Address) -> Result<ReplicaFacts, DbError> {
    let mut session = address.connect("").await?;
    let (behind_ms, is_encrypted): (Option<i64>, bool) =
        one(&mut session, REPLICA_FACTS, None).await?;
    session.close().await?;
    Ok(ReplicaFacts {
        database: address.label().to_owned(),
        encryption: address.encryption(is_encrypted),
        behind_ms,
    })
}
