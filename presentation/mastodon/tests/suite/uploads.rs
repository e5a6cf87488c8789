//! Uploads in parts, as this crate speaks of them.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use edge_http::body::WatchedBody;
use edge_http::context::RouteBudget;
use futures::{StreamExt as _, stream};
use http::{Method, header};

use crate::world::{Client, Processing, TestResponse, World, request};

const UPLOADS: &str = "/api/v1/media/uploads";

/// So long may a connection be silent here.
const SILENCE_MAX: Duration = Duration::from_millis(50);

fn tus(method: Method, path: &str) -> http::request::Builder {
    request(method, "ada", path)
        .header("Tus-Resumable", "1.0.0")
        .header(header::CONTENT_TYPE, "application/offset+octet-stream")
}

async fn ask(client: &Client, method: Method, path: &str) -> TestResponse {
    let request = tus(method, path).body(Body::empty());
    client.send(request.unwrap()).await
}

async fn begin(client: &Client, bytes: usize, body: Body) -> TestResponse {
    let request = tus(Method::POST, UPLOADS).header("Upload-Length", bytes);
    client.send(request.body(body).unwrap()).await
}

async fn patch(client: &Client, path: &str, offset: usize, body: Body) -> TestResponse {
    let request = tus(Method::PATCH, path).header("Upload-Offset", offset);
    client.send(request.body(body).unwrap()).await
}

/// Some bytes, and then nothing for ever.
fn silent_after(bytes: &'static str) -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
    let silent = Body::from_stream(first.chain(stream::pending()));
    Body::new(WatchedBody::new(silent, SILENCE_MAX))
}

/// Some bytes, and then the end of the connection.
fn cut_after(bytes: &'static str) -> Body {
    let cut = Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    Body::from_stream(stream::iter([Ok(Bytes::from(bytes)), cut]))
}

async fn assert_goes_on(client: &Client, path: &str, offset: &str) {
    let shown = ask(client, Method::HEAD, path).await;
    assert_eq!(shown.header("upload-offset"), offset, "{shown:?}");
    let at = offset.parse().unwrap();
    let rest = Body::from(&"--------"[at..]);
    let sent = patch(client, path, at, rest).await;
    assert_eq!(sent.status, 204, "{sent:?}");
    assert!(!sent.header("heliograph-media-id").is_empty());
}

#[tokio::test]
async fn a_silent_connection_is_given_up_and_what_came_is_kept() {
    let client = World::new().client();
    let begun = begin(&client, 8, Body::empty()).await;
    let path = begun.header("location");
    let refused = patch(&client, path, 0, silent_after("---")).await;
    assert!(refused.error(408).contains("go on from there"));
    assert_goes_on(&client, path, "3").await;
}

#[tokio::test]
async fn a_beginning_whose_bytes_stop_reports_where_to_go_on() {
    let client = World::new().client();
    for (body, offset) in [
        (silent_after("---"), "3"),
        (silent_after(""), "0"),
        (cut_after("-----"), "5"),
    ] {
        let begun = begin(&client, 8, body).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        assert_eq!(begun.header("upload-offset"), offset);
        assert_goes_on(&client, begun.header("location"), offset).await;
    }
}

#[tokio::test]
async fn a_beginning_that_is_refused_or_never_came_leaves_nothing() {
    let world = World::new();
    let client = world.client();
    let refused = begin(&client, 8, silent_after("<html")).await;
    assert_eq!(refused.error(422), "This is no picture.");
    begin(&client, 8, cut_after("")).await.error(422);
    assert!(world.in_parts.lock().unwrap().is_empty());
}

#[tokio::test]
async fn giving_up_a_whole_file_does_not_take_it() {
    let world = World::new();
    let client = world.client();
    for refusing in [true, false] {
        let begun = begin(&client, 8, Body::from("four")).await;
        assert_eq!(begun.header("upload-offset"), "4", "{begun:?}");
        let path = begun.header("location");
        world.set(Processing::Refusing);
        patch(&client, path, 4, Body::from("more")).await.error(429);
        if !refusing {
            world.set(Processing::Quick);
        }
        let gone = ask(&client, Method::DELETE, path).await;
        assert_eq!(gone.status, 204, "{gone:?}");
        ask(&client, Method::DELETE, path).await.error(404);
        assert!(world.media.lock().unwrap().is_empty(), "it was taken");
    }
}

#[test]
fn what_takes_files_may_take_longer() {
    let bytes = "application/offset+octet-stream";
    let mut expected = vec![
        RouteBudget::of_form("/api/v1/accounts/update_credentials"),
        RouteBudget::of_form("/api/v2/media"),
        RouteBudget::of_form("/api/v1/media"),
        RouteBudget::of_bytes("/api/v1/media/uploads", bytes),
        RouteBudget::of_bytes("/api/v1/media/uploads/{id}", bytes),
    ];
    for route in presentation_mastodon::route_budgets() {
        let at = expected.iter().position(|expected| *expected == route);
        expected.remove(at.unwrap_or_else(|| panic!("{route:?} is not expected")));
    }
    assert_eq!(expected, []);
}
