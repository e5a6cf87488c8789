//! A proxy that cuts a connection in the moment of a commit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// When the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Never,
    /// The server does not hear of the commit.
    Before,
    /// The server commits, and nobody hears its answer.
    After,
    /// The server does not hear of the commit, and nobody hears that the connection is dead.
    Silent,
}

/// Stands between a database and its server.
pub(crate) struct Proxy {
    address: SocketAddr,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(AtomicU8::new(Cut::Never as u8));
        let cut_by = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, Arc::clone(&cut_by)));
            }
        });
        Self { address, cut }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts at the next commit, once.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr, cut: Arc<AtomicU8>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                let sent = &asked[..read];
                let is_commit = sent.windows(8).any(|window| window == b"; COMMIT");
                let when = if is_commit { cut.swap(Cut::Never as u8, Ordering::SeqCst) } else { 0 };
                if when == Cut::Before as u8 {
                    return;
                }
                if when == Cut::Silent as u8 {
                    std::future::pending::<()>().await;
                }
                if server.write_all(sent).await.is_err() {
                    return;
                }
                if when == Cut::After as u8 {
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}
