//! The client: a request, and a reply of which so much is read.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::JoinError;

use crate::network::is_public;
use crate::{Address, Settings};

/// The most that is read of a reply.
pub const REPLY_BYTES_MAX: usize = 64 * 1_024;
/// How long it may take to find and reach a server.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);
/// How many names are looked up at a time. Each holds one of the threads that disks are waited for
/// on, for as long as the system's resolver likes: somebody's name server may take half a minute.
const LOOKUPS_MAX: usize = 16;
/// How long a request may take with all that belongs to it.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a connection waits for another request, and how many do to one server.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
const IDLE_MAX: usize = 4;

/// What can go wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The client cannot be made: the system has no certificates that it trusts.
    #[error("requests to other servers cannot be made")]
    Client(#[source] reqwest::Error),
    /// The server was not reached, or did not reply. Without the address: who knows it may send to
    /// it, and errors are logged.
    #[error("the server did not reply")]
    NoReply(#[source] reqwest::Error),
    /// It replied with more than is read.
    #[error("the reply is longer than {REPLY_BYTES_MAX} bytes")]
    TooLong,
}

/// A reply.
#[derive(Debug)]
pub struct Reply {
    /// Its status; a redirect is one like any other.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Asks other servers. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
}

impl Client {
    /// A client that says so who it is.
    ///
    /// # Errors
    /// When the system has no certificates that it trusts.
    pub fn new(user_agent: &str, settings: Settings) -> Result<Self, OutboundError> {
        let http = reqwest::Client::builder()
            .user_agent(user_agent)
            // One would lead anywhere, past every check.
            .redirect(Policy::none())
            // It would resolve names by itself.
            .no_proxy()
            .referer(false)
            // How often something is tried is for who asks.
            .retry(reqwest::retry::never())
            .https_only(!settings.allow_private_addresses)
            .dns_resolver(Arc::new(Checked::new(settings)))
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(REQUEST_TIME_MAX)
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_max_idle_per_host(IDLE_MAX)
            .build()
            .map_err(OutboundError::Client)?;
        Ok(Self { http })
    }

    /// Posts to an address.
    ///
    /// # Errors
    /// When nothing came back in time, or too much.
    pub async fn post(
        &self,
        address: &Address,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Reply, OutboundError> {
        let request = self.http.post(address.url().clone());
        let sent = request.headers(headers).body(body).send().await;
        read(sent.map_err(no_reply)?).await
    }
}

fn no_reply(error: reqwest::Error) -> OutboundError {
    OutboundError::NoReply(error.without_url())
}

async fn read(mut response: reqwest::Response) -> Result<Reply, OutboundError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_reply)? {
        if body.len() + chunk.len() > REPLY_BYTES_MAX {
            return Err(OutboundError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: body.into(),
    })
}

/// Resolves names to addresses that may be asked. What is connected to is what was looked at: a
/// name that resolves to something else the next moment gains nothing by it.
struct Checked {
    settings: Settings,
    /// What is left of [`LOOKUPS_MAX`].
    free: Arc<Semaphore>,
}

#[derive(Debug, thiserror::Error)]
#[error("the name has no address that may be asked")]
struct NoAddress;

/// Why a name was not looked up.
#[derive(Debug, thiserror::Error)]
enum LookupError {
    #[error("too many other names are being looked up")]
    Busy,
    #[error("names are not looked up any more")]
    Ended(#[source] AcquireError),
    #[error("the look-up did not end")]
    Failed(#[source] JoinError),
}

impl Checked {
    fn new(settings: Settings) -> Self {
        let free = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Self { settings, free }
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (settings, free) = (self.settings, Arc::clone(&self.free));
        Box::pin(async move {
            let found = in_turn(free, move || (name.as_str(), 0).to_socket_addrs()).await??;
            let found = allowed(found.map(|address| address.ip()), settings);
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Does this on a thread of its own, when one of so many is free.
async fn in_turn<T: Send + 'static>(
    free: Arc<Semaphore>,
    look_up: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LookupError> {
    let turn = tokio::time::timeout(CONNECT_TIME_MAX, free.acquire_owned()).await;
    let turn = turn.map_err(|_| LookupError::Busy)?;
    let turn = turn.map_err(LookupError::Ended)?;
    let looked_up = tokio::task::spawn_blocking(move || {
        // Its thread is taken until it ends, also when nobody waits for it any more.
        let _turn = turn;
        look_up()
    });
    looked_up.await.map_err(LookupError::Failed)
}

fn allowed(found: impl Iterator<Item = IpAddr>, settings: Settings) -> Vec<IpAddr> {
    let may = |address: &IpAddr| settings.allow_private_addresses || is_public(*address);
    found.filter(may).collect()
}

#[cfg(test)]
mod tests;
