use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, header};

use crate::world::{Answer, Client, World};

const PATH: &str = "/media/0a1b2c3d.jpg";

fn world() -> std::sync::Arc<World> {
    let world = World::new();
    let small = vec![Bytes::from_static(b"0123456789")];
    let large = vec![Bytes::from_static(b"01234"), Bytes::from_static(b"56789")];
    *world.files.lock().unwrap() = vec![("0a1b2c3d.jpg", small), ("ffff0000.webp", large)];
    world
}

async fn get(client: &Client, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_small_picture_is_one_call() {
    let world = world();
    let answer = get(&world.client(), Method::GET, PATH, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "0123456789");
    for (name, expected) in [
        (header::CONTENT_TYPE.as_str(), "image/jpeg"),
        ("content-length", "10"),
        ("etag", "\"0a1b2c3d\""),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(answer.header(name), expected, "{name}");
    }
    assert_eq!(world.notes(), ["read"]);
}

#[tokio::test]
async fn a_large_picture_is_streamed_whole() {
    let client = world().client();
    let answer = get(&client, Method::GET, "/media/ffff0000.webp", &[]).await;
    assert_eq!(answer.body, "0123456789");
    assert_eq!(answer.header("content-length"), "10");
    assert_eq!(answer.header("content-type"), "image/webp");
}

#[tokio::test]
async fn a_head_is_the_headers_alone() {
    let world = world();
    let answer = get(&world.client(), Method::HEAD, PATH, &[]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-length"), "10");
    assert!(answer.body.is_empty());
    assert_eq!(world.notes(), ["head"]);
}

#[tokio::test]
async fn what_a_client_holds_is_not_sent_again() {
    let client = world().client();
    let held = [("if-none-match", "W/\"0a1b2c3d\"")];
    let answer = get(&client, Method::GET, PATH, &held).await;
    assert_eq!(answer.status, 304);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header("etag"), "\"0a1b2c3d\"");
    let gone = [("if-none-match", "\"dddd0000\"")];
    get(&client, Method::GET, "/media/dddd0000.jpg", &gone)
        .await
        .error(404);
}

#[tokio::test]
async fn parts_are_sent_one_at_a_time() {
    let client = world().client();
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=0-1,4-5", 200, "0123456789", ""),
    ] {
        let answer = get(&client, Method::GET, PATH, &[("range", range)]).await;
        assert_eq!(answer.status, status, "{range}");
        assert_eq!(answer.body, body, "{range}");
        assert_eq!(answer.header("content-length"), body.len().to_string());
        assert_eq!(answer.header("content-range"), content_range);
    }
    let answer = get(&client, Method::GET, PATH, &[("range", "bytes=10-")]).await;
    answer.error(416);
    assert_eq!(answer.header("content-range"), "bytes */10");
    let changed = [("range", "bytes=2-4"), ("if-range", "\"another\"")];
    assert_eq!(get(&client, Method::GET, PATH, &changed).await.status, 200);
    let held = [("range", "bytes=2-4"), ("if-range", "\"0a1b2c3d\"")];
    assert_eq!(get(&client, Method::GET, PATH, &held).await.status, 206);
}

#[tokio::test]
async fn what_is_no_key_never_reaches_the_media_domain() {
    let world = world();
    let client = world.client();
    for path in [
        "/media/0a1b2c3d.html",
        "/media/..%2F..%2Fetc.jpg",
        "/media/x",
    ] {
        let answer = get(&client, Method::GET, path, &[]).await;
        answer.error(404);
        assert_eq!(answer.header("cache-control"), "private, no-store");
    }
    assert!(world.notes().is_empty());
    get(&client, Method::GET, "/media/dddd0000.jpg", &[])
        .await
        .error(404);
}
