//! Uploads and the bytes that come of them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use testing_kit::{charts, jpeg, scan};

use crate::harness::caller::{Upload, multipart, text};
use crate::harness::person::PASSWORD;
use crate::harness::{Caller, Reply, Server, eventually};

pub(crate) fn small() -> Upload {
    Upload::jpeg(jpeg::encode(&charts::corners(320, 240), 85))
}

#[tokio::test]
async fn an_upload_is_followed_in_the_log_from_request_to_ready() {
    let server = Server::with(&[("HELIOGRAPH_LOG__FORMAT", "json")]).await;
    let ada = server.person("ada").await;
    let request = ada
        .request(Method::POST, "/api/v2/media")
        .header("X-Request-Id", "follow-me")
        .multipart(multipart("file", small()));
    let media = ada.send(request).await.ok();
    let id = text(&media, "/id");
    ada.ready(&id).await;
    let of_upload = || {
        let lines = server.said();
        let lines = lines
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let ours = |line: &Value| line["span"]["correlation_id"] == "follow-me";
        lines.filter(ours).collect::<Vec<Value>>()
    };
    let lines = eventually("the log to tell of its end", async || {
        Some(of_upload()).filter(|lines| lines.len() >= 2)
    })
    .await;
    for (line, name, message) in [
        (&lines[0], "request", "a picture was taken in"),
        (&lines[1], "work", "a picture is ready"),
    ] {
        assert_eq!(
            (text(line, "/span/name"), text(line, "/message")),
            (name.into(), message.into())
        );
        assert_eq!(line["media"], id);
    }
}

#[tokio::test]
async fn a_posts_fan_out_is_found_in_the_log_by_its_request() {
    let server = Server::with(&[
        ("HELIOGRAPH_LOG__FORMAT", "json"),
        ("HELIOGRAPH_LOG__FILTER", "info,infra_bus=debug"),
    ])
    .await;
    let ada = server.person("ada").await;
    let request = ada
        .request(Method::POST, "/api/v1/statuses")
        .header("X-Request-Id", "fan-me-out")
        .json(&json!({"status": "To whom it may concern"}));
    ada.send(request).await.ok();
    let is_its_fan_out = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let span = &line["span"];
        span["correlation_id"] == "fan-me-out"
            && span["subscription"] == "feed.fan-out"
            && span["topic"] == "posts.published"
    };
    eventually("its fan-out in the log", async || {
        server.said().lines().any(is_its_fan_out).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_upload_is_taken_then_processed_then_ready() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let picture = testing_kit::Landscape::twelve_megapixels(1, testing_kit::Mood::Noon).draw();
    let reply = ada.upload(Upload::jpeg(jpeg::encode(&picture, 90))).await;
    assert!([200, 202].contains(&reply.status), "{}", reply.describe());
    let media = reply.json();
    if reply.status == 202 {
        assert!(
            media["url"].is_null(),
            "an address before there is anything at it: {media}"
        );
    }
    let path = format!("/api/v1/media/{}", text(&media, "/id"));
    let mut statuses = Vec::new();
    let ready = eventually("the photo", async || {
        let reply = ada.get(&path).await;
        statuses.push(reply.status);
        (reply.status == 200).then(|| reply.json())
    })
    .await;
    assert!(
        statuses.iter().all(|status| [200, 206].contains(status)),
        "{statuses:?}"
    );
    for (field, size) in [("/url", "original"), ("/preview_url", "small")] {
        let bytes = ada.get(&text(&ready, field)).await;
        assert_eq!(bytes.status, 200, "{}", bytes.describe());
        assert!(bytes.header("content-type").starts_with("image/"));
        let picture = testing_kit::Picture::decode(&bytes.body).unwrap();
        let told = &ready["meta"][size];
        assert_eq!(told["width"], picture.width, "{ready}");
        assert_eq!(told["height"], picture.height, "{ready}");
        let aspect = f64::from(picture.width) / f64::from(picture.height);
        assert!((aspect - 4032.0 / 3024.0).abs() < 0.01, "{aspect}");
    }
}

#[tokio::test]
async fn the_older_upload_waits_and_answers_whole() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let media = ada
        .send_file(Method::POST, "/api/v1/media", "file", small())
        .await
        .expect(200);
    assert!(media["url"].is_string(), "{media}");
}

#[tokio::test]
async fn description_and_focus_can_be_changed_until_it_is_posted() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let id = text(&ada.photo(small()).await, "/id");
    let path = format!("/api/v1/media/{id}");
    let changed = ada
        .put(
            &path,
            &json!({"description": "Four fields", "focus": "-0.5,0.75"}),
        )
        .await
        .expect(200);
    assert_eq!(changed["description"], "Four fields");
    assert_eq!(changed["meta"]["focus"]["x"], -0.5);
    bob.put(&path, &json!({"description": "mine"}))
        .await
        .refused(404);
    server
        .anyone()
        .put(&path, &json!({"description": "mine"}))
        .await
        .refused(401);
    for wrong in [
        json!({"focus": "5,5"}),
        json!({"focus": "left"}),
        json!({"description": "x".repeat(20_000)}),
        json!({"description": {"a": 1}}),
    ] {
        ada.put(&path, &wrong).await.refused(422);
    }
    let kept = ada.get(&path).await.expect(200);
    assert_eq!(kept["description"], "Four fields");
}

#[tokio::test]
async fn an_upload_is_its_owners_alone_until_it_is_posted() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let id = text(&ada.photo(small()).await, "/id");
    bob.get(&format!("/api/v1/media/{id}")).await.refused(404);
    server
        .anyone()
        .get(&format!("/api/v1/media/{id}"))
        .await
        .refused(401);
    bob.post(
        "/api/v1/statuses",
        &json!({"status": "stolen", "media_ids": [id]}),
    )
    .await
    .refusal();
    ada.publish(&json!({"status": "mine", "media_ids": [id]}))
        .await;
    // A photo hangs in one post.
    ada.post(
        "/api/v1/statuses",
        &json!({"status": "twice", "media_ids": [id]}),
    )
    .await
    .refused(422);
}

/// A photo's address, someone who may see it, and its whole reply.
async fn served(server: &Server) -> (String, Caller, Reply) {
    let ada = server.person("ada").await;
    let media = ada.photo(small()).await;
    let post = json!({"status": "For everyone", "media_ids": [media["id"]]});
    let posted = ada.publish(&post).await;
    let url = text(&posted, "/media_attachments/0/url");
    let anyone = server.anyone();
    let whole = anyone.get(&url).await;
    assert_eq!(whole.status, 200, "{}", whole.describe());
    (url, anyone, whole)
}

#[tokio::test]
async fn photos_are_served_to_be_kept_for_ever_and_never_run() {
    let server = Server::start().await;
    let (_, _, whole) = served(&server).await;
    let caching = whole.header("cache-control");
    assert!(
        caching.contains("immutable") && caching.contains("max-age=31536000"),
        "{caching}"
    );
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    let kinds = ["image/jpeg", "image/webp", "image/png", "image/avif"];
    assert!(kinds.contains(&whole.header("content-type")));
    let policy = whole.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert_eq!(whole.header("set-cookie"), "");
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
}

#[tokio::test]
async fn a_photo_that_one_has_is_not_sent_again() {
    let server = Server::start().await;
    let (url, anyone, whole) = served(&server).await;
    let etag = whole.header("etag").to_owned();
    assert!(etag.starts_with('"'), "`{etag}` is no strong tag");
    let get = |tag: &str| {
        anyone
            .request(Method::GET, &url)
            .header("if-none-match", tag)
    };
    let same = anyone.send(get(&etag)).await;
    assert_eq!(
        (same.status, same.body.len()),
        (304, 0),
        "{}",
        same.describe()
    );
    assert_eq!(same.header("etag"), etag);
    let other = anyone.send(get("\"another\"")).await;
    assert_eq!(other.status, 200);
    let head = anyone.send(anyone.request(Method::HEAD, &url)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), whole.body.len().to_string());
}

#[tokio::test]
async fn a_part_of_a_photo_can_be_had() {
    let server = Server::start().await;
    let (url, anyone, whole) = served(&server).await;
    let size = whole.body.len();
    let get = |range: &str| anyone.request(Method::GET, &url).header("range", range);
    let ranges = [
        ("bytes=0-99", 0..100),
        ("bytes=100-", 100..size),
        ("bytes=-50", size - 50..size),
    ];
    for (range, part) in ranges {
        let reply = anyone.send(get(range)).await;
        assert_eq!(reply.status, 206, "{range}: {}", reply.describe());
        assert_eq!(reply.body, whole.body[part.clone()], "{range}");
        let wanted = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        assert_eq!(reply.header("content-range"), wanted);
    }
    let beyond = anyone.send(get("bytes=99999999-")).await;
    assert_eq!(beyond.status, 416, "{}", beyond.describe());
    let stale = get("bytes=0-9").header("if-range", "\"another\"");
    let stale = anyone.send(stale).await;
    assert_eq!(stale.status, 200, "a part of another version was answered");
}

#[tokio::test]
async fn there_is_nothing_beside_the_photos() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let url = text(&ada.photo(small()).await, "/url");
    let (folder, _) = url.rsplit_once('/').unwrap();
    for name in [
        "",
        "nothing.jpg",
        "..%2f..%2faccounts.db",
        "%2e%2e/accounts.db",
        "..%5caccounts.db",
        "a%00b.jpg",
    ] {
        let reply = server.anyone().get(&format!("{folder}/{name}")).await;
        assert_eq!(reply.status, 404, "{name}: {}", reply.describe());
    }
}

#[tokio::test]
async fn no_secret_is_written_to_the_log() {
    let server = Server::with(&[("HELIOGRAPH_LOG__FILTER", "debug")]).await;
    let ada = server.person("ada").await;
    let web = server.web();
    web.sign_in("ada", "not the password at all").await;
    web.sign_in("ada", PASSWORD).await;
    let upload = Upload::jpeg(jpeg::write(
        &charts::corners(320, 240),
        85,
        &jpeg::Extras::everything(1),
    ));
    ada.photo(upload).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let said = server.said();
    let mut secrets = vec![
        ada.token().to_owned(),
        PASSWORD.to_owned(),
        "not the password at all".to_owned(),
    ];
    secrets.extend(
        web.cookies()
            .into_values()
            .filter(|value| value.len() >= 16),
    );
    for secret in secrets {
        assert!(!said.contains(&secret), "`{}…` is in the log", &secret[..6]);
    }
    assert_eq!(scan::mark_findings(said.as_bytes()), []);
}
