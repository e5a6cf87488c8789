//! What a server says of itself, for those who look after it.

use redis::aio::MultiplexedConnection;

use crate::address::Address;
use crate::connection::{Info, open};
use crate::error::ConnectError;

/// What there is to say of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Where it is, without a password.
    pub address: String,
    /// The version that it has.
    pub version: String,
    /// How much memory it may take for what it holds, in bytes; 0 for no bound.
    pub memory_max_bytes: u64,
    /// How much it takes, in bytes.
    pub memory_bytes: u64,
    /// What it removes when its memory is full, `noeviction` for nothing.
    pub eviction: String,
    /// Whether it writes each change to a file of changes.
    pub has_append_only_file: bool,
    /// Whether it writes snapshots by itself. None when this account may not ask.
    pub has_snapshots: Option<bool>,
    /// The least number of entries above which a sorted set takes several times its memory. None
    /// when this account may not ask.
    pub listpack_entries_max: Option<u64>,
    /// How many replicas follow it.
    pub replicas: u64,
    /// How far its clock is ahead of this machine's, in microseconds.
    pub clock_ahead_us: i64,
}

/// Asks the server of a URL about itself; changes nothing there. `now_us` is this machine's clock,
/// in microseconds since the Unix epoch.
///
/// # Errors
/// When the URL is none, nobody replies, or what replies will not do.
pub async fn inspect(url: &str, now_us: i64) -> Result<ServerFacts, ConnectError> {
    let address = Address::parse(url)?;
    let (mut connection, info) = open(&address).await?;
    info.require_usable(&address)?;
    let time: (i64, i64) = redis::cmd("TIME")
        .query_async(&mut connection)
        .await
        .map_err(|error| ConnectError::of(&address, error))?;
    // Many accounts may not ask for settings; that is not worth an error.
    let listpack = setting(&mut connection, "zset-max-listpack-entries").await;
    let save = setting(&mut connection, "save").await;
    Ok(
        of_info(&address, &info, time.0 * 1_000_000 + time.1 - now_us)
            .with_settings(listpack.as_deref(), save.as_deref()),
    )
}

fn of_info(address: &Address, info: &Info, clock_ahead_us: i64) -> ServerFacts {
    ServerFacts {
        address: address.to_string(),
        version: info.get("redis_version").to_owned(),
        memory_max_bytes: info.number("maxmemory"),
        memory_bytes: info.number("used_memory"),
        eviction: info.get("maxmemory_policy").to_owned(),
        has_append_only_file: info.number("aof_enabled") == 1,
        has_snapshots: None,
        listpack_entries_max: None,
        replicas: info.number("connected_slaves"),
        clock_ahead_us,
    }
}

impl ServerFacts {
    fn with_settings(self, listpack: Option<&str>, save: Option<&str>) -> Self {
        Self {
            listpack_entries_max: listpack.and_then(|text| text.parse().ok()),
            has_snapshots: save.map(|text| !text.is_empty()),
            ..self
        }
    }
}

/// A setting of the server, where the account may ask.
async fn setting(connection: &mut MultiplexedConnection, name: &str) -> Option<String> {
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg(name);
    let found: Vec<String> = command.query_async(connection).await.ok()?;
    found.into_iter().nth(1)
}
