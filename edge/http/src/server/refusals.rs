//! Connections for which there is no place: refused at once, before a request is read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::address::{Network, is_nearby};
use crate::context::overload_retry_after;
use infra_telemetry::LogThrottle;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// The most connections that are being refused at a time. Further ones are closed without a word.
const REFUSED_AT_ONCE_MAX: usize = 64;
/// How long a refused client has to take its response.
const REFUSED_WAIT_MAX: Duration = Duration::from_secs(1);
/// How much is read of what a refused client sends: a connection that is closed over unread bytes
/// is reset, and the response lost with it.
const REFUSED_BYTES_MAX: usize = 64 * 1024;

/// Says that there is no place.
pub(super) struct Refusals {
    places: Arc<Semaphore>,
    full: LogThrottle,
    refuse_over_share: LogThrottle,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(REFUSED_AT_ONCE_MAX)),
            full: LogThrottle::new(),
            refuse_over_share: LogThrottle::new(),
        }
    }
}

impl Refusals {
    /// All places are taken.
    pub(super) fn full(&self, stream: TcpStream) {
        if let Some(refused) = self.full.note() {
            tracing::warn!(
                refused,
                "connections were refused, because connections_max are in use"
            );
        }
        self.refuse(stream);
    }

    /// The client at this address has its share.
    pub(super) fn refuse_over_share(&self, stream: TcpStream, address: IpAddr) {
        if let Some(refused) = self.refuse_over_share.note() {
            let hint = if is_nearby(address) {
                "; if that is a proxy, name it in trusted_proxies"
            } else {
                ""
            };
            tracing::warn!(
                refused,
                client = %Network::of_client(address),
                "connections were refused, because a client had connections_per_address_max{hint}"
            );
        }
        self.refuse(stream);
    }

    fn refuse(&self, mut stream: TcpStream) {
        // Nobody waits for a place to be refused in: that would be another queue.
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return;
        };
        tokio::spawn(async move {
            let refused = async {
                stream.write_all(response().as_bytes()).await?;
                // First its own end: the client sees that the response is whole, and closes its
                // side.
                stream.shutdown().await?;
                let mut rest = [0; 4096];
                let mut bytes = 0;
                while bytes < REFUSED_BYTES_MAX {
                    match stream.read(&mut rest).await? {
                        0 => break,
                        read => bytes += read,
                    }
                }
                Ok::<_, std::io::Error>(())
            };
            // A client that does not read the response is gone.
            let _ = tokio::time::timeout(REFUSED_WAIT_MAX, refused).await;
            drop(place);
        });
    }
}

/// The response to a request that was not read: JSON for a program, words for a person.
fn response() -> String {
    let body = r#"{"error":"This server has no room for another connection just now. Please try again in a moment.","code":"unavailable"}"#;
    let (length, wait) = (body.len(), overload_retry_after().as_secs());
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         retry-after: {wait}\r\naccess-control-allow-origin: *\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{body}"
    )
}
