//! Uploads in parts whose client falls silent. Time is the test's own: a minute passes as soon as nothing else happens.

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::Method;

use crate::world::{Answer, Client, World, request};

const UPLOADS: &str = "/api/v1/media/uploads";

/// Sends bytes, and then nothing more and no end.
async fn send_and_fall_silent(
    client: &Client,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    bytes: &'static [u8],
) -> Answer {
    let frames = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(bytes))]);
    let body = Body::from_stream(frames.chain(stream::pending()));
    let mut builder = request(method, "ada", path)
        .header("tus-resumable", "1.0.0")
        .header("content-type", "application/offset+octet-stream");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    client.send(builder.body(body).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn who_falls_silent_while_beginning_is_told_where_to_go_on() {
    let world = World::new();
    let client = world.client();
    let length = [("upload-length", "100")];
    let answer = send_and_fall_silent(&client, (Method::POST, UPLOADS), &length, b"abc").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("upload-offset")),
        (201, "3")
    );
    let path = answer.header("location").to_owned();
    let offset = [("upload-offset", "3")];
    let answer = send_and_fall_silent(&client, (Method::PATCH, &path), &offset, b"de").await;
    assert!(answer.error(408).contains("go on from there"));
    let kept: Vec<Vec<u8>> = world.parts.lock().unwrap().values().cloned().collect();
    assert_eq!(kept, [b"abcde"]);
}
