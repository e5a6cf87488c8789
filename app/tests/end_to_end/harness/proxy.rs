//! A connection that breaks: a relay between a client and the server which cuts its connections as
//! it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// What becomes of a connection.
#[derive(Clone, Copy)]
pub(crate) enum ConnectionFault {
    /// Cut when the client has sent so many bytes over it.
    CutAfter(u64),
    /// Held still when the client has sent so many bytes over it, until [`Proxy::release`]; then
    /// cut.
    HoldAfter(u64),
}

/// The relay. Connections meet their fates in the order they come; when there is none left, they
/// last.
pub(crate) struct Proxy {
    base: String,
    shared: Arc<Shared>,
}

struct Shared {
    target: String,
    faults: Mutex<VecDeque<ConnectionFault>>,
    sent: AtomicU64,
    holds: AtomicBool,
    released: CancellationToken,
}

impl Proxy {
    /// Before the server at `base`.
    pub(crate) async fn before(base: &str, faults: &[ConnectionFault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            target: base.trim_start_matches("http://").to_owned(),
            faults: Mutex::new(faults.iter().copied().collect()),
            sent: AtomicU64::new(0),
            holds: AtomicBool::new(false),
            released: CancellationToken::new(),
        });
        let relay = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&relay).carry(client));
            }
        });
        Self {
            base: format!("http://{own}"),
            shared,
        }
    }

    /// Where clients connect to.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// How many bytes went to the server in all.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Whether a connection is held.
    pub(crate) fn holds(&self) -> bool {
        self.shared.holds.load(Ordering::SeqCst)
    }

    /// Cuts what is held.
    pub(crate) fn release(&self) {
        self.shared.released.cancel();
    }

    /// Whether every fate was met.
    pub(crate) fn is_done(&self) -> bool {
        self.shared
            .faults
            .lock()
            .expect("no holder panics")
            .is_empty()
    }
}

impl Shared {
    async fn carry(self: Arc<Self>, client: TcpStream) {
        // Where the server is down, the client's connection ends at once.
        let Ok(server) = TcpStream::connect(&self.target).await else {
            return;
        };
        let fault = self.faults.lock().expect("no holder panics").pop_front();
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let back = tokio::spawn(async move {
            // Ends with either side.
            let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        });
        let limit = match fault {
            Some(ConnectionFault::CutAfter(bytes) | ConnectionFault::HoldAfter(bytes)) => bytes,
            None => u64::MAX,
        };
        let mut left = limit;
        let mut buffer = vec![0; 16 * 1024];
        while left > 0 {
            let room = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let Ok(read @ 1..) = from_client.read(&mut buffer[..room]).await else {
                break;
            };
            if to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
            self.sent.fetch_add(read as u64, Ordering::SeqCst);
            left -= read as u64;
        }
        if left == 0 && matches!(fault, Some(ConnectionFault::HoldAfter(_))) {
            self.holds.store(true, Ordering::SeqCst);
            self.released.cancelled().await;
        }
        back.abort();
    }
}
