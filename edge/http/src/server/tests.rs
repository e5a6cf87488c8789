//! The listener over real connections, with answers that a test holds in its hand.

use std::net::SocketAddr;
use std::time::Duration;

use crate::address::{ForwardedHeader, TrustedProxies};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use http::StatusCode;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{ReaderPace, Server, ServerBounds};
use crate::refusal::RefusalStyle;

/// The longest that anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// For a bound that a test does not mean to meet.
const LONG: Duration = Duration::from_secs(3_600);
const PATIENT: ReaderPace = ReaderPace {
    silence_max: LONG,
    bytes_per_second_min: 1,
    behind_max: LONG,
};

/// A listener until this is dropped.
struct Listener {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Behind proxies at every address of this machine, each of whose clients may have one request in
/// flight.
fn bounds(reader_pace: ReaderPace) -> ServerBounds {
    let everywhere = ["127.0.0.0/8".parse().unwrap()];
    ServerBounds {
        connections_max: 16,
        connections_per_address_max: 1,
        body_silence_max: LONG,
        reader_pace,
        proxies: TrustedProxies::new(&everywhere, ForwardedHeader::XForwardedFor),
        refusals: RefusalStyle::default(),
    }
}

/// A listener with those bounds.
async fn listen(reader_pace: ReaderPace, routes: Router) -> Listener {
    let server = Server::bind("127.0.0.1:0", bounds(reader_pace))
        .await
        .unwrap();
    let (address, stop) = (server.address(), CancellationToken::new());
    tokio::spawn(server.serve(routes.into(), stop.clone(), Duration::ZERO));
    Listener { address, stop }
}

impl Listener {
    /// A connection over which this client has asked for this.
    async fn ask(&self, client: &str, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {client}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The status of the response to it.
    async fn status(&self, client: &str) -> u16 {
        let mut stream = self.ask(client, "/quick").await;
        let response = rest(&mut stream).await;
        let response = String::from_utf8_lossy(&response).into_owned();
        let status = response
            .split(' ')
            .nth(1)
            .and_then(|text| text.parse().ok());
        status.unwrap_or_else(|| panic!("no status: `{response}`"))
    }

    /// Waits until this client is served.
    async fn serves(&self, client: &str) {
        let served = async {
            while self.status(client).await != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        in_time(served).await;
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, work).await;
    done.expect("it does not take for ever")
}

/// What comes until the server closes; a reset counts as an end.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = in_time(stream.read_to_end(&mut bytes)).await;
    bytes
}

/// Reads until this has come.
async fn read_until(stream: &mut TcpStream, text: &str) {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(text) {
        let read = in_time(stream.read_buf(&mut bytes)).await.unwrap();
        assert!(read > 0, "the answer ended: {bytes:?}");
    }
}

/// Returns whose bodies come when the test sends them, and end when it has dropped the sender.
async fn answered_slowly() -> (Listener, mpsc::UnboundedSender<&'static str>) {
    let (pieces, coming) = mpsc::unbounded_channel::<&'static str>();
    let coming = std::sync::Arc::new(tokio::sync::Mutex::new(coming));
    let slow = move || async move {
        let body = stream::unfold(coming, |coming| async move {
            let piece = coming.lock().await.recv().await?;
            Some((Ok::<_, std::io::Error>(Bytes::from(piece)), coming))
        });
        Body::from_stream(body)
    };
    let routes = Router::new()
        .route("/slow", get(slow))
        .route("/quick", get(|| async { "quick" }));
    (listen(PATIENT, routes).await, pieces)
}

#[tokio::test]
async fn behind_a_proxy_a_client_has_its_share_until_the_last_byte_of_its_answer() {
    let (listener, pieces) = answered_slowly().await;
    let mut first = listener.ask("203.0.113.1", "/slow").await;
    pieces.send("the beginning").unwrap();
    // The head is out, and a part of the body.
    read_until(&mut first, "the beginning").await;
    assert_eq!(listener.status("203.0.113.1").await, 503);
    assert_eq!(listener.status("203.0.113.2").await, 200);
    pieces.send("the end").unwrap();
    read_until(&mut first, "the end").await;
    assert_eq!(listener.status("203.0.113.1").await, 503);
    drop(pieces);
    assert!(rest(&mut first).await.ends_with(b"0\r\n\r\n"));
    listener.serves("203.0.113.1").await;
}

#[tokio::test]
async fn a_client_that_goes_away_in_the_middle_gives_its_share_back() {
    let (listener, pieces) = answered_slowly().await;
    let mut first = listener.ask("203.0.113.1", "/slow").await;
    pieces.send("the beginning").unwrap();
    read_until(&mut first, "the beginning").await;
    assert_eq!(listener.status("203.0.113.1").await, 503);
    drop(first);
    listener.serves("203.0.113.1").await;
}

async fn answered_without_end(pace: ReaderPace) -> Listener {
    let endless = || async {
        let chunk = Bytes::from_static(&[b'x'; 64 * 1024]);
        Body::from_stream(stream::repeat_with(move || {
            Ok::<_, std::io::Error>(chunk.clone())
        }))
    };
    let routes = Router::new()
        .route("/endless", get(endless))
        .route("/quick", get(|| async { "quick" }));
    listen(pace, routes).await
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_not_waited_for() {
    let pace = ReaderPace {
        silence_max: Duration::from_millis(100),
        ..PATIENT
    };
    let listener = answered_without_end(pace).await;
    let mut silent = listener.ask("203.0.113.1", "/endless").await;
    read_until(&mut silent, "\r\n\r\n").await;
    // Its share is free again although it has not closed, and what had been sent has an end.
    listener.serves("203.0.113.1").await;
    assert!(!rest(&mut silent).await.is_empty());
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_cut_off_although_it_is_never_silent() {
    // Nobody is as quick as this for long.
    let pace = ReaderPace {
        bytes_per_second_min: u32::MAX,
        behind_max: Duration::from_millis(50),
        ..PATIENT
    };
    let listener = answered_without_end(pace).await;
    let mut slow = listener.ask("203.0.113.1", "/endless").await;
    let mut chunk = vec![0; 16 * 1024];
    // It ends, or is reset.
    in_time(async { while let Ok(1..) = slow.read(&mut chunk).await {} }).await;
    listener.serves("203.0.113.1").await;
}

#[tokio::test]
async fn a_client_that_keeps_pace_gets_all_there_is() {
    const BYTES: usize = 16 * 1024 * 1024;
    let whole = || async { Bytes::from(vec![b'x'; BYTES]) };
    let listener = listen(ReaderPace::default(), Router::new().route("/", get(whole))).await;
    let mut client = listener.ask("203.0.113.1", "/").await;
    let response = rest(&mut client).await;
    assert!(
        response.ends_with(&[b'x'; BYTES]),
        "{} bytes",
        response.len()
    );
}

/// Hands its socket on to what sends back all that comes, until the client closes.
async fn hand_on(mut request: Request) -> Response {
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let socket = TokioIo::new(upgraded.await.unwrap());
        let (mut from, mut to) = tokio::io::split(socket);
        // A client that goes away may reset.
        let _ = tokio::io::copy(&mut from, &mut to).await;
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header("Connection", "upgrade");
    response
        .header("Upgrade", "echo")
        .body(Body::empty())
        .unwrap()
}

/// Whether the response to this hands its socket on, rather than that there are too many.
async fn is_handed_on(address: SocketAddr, request: &str) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; "HTTP/1.1 101".len()];
    in_time(stream.read_exact(&mut status)).await.unwrap();
    match &status {
        b"HTTP/1.1 101" => true,
        b"HTTP/1.1 503" => false,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_socket_that_is_handed_on_counts_as_its_clients_and_is_waited_for() {
    let routes = Router::new()
        .route("/echo", get(hand_on))
        .route("/quick", get(|| async { "quick" }));
    let bounds = bounds(PATIENT);
    let server = Server::bind("127.0.0.1:0", bounds).await.unwrap();
    let (address, stop) = (server.address(), CancellationToken::new());
    let serving = tokio::spawn(server.serve(routes.into(), stop.clone(), PATIENCE));
    let listener = Listener { address, stop };
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /echo HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.1\r\n\
                   Connection: upgrade\r\nUpgrade: echo\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, "\r\n\r\n").await;
    stream.write_all(b"something").await.unwrap();
    read_until(&mut stream, "something").await;
    // Requests have their room beside it, and one more of its kind has not.
    assert_eq!(listener.status("203.0.113.1").await, 200);
    assert!(!is_handed_on(address, request).await);
    let mut other = TcpStream::connect(address).await.unwrap();
    other
        .write_all(request.replace("113.1", "113.9").as_bytes())
        .await
        .unwrap();
    read_until(&mut other, "\r\n\r\n").await;
    drop(stream);
    let has_room = async {
        while !is_handed_on(address, request).await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    in_time(has_room).await;
    listener.stop.cancel();
    // What goes over it is finished: the listener waits.
    other.write_all(b"the last").await.unwrap();
    read_until(&mut other, "the last").await;
    assert!(!serving.is_finished());
    drop(other);
    in_time(serving).await.unwrap();
}
