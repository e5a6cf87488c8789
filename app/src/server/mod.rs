//! The listener: bounded connections, bounded waits, and an orderly end.
//!
//! Every connection is accepted at once and either has a place or is told that there is none:
//! nobody waits in front of the door without a word. Who may have a place is decided in
//! `connections`, how one is served in `connection`.

mod client_shares;
mod connection;
mod connections;
mod descriptors;
mod pace;
mod refusals;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use presentation_kit::address::TrustedProxies;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::wire::Surfaces;
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
    pub async fn bind(listen: &str, bounds: ServerBounds) -> Result<Self> {
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("cannot listen on {listen}; if something else uses the port, choose another with --listen")
        })?;
        let address = listener
            .local_addr()
            .context("the listener has no address")?;
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
    pub async fn serve(self, surfaces: Surfaces, stop: CancellationToken, grace: Duration) {
        let shares = ClientShares::new(self.bounds.connections_per_address_max);
        let door = Acceptor {
            connections: Connections::new(self.bounds.connections_max, stop.child_token()),
            refusals: Refusals::default(),
            tasks: TaskTracker::new(),
            serving: connection::Serving {
                surfaces,
                shares,
                proxies: self.bounds.proxies,
                body_silence_max: self.bounds.body_silence_max,
                reader_pace: self.bounds.reader_pace,
            },
        };
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => break,
            };
            match accepted {
                Ok((stream, peer)) => door.admit(stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
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
        self.tasks.spawn(async move {
            serving.serve(stream, peer, place).await;
            drop(share);
        });
    }
}
