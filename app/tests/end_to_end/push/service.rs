//! A push service.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::eventually;

/// A reply that never comes.
pub(super) const NEVER: u16 = 0;

/// A push that was received.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) path: String,
    headers: HashMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A push service that keeps what it gets and replies as it is told.
#[derive(Clone)]
pub(super) struct PushService {
    pub(super) port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<AtomicU16>,
}

impl PushService {
    pub(super) async fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self {
            port: listener.local_addr().unwrap().port(),
            received: Arc::default(),
            status: Arc::new(AtomicU16::new(status)),
        };
        let serving = service.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        service
    }

    /// Where it is found by its address.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    pub(super) fn reply_with(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(super) fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until it has got so many.
    pub(super) async fn got(&self, count: usize) -> Vec<Received> {
        eventually(&format!("{count} pushes"), async || {
            Some(self.all()).filter(|all| all.len() >= count)
        })
        .await
    }

    async fn serve(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let Some(received) = read(&mut stream).await else {
            return;
        };
        self.received.lock().unwrap().push(received);
        match self.status.load(Ordering::SeqCst) {
            NEVER => std::future::pending().await,
            status => {
                let head = format!(
                    "HTTP/1.1 {status} Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                // The server may have gone.
                let _ = stream.write_all(head.as_bytes()).await;
            }
        }
    }
}

/// A request; none when it is cut off.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ');
    assert_eq!(first.next(), Some("POST"));
    let path = first.next()?.to_owned();
    let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
    let headers: HashMap<String, String> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        path,
        headers,
        body,
    })
}
