use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use business_media_gateway::MediaItem;
use bytes::Bytes;
use http::{Method, Request, header};
use presentation_kit::signature::Purpose;

use crate::world::{Client, TestResponse, World};

const PATH: &str = "/media/0a1b2c3d.jpg";

fn world() -> Arc<World> {
    let world = World::new();
    let small = vec![Bytes::from_static(b"0123456789")];
    let large = vec![Bytes::from_static(b"01234"), Bytes::from_static(b"56789")];
    *world.files.lock().unwrap() = vec![("0a1b2c3d.jpg", small), ("ffff0000.webp", large)];
    world
}

async fn get(
    client: &Client,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> TestResponse {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_small_picture_is_one_call() {
    let world = world();
    let response = get(&world.client(), Method::GET, PATH, &[]).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.body, "0123456789");
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
        assert_eq!(response.header(name), expected, "{name}");
    }
    assert_eq!(world.notes(), ["read"]);
}

#[tokio::test]
async fn a_large_picture_is_streamed_whole() {
    let client = world().client();
    let response = get(&client, Method::GET, "/media/ffff0000.webp", &[]).await;
    assert_eq!(response.body, "0123456789");
    assert_eq!(response.header("content-length"), "10");
    assert_eq!(response.header("content-type"), "image/webp");
}

#[tokio::test]
async fn a_head_is_the_headers_alone() {
    let world = world();
    let response = get(&world.client(), Method::HEAD, PATH, &[]).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-length"), "10");
    assert!(response.body.is_empty());
    assert_eq!(world.notes(), ["head"]);
}

#[tokio::test]
async fn what_a_client_holds_is_not_sent_again() {
    let client = world().client();
    let held = [("if-none-match", "W/\"0a1b2c3d\"")];
    let response = get(&client, Method::GET, PATH, &held).await;
    assert_eq!(response.status, 304);
    assert!(response.body.is_empty());
    assert_eq!(response.header("etag"), "\"0a1b2c3d\"");
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
        let response = get(&client, Method::GET, PATH, &[("range", range)]).await;
        assert_eq!(response.status, status, "{range}");
        assert_eq!(response.body, body, "{range}");
        assert_eq!(response.header("content-length"), body.len().to_string());
        assert_eq!(response.header("content-range"), content_range);
    }
    let response = get(&client, Method::GET, PATH, &[("range", "bytes=10-")]).await;
    response.error(416);
    assert_eq!(response.header("content-range"), "bytes */10");
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
        let response = get(&client, Method::GET, path, &[]).await;
        response.error(404);
        assert_eq!(response.header("cache-control"), "private, no-store");
    }
    assert!(world.notes().is_empty());
    get(&client, Method::GET, "/media/dddd0000.jpg", &[])
        .await
        .error(404);
}

/// A picture with another form.
fn with_webp() -> Arc<World> {
    let world = World::new();
    *world.files.lock().unwrap() = vec![
        ("0a1b2c3d.jpg", vec![Bytes::from_static(b"0123456789")]),
        ("0a1b2c3d.webp", vec![Bytes::from_static(b"abcde")]),
    ];
    world
}

#[tokio::test]
async fn a_reader_that_names_a_form_gets_it_under_the_same_address() {
    let client = with_webp().client();
    let webp = ("accept", "image/avif,image/webp,*/*;q=0.8");
    for (accept, content_type, tag, body) in [
        (webp, "image/webp", "\"0a1b2c3d-webp\"", "abcde"),
        (
            ("accept", "*/*"),
            "image/jpeg",
            "\"0a1b2c3d\"",
            "0123456789",
        ),
    ] {
        let whole = get(&client, Method::GET, PATH, &[accept]).await;
        assert_eq!(whole.status, 200);
        assert_eq!(whole.body, body);
        let head = get(&client, Method::HEAD, PATH, &[accept]).await;
        let held = get(
            &client,
            Method::GET,
            PATH,
            &[accept, ("if-none-match", tag)],
        )
        .await;
        assert_eq!(held.status, 304);
        let range = [accept, ("range", "bytes=1-2"), ("if-range", tag)];
        let part = get(&client, Method::GET, PATH, &range).await;
        assert_eq!(part.status, 206);
        assert_eq!(part.body, body[1..3]);
        let held_of_head = [accept, ("if-none-match", tag)];
        let held_of_head = get(&client, Method::HEAD, PATH, &held_of_head).await;
        assert_eq!(held_of_head.status, 304);
        let length = held_of_head.header("content-length");
        assert_eq!(length, body.len().to_string(), "of what is held");
        for response in [&whole, &head, &part] {
            assert_eq!(response.header("content-type"), content_type);
        }
        assert_eq!(head.header("content-length"), body.len().to_string());
        for response in [&whole, &head, &held, &part] {
            assert_eq!(response.header("etag"), tag);
            assert_eq!(response.header("vary"), "Accept");
            assert_eq!(
                response.header("cache-control"),
                "public, max-age=31536000, immutable"
            );
        }
        let beyond = get(
            &client,
            Method::GET,
            PATH,
            &[accept, ("range", "bytes=90-")],
        )
        .await;
        beyond.error(416);
        assert_eq!(
            beyond.header("content-range"),
            format!("bytes */{}", body.len())
        );
    }
}

#[tokio::test]
async fn what_is_held_of_one_form_is_nothing_of_the_other() {
    let client = with_webp().client();
    let webp = ("accept", "image/webp,*/*;q=0.8");
    let other = [webp, ("if-none-match", "\"0a1b2c3d\"")];
    assert_eq!(get(&client, Method::GET, PATH, &other).await.body, "abcde");
    let both = [webp, ("if-none-match", "\"0a1b2c3d\", \"0a1b2c3d-webp\"")];
    assert_eq!(get(&client, Method::GET, PATH, &both).await.status, 304);
    let stale = [webp, ("range", "bytes=1-2"), ("if-range", "\"0a1b2c3d\"")];
    assert_eq!(get(&client, Method::GET, PATH, &stale).await.body, "abcde");
}

#[tokio::test]
async fn who_goes_on_with_another_form_hears_so() {
    let client = with_webp().client();
    let resume = ("range", "bytes=1-2");
    let same = [resume, ("if-match", "\"0a1b2c3d\"")];
    let part = get(&client, Method::GET, PATH, &same).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.body, "12");
    let other = [("accept", "image/webp"), same[0], same[1]];
    let refused = get(&client, Method::GET, PATH, &other).await;
    assert_eq!(refused.status, 412);
    assert_eq!(refused.header("etag"), "\"0a1b2c3d-webp\"");
    let whole = [("if-match", "\"nope\"")];
    get(&client, Method::GET, PATH, &whole).await.error(412);
}

#[tokio::test]
async fn a_response_for_which_a_better_one_may_come_is_not_kept_for_ever() {
    let world = world();
    let client = world.client();
    let caching = async |path: &str, accept: &str| {
        let response = get(&client, Method::GET, path, &[("accept", accept)]).await;
        assert_eq!(response.status, 200);
        let header = |name: &str| response.header(name).to_owned();
        (header("cache-control"), header("vary"))
    };
    let for_ever = "public, max-age=31536000, immutable".to_owned();
    let vary = "Accept".to_owned();
    assert_eq!(
        caching(PATH, "image/webp,*/*").await,
        ("public, max-age=3600".to_owned(), vary.clone())
    );
    assert_eq!(caching(PATH, "*/*").await, (for_ever.clone(), vary.clone()));
    world.no_forms.store(true, Ordering::Relaxed);
    let last = caching(PATH, "image/webp,*/*").await;
    assert_eq!(last, (for_ever.clone(), vary), "nothing better comes");
    world.no_forms.store(false, Ordering::Relaxed);
    // Of a form no other form is made.
    let webp = caching("/media/ffff0000.webp", "image/avif,*/*").await;
    assert_eq!(webp, (for_ever, String::new()));
}

#[tokio::test]
async fn what_is_not_open_needs_a_signature() {
    let world = world();
    world.closed.store(true, Ordering::Relaxed);
    let (client, signer) = (world.client(), world.surface().site.signer.clone());
    let good = signer.sign(Purpose::Rendition, "0a1b2c3d.jpg");
    let response = get(&client, Method::GET, &format!("{PATH}?{good}"), &[]).await;
    assert_eq!(response.body, "0123456789");
    let caching = response.header("cache-control");
    let seconds = caching.strip_prefix("private, max-age=").unwrap();
    let seconds: u64 = seconds
        .strip_suffix(", immutable")
        .unwrap()
        .parse()
        .unwrap();
    assert!((43_000..=86_400).contains(&seconds), "{caching}");
    get(&client, Method::GET, PATH, &[]).await.error(404);
    let other = signer.sign(Purpose::Rendition, "ffff0000.webp");
    let past = good.replace("until=", "until=1");
    for wrong in [other, past, "until=1&signature=x".to_owned()] {
        for method in [Method::GET, Method::HEAD] {
            let path = format!("{PATH}?{wrong}");
            let response = get(&client, method.clone(), &path, &[("range", "bytes=0-1")]).await;
            assert_eq!(response.status, 403, "{wrong}");
            assert_eq!(response.header("cache-control"), "private, no-store");
        }
        // What is not there is refused in the same words.
        let nothing = get(
            &client,
            Method::GET,
            &format!("/media/dddd0000.jpg?{wrong}"),
            &[],
        )
        .await;
        let there = get(&client, Method::GET, &format!("{PATH}?{wrong}"), &[]).await;
        assert_eq!(nothing.error(403), there.error(403));
    }
    // What everyone may see needs none, and a worthless one does no harm.
    world.closed.store(false, Ordering::Relaxed);
    let response = get(
        &client,
        Method::GET,
        &format!("{PATH}?until=1&signature=x"),
        &[],
    )
    .await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn originals_are_downloaded_under_signatures_of_their_own() {
    let world = World::new();
    let item = MediaItem {
        id: 77,
        ..MediaItem::default()
    };
    world.media.lock().unwrap().push(item.clone());
    let (client, site) = (world.client(), world.surface().site.clone());
    let path = |as_owner: bool| {
        let url = site.original_url(&item, as_owner);
        url.strip_prefix("http://p.example").unwrap().to_owned()
    };
    for (as_owner, body) in [(true, "exact"), (false, "stripped")] {
        let response = get(&client, Method::GET, &path(as_owner), &[]).await;
        assert_eq!(response.body, body);
        assert_eq!(
            response.header("content-disposition"),
            "attachment; filename=\"photo-77.png\""
        );
        let caching = response.header("cache-control");
        assert!(caching.starts_with("private, "), "{caching}");
        assert_eq!(caching.contains("no-store"), as_owner);
        let part = get(
            &client,
            Method::GET,
            &path(as_owner),
            &[("range", "bytes=-2")],
        )
        .await;
        assert_eq!(part.status, 206);
    }
    // One cannot be turned into the other.
    let claimed = path(false).replace('?', "?exact=true&");
    get(&client, Method::GET, &claimed, &[]).await.error(403);
    let stripped = path(true).replace("exact=true&", "");
    get(&client, Method::GET, &stripped, &[]).await.error(403);
    for path in [
        "/media/original/77",
        "/media/original/x",
        "/media/original/77?exact=true",
    ] {
        get(&client, Method::GET, path, &[]).await.error(404);
    }
}
