//! What servers say of themselves, for those who look after them.

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::ClusterInfo;
use infra_db::Database;
use infra_kernel::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::connection::{Cause, ConnectError, Connection, REQUEST_MAX};
use super::log::position;
use super::{FollowerFacts, JetStreamFacts, JetStreamSettings, StreamFacts};
use crate::log_place::installation;

/// The most bytes that are read of a reply of monitoring.
const MONITOR_BYTES_MAX: u64 = 1 << 20;

/// What only the server's monitoring says.
pub(super) struct Monitored {
    /// Whether the server writes to its disk before it acknowledges.
    pub(super) is_synced: bool,
    /// What its clock showed; none when the reply had no time that can be read.
    now: Option<Timestamp>,
}

pub(super) async fn inspect(
    url: &str,
    settings: &JetStreamSettings,
    database: Option<&Database>,
    now: Timestamp,
) -> Result<JetStreamFacts, ConnectError> {
    let owner = match database {
        Some(database) => installation(database).await?,
        // No stream is marked so: one that is there is found to be another's.
        None => String::new(),
    };
    let connection = Connection::connect(url, settings, owner).await?;
    let monitored = monitored(settings).await?;
    let their_now = monitored.as_ref().and_then(|seen| seen.now);
    Ok(JetStreamFacts {
        version: connection.client.server_info().version,
        encryption: connection.encryption(settings),
        is_synced: monitored.map(|seen| seen.is_synced),
        clock_ahead_us: their_now.map(|theirs| theirs.microseconds() - now.microseconds()),
        stream: stream_facts(&connection).await?,
    })
}

/// The stream, without making it.
async fn stream_facts(connection: &Connection) -> Result<Option<StreamFacts>, ConnectError> {
    // Without `Connection::opened`, which would make it.
    let name = connection.stream_name();
    let stream = match connection.context.get_stream(name).await {
        Ok(stream) => stream,
        Err(error) if is_missing(&error.kind()) => return Ok(None),
        Err(error) => return Err(ConnectError::NoJetStream(Box::new(error))),
    };
    let info = stream.cached_info();
    if connection.require_own(info).is_err() {
        return Err(ConnectError::Foreign(name.to_owned()));
    }
    Ok(Some(StreamFacts {
        name: name.to_owned(),
        events: info.state.messages,
        bytes: info.state.bytes,
        replicas: info.config.num_replicas,
        followers: info.cluster.iter().flat_map(followers).collect(),
        last: position(info.state.last_sequence),
    }))
}

fn followers(cluster: &ClusterInfo) -> impl Iterator<Item = FollowerFacts> {
    cluster.replicas.iter().map(|peer| FollowerFacts {
        name: peer.name.clone(),
        is_current: peer.current,
        is_offline: peer.offline,
        lag: peer.lag.unwrap_or_default(),
        last_heard: peer.active,
    })
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    use async_nats::jetstream::ErrorCode;
    matches!(kind, GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// Asks the server's monitoring, which alone knows: a client is told nothing of how it writes. None
/// when no setting says where it is.
pub(super) async fn monitored(
    settings: &JetStreamSettings,
) -> Result<Option<Monitored>, ConnectError> {
    let monitor = settings.monitor.as_str();
    if monitor.is_empty() {
        return Ok(None);
    }
    let asked = tokio::time::timeout(REQUEST_MAX, ask(monitor)).await;
    let asked = asked.unwrap_or_else(|elapsed| Err(elapsed.into()));
    let asked = asked.map_err(|error| ConnectError::Monitor(monitor.to_owned(), error));
    asked.map(Some)
}

async fn ask(monitor: &str) -> Result<Monitored, Cause> {
    let mut connection = TcpStream::connect(monitor).await?;
    // Without a version that keeps the connection: the end of the reply is the end of the stream.
    let request = format!("GET /varz HTTP/1.0\r\nHost: {monitor}\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut reply = Vec::new();
    connection
        // Whatever listens at that address may send without end.
        .take(MONITOR_BYTES_MAX)
        .read_to_end(&mut reply)
        .await?;
    let reply = String::from_utf8(reply)?;
    let (_, body) = reply.split_once("\r\n\r\n").ok_or("it has no body")?;
    let variables: serde_json::Value = serde_json::from_str(body)?;
    let now = variables["now"].as_str().and_then(moment);
    Ok(Monitored {
        is_synced: variables["jetstream"]["config"]["sync_always"] == true,
        now,
    })
}

fn moment(text: &str) -> Option<Timestamp> {
    let moment: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_microseconds(moment.as_microsecond()))
}
