//! Stands before a server that speaks HTTP and lets happen what happens on networks.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to a request. The next ones pass.
#[derive(Clone, Debug)]
pub enum HttpFault {
    /// It is passed on, and so is its response.
    Pass,
    /// It is not passed on, and this is the response.
    Respond(&'static str, String),
    /// It is passed on, and its response is lost.
    LoseResponse,
    /// It is passed on, and its response breaks off after so many bytes.
    CutResponse(usize),
    /// It is passed on, so much later.
    Delay(Duration),
    /// Nobody responds, and the connection stays open.
    Silence,
}

/// A proxy that takes one request for each connection.
pub struct HttpProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// For the next requests, in order.
    faults: VecDeque<HttpFault>,
    /// For all whose first line has this in it, once the others are used up.
    always: Option<(String, HttpFault)>,
    /// The first lines of all requests.
    seen: Vec<String>,
}

impl HttpProxy {
    /// Before the server on this port of the machine.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // A connection that breaks is what this is for.
                    let _ = serve(client, port, &state).await;
                });
            }
        });
        Self { address, state }
    }

    /// Where clients connect to, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happens to the next requests, in order.
    pub fn next(&self, faults: impl IntoIterator<Item = HttpFault>) {
        self.state
            .lock()
            .expect("no holder panics")
            .faults
            .extend(faults);
    }

    /// What happens to every request whose first line has this in it.
    pub fn always(&self, line: &str, fault: HttpFault) {
        self.state.lock().expect("no holder panics").always = Some((line.to_owned(), fault));
    }

    /// How many requests had this in their first line.
    pub fn seen(&self, line: &str) -> usize {
        let state = self.state.lock().expect("no holder panics");
        let seen = state.seen.iter();
        seen.filter(|seen| seen.contains(line)).count()
    }
}

impl State {
    fn fault(&mut self, line: &str) -> HttpFault {
        // Also of what is not passed on: tests count what was asked.
        self.seen.push(line.to_owned());
        if let Some(fault) = self.faults.pop_front() {
            return fault;
        }
        match &self.always {
            Some((part, fault)) if line.contains(part) => fault.clone(),
            _ => HttpFault::Pass,
        }
    }
}

async fn serve(mut client: TcpStream, port: u16, state: &Mutex<State>) -> std::io::Result<()> {
    let request = read_request(&mut client).await?;
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or(&[]);
    let fault = state
        .lock()
        .expect("no holder panics")
        .fault(&String::from_utf8_lossy(line));
    let whole = match fault {
        HttpFault::Respond(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            client.write_all(head.as_bytes()).await?;
            return client.write_all(body.as_bytes()).await;
        }
        // The connection stays open: a client that is refused would know at once.
        HttpFault::Silence => return std::future::pending().await,
        HttpFault::Pass => usize::MAX,
        HttpFault::Delay(delay) => {
            tokio::time::sleep(delay).await;
            usize::MAX
        }
        HttpFault::LoseResponse => 0,
        HttpFault::CutResponse(bytes) => bytes,
    };
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    server.write_all(&request).await?;
    let mut response = Vec::new();
    server.read_to_end(&mut response).await?;
    client
        .write_all(&response[..whole.min(response.len())])
        .await?;
    client.shutdown().await
}

/// A whole request, which asks for one response.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let head = loop {
        if let Some(at) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            break at;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    // Names of headers may be written in any case.
    let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
    while request.len() < head + 4 + length {
        if client.read_buf(&mut request).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let close = b"\r\nConnection: close";
    // So the server's end of the response is that of the connection, and nothing of HTTP has to be
    // read.
    request.splice(head..head, close.iter().copied());
    Ok(request)
}
