//! Stopping cleanly: what is in flight is finished, nothing is lost.

use std::time::{Duration, Instant};

use reqwest::Method;
use testing_kit::{charts, jpeg};
use tokio::sync::mpsc;

use crate::harness::caller::text;
use crate::harness::server::{heliograph, serving};
use crate::harness::{Caller, Server, eventually};

/// A body that is sent piece by piece, as the test says.
fn slow_body(pieces: mpsc::Receiver<Vec<u8>>) -> reqwest::Body {
    let stream = futures::stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((Ok::<_, std::io::Error>(piece), pieces))
    });
    reqwest::Body::wrap_stream(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_in_flight_is_finished_and_kept() {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = jpeg::encode(&charts::corners(1600, 1200), 95);
    let (send, pieces) = mpsc::channel(1);
    let part = reqwest::multipart::Part::stream(slow_body(pieces))
        .file_name("a.jpg")
        .mime_str("image/jpeg")
        .unwrap();
    let form = reqwest::multipart::Form::new().part("file", part);
    let caller = Caller::clone(&ada);
    let upload = tokio::spawn(async move {
        let request = caller
            .request(Method::POST, "/api/v2/media")
            .multipart(form);
        caller.try_send(request).await
    });
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    send.send(first.to_vec()).await.unwrap();
    // The first half has reached the server when its part of the file lies on disk or a moment has
    // passed.
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.ask_to_stop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    send.send(rest.to_vec())
        .await
        .expect("the upload goes on after the server was asked to stop");
    drop(send);
    let reply = upload
        .await
        .unwrap()
        .expect("the upload in flight is answered");
    let id = text(&reply.ok(), "/id");
    let status = server.ended().await;
    assert!(status.success(), "{status}");

    server.start_again().await;
    ada.ready(&id).await;
}

#[tokio::test]
async fn an_idle_server_stops_at_once_even_with_connections_open() {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    ada.say("hello").await;
    let started = Instant::now();
    server.ask_to_stop();
    let status = server.ended().await;
    assert!(status.success(), "{status}");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    server.start_again().await;
    let posts = ada
        .get(&format!("/api/v1/accounts/{}/statuses", ada.id))
        .await
        .list();
    assert_eq!(posts.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_ends_does_not_hold_the_server_up_for_ever() {
    let mut server = Server::with(&[("HELIOGRAPH_SHUTDOWN_GRACE_S", "2")]).await;
    let ada = server.person("ada").await;
    let (send, pieces) = mpsc::channel(1);
    let part = reqwest::multipart::Part::stream(slow_body(pieces))
        .file_name("a.jpg")
        .mime_str("image/jpeg")
        .unwrap();
    let form = reqwest::multipart::Form::new().part("file", part);
    let caller = Caller::clone(&ada);
    let upload = tokio::spawn(async move {
        let request = caller
            .request(Method::POST, "/api/v2/media")
            .multipart(form);
        caller.try_send(request).await
    });
    send.send(vec![0xff, 0xd8]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let started = Instant::now();
    server.ask_to_stop();
    server.ended().await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    drop(send);
    let reply = upload.await.unwrap();
    assert!(
        reply.is_none_or(|reply| reply.status >= 400),
        "half an upload was taken"
    );
}

#[tokio::test]
async fn two_servers_do_not_share_a_folder() {
    let server = Server::start().await;
    let output = heliograph()
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(server.folder())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("another"), "{said}");
    server.anyone().get("/api/v2/instance").await.expect(200);
}

/// Opens a connection and sends this, and nothing after it.
fn open_and_send(server: &Server, bytes: &[u8]) -> std::net::TcpStream {
    let address = server.base().trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut stream, bytes).unwrap();
    stream
}

/// How many connections the server takes in the tests below.
const CONNECTIONS: &str = "8";

async fn few_connections() -> Server {
    Server::with(&[
        ("HELIOGRAPH_CONNECTIONS_MAX", CONNECTIONS),
        ("HELIOGRAPH_SHUTDOWN_GRACE_S", "2"),
    ])
    .await
}

/// Whether a newcomer has no place. A connection may also be closed without a word when many are
/// refused.
async fn is_refused(server: &Server) -> bool {
    let anyone = server.anyone();
    let asked = anyone.request(Method::GET, "/api/v2/instance");
    let reply = anyone.try_send(asked).await;
    reply.is_none_or(|reply| reply.status == 503)
}

#[tokio::test]
async fn a_request_to_stop_is_heard_while_idle_connections_take_every_place() {
    let mut server = few_connections().await;
    // Twice as many as there is room for: the first make room for the last.
    let _idle: Vec<_> = (0..16).map(|_| open_and_send(&server, b"")).collect();
    let half: Vec<_> = (0..4)
        .map(|_| open_and_send(&server, b"GET /api/v2/instance HTTP/1.1\r\nHost: a"))
        .collect();
    eventually("one of them makes room", async || {
        let anyone = server.anyone();
        let asked = anyone.request(Method::GET, "/api/v2/instance");
        let response = anyone.try_send(asked).await?;
        (response.status == 200).then_some(())
    })
    .await;
    let started = Instant::now();
    server.ask_to_stop();
    let status = server.ended().await;
    assert!(status.success(), "{status}");
    // An idle connection is ended after fifteen seconds at the earliest: it was not waited for.
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    drop(half);
}

#[tokio::test]
async fn a_request_to_stop_is_heard_while_nobody_reads_what_is_sent() {
    // Before anybody has a connection, which would end while it is drawn.
    let photo = testing_kit::Landscape::twelve_megapixels(1, testing_kit::Mood::Noon).draw();
    let upload = crate::harness::caller::Upload::jpeg(jpeg::encode(&photo, 95));
    let mut server = few_connections().await;
    let ada = server.person("ada").await;
    let url = text(&ada.photo(upload).await, "/url");
    let path = url.strip_prefix(server.base()).unwrap_or(&url);
    // More responses than the buffers between two processes hold, and nobody takes them.
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(200);
    drop(ada);
    let open = || open_and_send(&server, request.as_bytes());
    let unread: Vec<_> = (0..8).map(|_| open()).collect();
    // One more each time: at first the connections of the upload may still have had a place.
    let more = std::sync::Mutex::new(Vec::new());
    eventually("every place is in use", async || {
        more.lock().unwrap().push(open());
        is_refused(&server).await.then_some(())
    })
    .await;
    server.ask_to_stop();
    let status = server.ended().await;
    assert!(status.success(), "{status}");
    drop((unread, more));
}

#[tokio::test]
async fn listening_everywhere_names_an_address_that_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = serving()
        .args(["--listen", "0.0.0.0:0", "--data-dir"])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let said: Vec<String> = lines.map_while(Result::ok).take(6).collect();
    let address = said
        .iter()
        .find_map(|line| Some(line.split_once(" is at ")?.1.to_owned()))
        .unwrap_or_else(|| panic!("{said:?}"));
    assert!(address.starts_with("http://localhost:"), "{said:?}");
    assert!(
        said.iter().any(|line| line.contains("set base_url")),
        "{said:?}"
    );
    let link = format!("{address}/setup?token=");
    assert!(said.iter().any(|line| line.contains(&link)), "{said:?}");
    let reply = Caller::new(&address).get("/api/v2/instance").await;
    assert_eq!(reply.status, 200, "{}", reply.describe());
    child.kill().unwrap();
    child.wait().unwrap();
}
