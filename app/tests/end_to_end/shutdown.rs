//! Stopping cleanly: what is in flight is finished, nothing is lost.

use std::time::{Duration, Instant};

use reqwest::Method;
use testing_kit::{charts, jpeg};
use tokio::sync::mpsc;

use crate::harness::caller::text;
use crate::harness::server::heliograph;
use crate::harness::{Caller, Server};

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
    // The first half has reached the server when its part of the file lies on disk or a moment has passed.
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
