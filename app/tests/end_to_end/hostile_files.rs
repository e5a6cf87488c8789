//! Files that are not what they say: refused or cleaned, and nothing of them stays.

use reqwest::Method;
use serde_json::json;
use testing_kit::hostile::{self, Expect, HostileFile};
use testing_kit::{charts, jpeg, scan};

use crate::harness::caller::{Upload, text};
use crate::harness::{Person, Server, eventually};
use crate::media::small;

#[tokio::test]
async fn hostile_files_are_refused_or_cleaned_and_leave_nothing_behind() {
    let mut server = Server::start().await;
    let ada = server.person("ada").await;
    ada.photo(small()).await;
    server.all_forms_made().await;
    let rows_before = server.rows();
    let files_before = server.photo_files();
    assert!(
        !files_before.is_empty(),
        "the photos are not where the test looks"
    );
    let is_refused = |file: &HostileFile| file.expect == Expect::Refusal;
    let (refused, survived): (Vec<_>, Vec<_>) = hostile::all().into_iter().partition(is_refused);
    for file in &refused {
        check_hostile(&ada, file).await;
    }
    drop_failed(&mut server).await;
    eventually("nothing to be left of them", async || {
        server.photo_files().is_subset(&files_before).then_some(())
    })
    .await;
    for file in &survived {
        check_hostile(&ada, file).await;
    }
    // What was taken and cleaned may stay; what was refused has left no row.
    let taken = i64::try_from(survived.len()).unwrap();
    let rows_after = server.rows();
    for (table, before) in &rows_before {
        let grown = rows_after[table] - before;
        assert!(grown <= 8 * taken, "{table} grew by {grown} rows");
    }
    ada.photo(small()).await;
}

/// What fails only when it is processed is kept for an operator, until it is dropped. The server is
/// stopped for that, which it need be on one of the shapes.
async fn drop_failed(server: &mut Server) {
    server.ask_to_stop();
    server.ended().await;
    let dropped = server.operate(&["media", "failed", "drop", "--all"]);
    assert!(dropped.status.success(), "{dropped:?}");
    server.start_again().await;
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

#[tokio::test]
async fn refused_uploads_leave_no_row_but_those_that_count_them() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let before = server.rows();
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
    let mut after = server.rows();
    for counter in ["processor_minutes", "upload_hours", "upload_minutes"] {
        let counted = after.insert(format!("media.{counter}"), 0);
        assert_eq!(counted, Some(1), "{counter}");
    }
    assert_eq!(after, before);
}

#[tokio::test]
async fn too_large_is_refused_early_and_leaves_nothing() {
    let server = Server::with(&[("HELIOGRAPH_MEDIA__UPLOAD_BYTES_MAX", "200000")]).await;
    let ada = server.person("ada").await;
    let before = server.photo_files();
    let mut large = jpeg::encode(&charts::corners(320, 240), 85);
    large.resize(400_000, 0);
    ada.upload(Upload::jpeg(large)).await.refused(413);
    eventually("the part of it to go", async || {
        (server.photo_files() == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    use futures::stream;
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let rows_before = server.rows();
    let files_before = server.photo_files();
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
        (server.photo_files() == files_before).then_some(())
    })
    .await;
    assert_eq!(server.rows(), rows_before);
    ada.photo(small()).await;
}
