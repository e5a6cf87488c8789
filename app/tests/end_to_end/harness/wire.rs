//! Connections as no library makes them: bytes as they are, halves of requests, and silence.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// The longest that a response may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Wire(TcpStream);

/// What came back, until the server closed or a response was whole.
#[derive(Debug)]
pub(crate) struct RawResponse {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Wire {
    /// To the server at `base`.
    pub(crate) async fn to(base: &str) -> Self {
        Self::from("127.0.0.1", base).await
    }

    /// The same, from another address of this machine.
    pub(crate) async fn from(own: &str, base: &str) -> Self {
        let target: SocketAddr = base
            .trim_start_matches("http://")
            .parse()
            .expect("an address");
        let own: IpAddr = own.parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind((own, 0).into())
            .expect("an address of this machine");
        Self(socket.connect(target).await.expect("a connection"))
    }

    /// A connection that has sent this. It may have been refused already.
    pub(crate) async fn sending(base: &str, bytes: &str) -> Self {
        let mut wire = Self::to(base).await;
        wire.send(bytes).await;
        wire
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        // The server may have closed already; what it said is still to be read.
        let _ = self.0.write_all(bytes.as_bytes()).await;
    }

    /// Says that nothing more will be sent, and continues listening.
    pub(crate) async fn half_close(&mut self) {
        self.0.shutdown().await.expect("half of it closes");
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        // A reset counts as an end.
        let _ = read.expect("the server closes");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The one response after which the server closes, or the connection again when nothing has
    /// come for so long.
    pub(crate) async fn answer_within(mut self, patience: Duration) -> Result<RawResponse, Self> {
        match tokio::time::timeout(patience, self.0.readable()).await {
            Ok(_) => Ok(self.last_response().await),
            Err(_) => Err(self),
        }
    }

    /// The one response after which the server closes.
    pub(crate) async fn last_response(&mut self) -> RawResponse {
        let text = self.rest().await;
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: `{text}`"));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        RawResponse {
            status: status.unwrap_or_else(|| panic!("no status: `{head}`")),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }
}
