//! Uploads and the bytes that come of them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use testing_kit::hostile::{self, Expect, HostileFile};
use testing_kit::{charts, jpeg, scan};

use crate::harness::caller::{Upload, text};
use crate::harness::person::PASSWORD;
use crate::harness::{Person, Server, eventually, leftovers};

fn small() -> Upload {
    Upload::jpeg(jpeg::encode(&charts::corners(320, 240), 85))
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

#[tokio::test]
async fn photos_are_served_to_be_kept_for_ever_and_never_run() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let url = text(&ada.photo(small()).await, "/url");
    let anyone = server.anyone();
    let whole = anyone.get(&url).await;
    assert_eq!(whole.status, 200, "{}", whole.describe());
    let caching = whole.header("cache-control");
    assert!(
        caching.contains("immutable") && caching.contains("max-age=31536000"),
        "{caching}"
    );
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert!(
        ["image/jpeg", "image/webp", "image/png", "image/avif"]
            .contains(&whole.header("content-type"))
    );
    assert!(
        whole
            .header("content-security-policy")
            .contains("default-src 'none'"),
        "{:?}",
        whole.headers
    );
    assert_eq!(whole.header("set-cookie"), "");
    let size = whole.body.len();
    assert_eq!(whole.header("content-length"), size.to_string());

    let etag = whole.header("etag").to_owned();
    assert!(etag.starts_with('"'), "`{etag}` is no strong tag");
    let get = |name: &str, value: &str| anyone.request(Method::GET, &url).header(name, value);
    let same = anyone.send(get("if-none-match", &etag)).await;
    assert_eq!(
        (same.status, same.body.len()),
        (304, 0),
        "{}",
        same.describe()
    );
    assert_eq!(same.header("etag"), etag);
    let other = anyone.send(get("if-none-match", "\"another\"")).await;
    assert_eq!(other.status, 200);

    let head = anyone.send(anyone.request(Method::HEAD, &url)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), size.to_string());

    let ranges = [
        ("bytes=0-99", 0..100),
        ("bytes=100-", 100..size),
        ("bytes=-50", size - 50..size),
    ];
    for (range, part) in ranges {
        let reply = anyone.send(get("range", range)).await;
        assert_eq!(reply.status, 206, "{range}: {}", reply.describe());
        assert_eq!(reply.body, whole.body[part.clone()], "{range}");
        let wanted = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        assert_eq!(reply.header("content-range"), wanted);
    }
    let beyond = anyone.send(get("range", "bytes=99999999-")).await;
    assert_eq!(beyond.status, 416, "{}", beyond.describe());
    let stale = anyone
        .send(get("range", "bytes=0-9").header("if-range", "\"another\""))
        .await;
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
async fn hostile_files_are_refused_or_cleaned_and_leave_nothing_behind() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    ada.photo(small()).await;
    let rows_before = leftovers::rows(server.folder()).await;
    let files_before = leftovers::photo_files(server.folder());
    assert!(
        !files_before.is_empty(),
        "the photos are not where the test looks"
    );
    for file in hostile::all() {
        check_hostile(&ada, &file).await;
        if file.expect == Expect::Refusal {
            check_nothing_left(&server, &file, &files_before).await;
        }
    }
    // What was taken and cleaned may stay; what was refused has left no row.
    let taken = hostile::all()
        .iter()
        .filter(|file| file.expect != Expect::Refusal)
        .count();
    let rows_after = leftovers::rows(server.folder()).await;
    for (table, before) in &rows_before {
        let grown = rows_after[table] - before;
        assert!(
            grown <= 8 * i64::try_from(taken).unwrap(),
            "{table} grew by {grown} rows"
        );
    }
    ada.photo(small()).await;
}

async fn check_hostile(ada: &Person, file: &HostileFile) {
    let upload = Upload::new(file.bytes.clone(), file.name, file.content_type);
    let reply = ada.upload(upload).await;
    if reply.status >= 300 {
        assert!(
            [400, 413, 415, 422].contains(&reply.status),
            "{}: {}",
            file.name,
            reply.describe()
        );
        reply.refusal();
        return;
    }
    let id = text(&reply.json(), "/id");
    let done = eventually(&format!("{} to be processed", file.name), async || {
        let reply = ada.get(&format!("/api/v1/media/{id}")).await;
        (reply.status != 206).then_some(reply)
    })
    .await;
    if done.status != 200 {
        done.refused(422);
        return;
    }
    assert_eq!(
        file.expect,
        Expect::RefusalOrCleanPicture,
        "{} was taken for a photo",
        file.name
    );
    let media = done.json();
    for field in ["/url", "/preview_url"] {
        let served = ada.get(&text(&media, field)).await;
        assert!(
            served.header("content-type").starts_with("image/"),
            "{}",
            file.name
        );
        assert_eq!(scan::findings(&served.body), [], "{}", file.name);
    }
}

async fn check_nothing_left(
    server: &Server,
    file: &HostileFile,
    before: &std::collections::BTreeMap<std::path::PathBuf, u64>,
) {
    eventually(
        &format!("nothing to be left of {}", file.name),
        async || {
            let now = leftovers::photo_files(server.folder());
            let new: Vec<_> = now
                .keys()
                .filter(|path| !before.contains_key(*path))
                .collect();
            new.is_empty().then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn refused_uploads_leave_no_row() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let before = leftovers::rows(server.folder()).await;
    let page = Upload::new(hostile::SCRIPT.into(), "page.jpg", "image/jpeg");
    ada.upload(page).await.refused(422);
    ada.upload(Upload::jpeg(hostile::huge_jpeg()))
        .await
        .refused(413);
    ada.upload(Upload::jpeg(Vec::new())).await.refused(422);
    let no_file = ada
        .request(Method::POST, "/api/v2/media")
        .multipart(reqwest::multipart::Form::new().text("a", "b"));
    ada.send(no_file).await.refused(422);
    ada.post("/api/v2/media", &json!({"file": "x"}))
        .await
        .refusal();
    assert_eq!(leftovers::rows(server.folder()).await, before);
}

#[tokio::test]
async fn too_large_is_refused_early_and_leaves_nothing() {
    let server = Server::with(&[("HELIOGRAPH_MEDIA__UPLOAD_BYTES_MAX", "200000")]).await;
    let ada = server.person("ada").await;
    let before = leftovers::photo_files(server.folder());
    let mut large = jpeg::encode(&charts::corners(320, 240), 85);
    large.resize(400_000, 0);
    ada.upload(Upload::jpeg(large)).await.refused(413);
    eventually("the part of it to go", async || {
        (leftovers::photo_files(server.folder()) == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    use futures::stream;
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let rows_before = leftovers::rows(server.folder()).await;
    let files_before = leftovers::photo_files(server.folder());
    let bytes = jpeg::encode(&charts::corners(1600, 1200), 95);
    let half = bytes[..bytes.len() / 2].to_vec();
    // Half of the file, then the line breaks.
    let parts = vec![
        Ok(half),
        Err(std::io::Error::other("the phone is in a tunnel")),
    ];
    let body = reqwest::Body::wrap_stream(stream::iter(parts));
    let part = reqwest::multipart::Part::stream(body)
        .file_name("a.jpg")
        .mime_str("image/jpeg")
        .unwrap();
    let form = reqwest::multipart::Form::new().part("file", part);
    let sent = ada
        .try_send(ada.request(Method::POST, "/api/v2/media").multipart(form))
        .await;
    assert!(
        sent.is_none_or(|reply| reply.status >= 400),
        "half a file was taken"
    );
    eventually("the half to go", async || {
        (leftovers::photo_files(server.folder()) == files_before).then_some(())
    })
    .await;
    assert_eq!(leftovers::rows(server.folder()).await, rows_before);
    ada.photo(small()).await;
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
