//! The listener: bounded connections, bounded waits, and an orderly end.
//!
//! Every connection is accepted at once and either has a place or is told that there is none:
//! nobody waits in front of the door without a word. Who may have a place is decided in
//! `connections`, how one is served in `connection`.

mod client_shares;
mod connection;
mod connections;
mod descriptors;
mod held;
mod pace;
mod refusals;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer as _;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};

use crate::address::TrustedProxies;
use crate::refusal::RefusalStyle;
use client_shares::ClientShares;
use connections::Connections;
use refusals::Refusals;

pub use descriptors::{connections_within, raise_limit};
pub use pace::ReaderPace;

/// The pause after a failure to accept, which is mostly a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener takes upon itself.
#[derive(Debug, Clone)]
pub struct ServerBounds {
    /// The most connections at a time.
    pub connections_max: usize,
    /// The most connections of one client at a time, an IPv4 address or an IPv6 network of 64 bits;
    /// 0 for no bound. Behind a trusted proxy it is the most requests at a time.
    pub connections_per_address_max: usize,
    /// How long the body of a request may be silent.
    pub body_silence_max: Duration,
    /// How quickly a client has to take its response.
    pub reader_pace: ReaderPace,
    /// Those whose connections are not counted, because others stand behind them.
    pub proxies: TrustedProxies,
    /// How refusals are written.
    pub refusals: RefusalStyle,
}

/// What serves every request: the routes of all surfaces, with their layers.
#[derive(Debug, Clone)]
pub struct Routes(NormalizePath<Router>);

impl From<Router> for Routes {
    /// Takes addresses also with a slash at their end, with which some clients (Mastodon.py, toot)
    /// write them and which Mastodon does not mind. This has to happen before a route is chosen, so
    /// it stands around the router.
    fn from(router: Router) -> Self {
        Self(NormalizePathLayer::trim_trailing_slash().layer(router))
    }
}

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It is in use, or not this machine's.
    #[error(
        "cannot listen on {listen}; if something else uses the port, choose another with --listen"
    )]
    Listen {
        /// What was asked for.
        listen: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The system does not say which address was taken.
    #[error("the listener has no address")]
    NoAddress(#[source] std::io::Error),
}

/// A listener that is bound and not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    bounds: ServerBounds,
}

impl Server {
    /// Takes hold of the address.
    ///
    /// # Errors
    /// When it is in use or not this machine's.
    pub async fn bind(listen: &str, bounds: ServerBounds) -> Result<Self, BindError> {
        let bound = TcpListener::bind(listen).await;
        let listener = bound.map_err(|source| BindError::Listen {
            listen: listen.to_owned(),
            source,
        })?;
        let address = listener.local_addr().map_err(BindError::NoAddress)?;
        Ok(Self {
            listener,
            address,
            bounds,
        })
    }

    /// The address that was taken; with port 0, the free one that was found.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until stopped; then accepts nothing more and lets what is in flight finish for at
    /// most `grace`.
    pub async fn serve(self, routes: Routes, stop: CancellationToken, grace: Duration) {
        let shares = ClientShares::new(self.bounds.connections_per_address_max);
        // 0 stays 0, and 1 is 1.
        let streams_max = self.bounds.connections_per_address_max.div_ceil(2);
        let door = Acceptor {
            connections: Connections::new(self.bounds.connections_max, stop.child_token()),
            refusals: Refusals::default(),
            tasks: TaskTracker::new(),
            serving: connection::Serving {
                routes: routes.0,
                shares,
                streams: ClientShares::new(streams_max),
                proxies: self.bounds.proxies,
                refusals: self.bounds.refusals,
                body_silence_max: self.bounds.body_silence_max,
                reader_pace: self.bounds.reader_pace,
            },
        };
        loop {
            let accepted = tokio::select! {
                // Accepting is all that this loop does: nothing that a client sends can hold it up.
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => door.admit(stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // What lacks descriptors fails again at once, without end, until some are
                    // closed.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // Closed before the wait: from here on the system refuses newcomers, and a balancer goes
        // elsewhere, while what is in flight has its time.
        drop(self.listener);
        door.tasks.close();
        if tokio::time::timeout(grace, door.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some requests did not finish in time and were cut off");
        }
    }
}

/// Where connections come in.
struct Acceptor {
    connections: Arc<Connections>,
    refusals: Refusals,
    tasks: TaskTracker,
    serving: connection::Serving,
}

impl Acceptor {
    /// Serves a connection, or says why not.
    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        // The share comes first: a client over its own bound must not have others' idle connections
        // closed to make room for it.
        let share = if self.serving.proxies.contain(peer.ip()) {
            None
        } else if let Some(share) = self.serving.shares.take(peer.ip()) {
            Some(share)
        } else {
            return self.refusals.refuse_over_share(stream, peer.ip());
        };
        let Some(place) = self.connections.open() else {
            return self.refusals.full(stream);
        };
        let serving = self.serving.clone();
        let held = Arc::new(held::Held::new(place, share, self.tasks.token()));
        self.tasks.spawn(serving.serve(stream, peer, held));
    }
}
