//! One connection to a server that will do, with the functions on it.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisResult};

use crate::address::Address;
use crate::error::{ConnectError, VERSION_MIN};
use crate::library::Library;

/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long the server may take for each reply until the connection is used.
const HANDSHAKE_MAX: Duration = Duration::from_secs(2);
/// How many calls may wait in the connection's own queue.
const QUEUE_MAX: usize = 256;

/// Names one run of a server, and one of its databases.
pub(crate) type RunId = u64;

/// Connects, looks whether the server will do, and loads the functions.
pub(crate) async fn connect(
    address: &Address,
    libraries: &[Library],
) -> Result<(MultiplexedConnection, RunId), ConnectError> {
    let (mut connection, info) = open(address).await?;
    // At each connection: another server, or another role of the same, may be there now.
    info.require_usable(address)?;
    load(&mut connection, libraries).await.map_err(|error| {
        if is_full(&error) {
            return ConnectError::Full(address.to_string(), error.into());
        }
        // While it loads its data a server refuses everything, and that passes.
        let is_refusal = error.code().is_some() && !info.is_loading();
        match ConnectError::of(address, error) {
            ConnectError::Unreachable(address, cause) if is_refusal => {
                ConnectError::Library(address, cause)
            }
            other => other,
        }
    })?;
    Ok((connection, info.run_with(address.database())))
}

/// Loads the functions, in place of those of the same names. A server without room takes none; one
/// that has them already will do.
pub(crate) async fn load(
    connection: &mut MultiplexedConnection,
    libraries: &[Library],
) -> RedisResult<()> {
    for library in libraries {
        let mut command = redis::cmd("FUNCTION");
        command.arg("LOAD").arg("REPLACE").arg(library.code);
        match command.exec_async(connection).await {
            Err(error) if is_full(&error) && has(connection, library).await => {}
            loaded => loaded?,
        }
    }
    Ok(())
}

/// Whether a server has no room for what it was told to keep.
pub(crate) fn is_full(error: &redis::RedisError) -> bool {
    error.code() == Some("OOM")
}

/// Whether the server lists a library of this name, which says what its functions do. One that does
/// not say so counts as one that has none.
async fn has(connection: &mut MultiplexedConnection, library: &Library) -> bool {
    let mut command = redis::cmd("FUNCTION");
    command.arg("LIST").arg("LIBRARYNAME").arg(library.name());
    let listed: RedisResult<Vec<redis::Value>> = command.query_async(connection).await;
    listed.is_ok_and(|listed| !listed.is_empty())
}

/// Connects, and asks the server about itself.
pub(crate) async fn open(address: &Address) -> Result<(MultiplexedConnection, Info), ConnectError> {
    let failed = |error| ConnectError::of(address, error);
    let client = Client::open(address.info()).map_err(failed)?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_MAX))
        .set_response_timeout(Some(HANDSHAKE_MAX))
        .set_pipeline_buffer_size(QUEUE_MAX);
    let connected = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connected.await.map_err(failed)?;
    let text: String = redis::cmd("INFO")
        .query_async(&mut connection)
        .await
        .map_err(failed)?;
    Ok((connection, Info::parse(&text)))
}

/// What a server says of itself.
pub(crate) struct Info(HashMap<String, String>);

impl Info {
    /// Lines of names and values, with a colon between them.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.trim().to_owned());
        Self(lines.map(owned).collect())
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.get(name).parse().unwrap_or(0)
    }

    /// Of what the server calls this run, and of what it calls the history that it writes: a
    /// primary that was demoted and is one again has lost what nobody had but itself, in the same
    /// run.
    fn run(&self) -> RunId {
        let begins = |name| {
            let digits = self.get(name).get(..16).unwrap_or_default();
            u64::from_str_radix(digits, 16).unwrap_or(0)
        };
        // Turned by a bit, so that two equal ids are not the name of nothing.
        begins("run_id") ^ begins("master_replid").rotate_left(1)
    }

    /// Of the run and the number of a database: what was written in one is not in the other.
    fn run_with(&self, database: u64) -> RunId {
        self.run().wrapping_add(database)
    }

    fn is_loading(&self) -> bool {
        self.get("loading") == "1"
    }

    pub(crate) fn is_replica(&self) -> bool {
        self.get("role") == "slave"
    }

    fn version(&self) -> Option<(u32, u32)> {
        let mut numbers = self.get("redis_version").split('.');
        let mut next = || numbers.next()?.parse().ok();
        Some((next()?, next()?))
    }

    /// Whether it is a server that this program can work with.
    pub(crate) fn require_usable(&self, address: &Address) -> Result<(), ConnectError> {
        let address = address.to_string();
        if self.version().is_none_or(|version| version < VERSION_MIN) {
            let version = self.get("redis_version").to_owned();
            return Err(ConnectError::TooOld { address, version });
        }
        if self.get("redis_mode") == "cluster" {
            return Err(ConnectError::Cluster(address));
        }
        if self.is_replica() {
            return Err(ConnectError::Replica(address));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn problem(info: &str) -> Option<String> {
        let address = Address::parse("redis://ada:tulip@one").unwrap();
        let usable = Info::parse(info).require_usable(&address);
        usable.err().map(|error| error.to_string())
    }

    #[test]
    fn a_server_that_was_demoted_in_between_is_in_another_run() {
        let run = |run: char, history: char| {
            let ids = [run, history].map(|digit| digit.to_string().repeat(40));
            let [run, history] = ids;
            Info::parse(&format!("run_id:{run}\r\nmaster_replid:{history}\r\n")).run()
        };
        let runs = [('a', 'b'), ('a', 'c'), ('d', 'b'), ('a', 'a'), ('a', 'b')];
        let runs: BTreeSet<_> = runs
            .into_iter()
            .map(|(one, other)| run(one, other))
            .collect();
        assert_eq!(runs.len(), 4);
    }

    #[test]
    fn each_database_of_a_run_has_its_own_name() {
        let info = Info::parse("run_id:0123456789abcdef01\r\n");
        assert_eq!(info.run_with(3), info.run_with(3));
        assert_ne!(info.run_with(0), info.run_with(1));
    }

    #[test]
    fn a_server_that_will_not_do_is_refused_with_what_is_needed() {
        let new = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n";
        assert_eq!(problem(new), None);
        assert_eq!(problem("redis_version:10.1.0\r\n"), None);
        for (info, words) in [
            ("redis_version:6.2.14\r\n", "version 6.2.14, and 7.0"),
            ("", "and 7.0 or newer is needed"),
            ("redis_version:7.2.4\r\nredis_mode:cluster\r\n", "cluster"),
            ("redis_version:7.2.4\r\nrole:slave\r\n", "name the primary"),
        ] {
            let problem = problem(info).expect("it will not do");
            assert!(problem.contains(words), "{info}: {problem}");
            assert!(!problem.contains("tulip"), "{problem}");
        }
    }
}
