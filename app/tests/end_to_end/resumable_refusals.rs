//! What the tus protocol forbids, and what would be too much, code by code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use serde_json::json;
use sha2::Digest as _;

use crate::harness::caller::{Upload, text};
use crate::harness::tus::{UPLOADS, begin, create, head, patch, photo, tus};
use crate::harness::{Server, eventually};

#[tokio::test]
async fn what_the_protocol_forbids_has_its_code() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let reader = server
        .person_with_scopes("carol", "read write:accounts")
        .await;
    let bytes = photo();
    let path = begin(&ada, bytes.len()).await;

    for version in ["0.2.2", "1.0", "2.0.0", ""] {
        let headers = [("Tus-Resumable", version)];
        let reply = tus(&ada, Method::DELETE, &path, &headers, None).await;
        reply.refused(412);
        assert_eq!(reply.header("tus-version"), "1.0.0");
    }
    let nobody = server.anyone();
    tus(&nobody, Method::POST, UPLOADS, &[], None)
        .await
        .refused(401);
    create(&reader, 10, &[]).await.refused(403);
    assert_eq!(head(&ada, &path).await.header("upload-offset"), "0");
}

#[tokio::test]
async fn what_cannot_be_begun_is_refused_with_its_code() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    for length in ["", "-1", "1.5", "ten", "0x10"] {
        let headers = [("Upload-Length", length)];
        tus(&ada, Method::POST, UPLOADS, &headers, None)
            .await
            .refused(400);
    }
    tus(&ada, Method::POST, UPLOADS, &[], None)
        .await
        .refused(400);
    for length in [
        "41943041",
        "9223372036854775808",
        "99999999999999999999999999",
    ] {
        let headers = [("Upload-Length", length)];
        let reply = tus(&ada, Method::POST, UPLOADS, &headers, None).await;
        assert!(reply.refused(413).contains("40 MiB"));
    }
    create(&ada, 0, &[]).await.refused(422);
    for (name, value) in [
        ("Upload-Metadata", "description ***"),
        ("Upload-Metadata", "a YQ==,a YQ=="),
        ("Upload-Defer-Length", "1"),
        ("Upload-Concat", "partial"),
    ] {
        create(&ada, 10, &[(name, value)]).await.refused(400);
    }
    let long = format!("description {}", BASE64.encode("x".repeat(1_501)));
    create(&ada, 10, &[("Upload-Metadata", &long)])
        .await
        .refused(422);
    let rows = server.rows();
    assert_eq!(rows["media.upload_sessions"], 0);
}

#[tokio::test]
async fn what_cannot_be_added_is_refused_with_its_code() {
    let server = Server::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let bytes = photo();
    let path = begin(&ada, bytes.len()).await;
    for offset in ["-1", "", "1e3"] {
        patch(&ada, &path, offset, &[], &bytes[..10])
            .await
            .refused(400);
    }
    for offset in ["1", "99999999999999999999999999"] {
        patch(&ada, &path, offset, &[], &bytes[..10])
            .await
            .refused(409);
    }
    let headers = [("Content-Type", "image/jpeg"), ("Upload-Offset", "0")];
    let wrong = tus(&ada, Method::PATCH, &path, &headers, Some(&bytes)).await;
    wrong.refused(415);
    let mut longer = bytes.clone();
    longer.push(0);
    patch(&ada, &path, "0", &[], &longer).await.refused(413);

    for caller in [&bob] {
        assert_eq!(head(caller, &path).await.status, 404);
        patch(caller, &path, "0", &[], &bytes).await.refused(404);
        tus(caller, Method::DELETE, &path, &[], None)
            .await
            .refused(404);
    }
    assert_eq!(head(&ada, &format!("{UPLOADS}/x")).await.status, 404);
    tus(&ada, Method::PUT, &path, &[], None).await.refused(405);
    assert_eq!(head(&ada, &path).await.header("upload-offset"), "0");
    let gone = tus(&ada, Method::DELETE, &path, &[], None).await;
    assert_eq!(gone.status, 204, "{}", gone.describe());
    assert_eq!(head(&ada, &path).await.status, 404);
}

#[tokio::test]
async fn checksums_are_held_against_what_came() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = photo();
    let path = begin(&ada, bytes.len()).await;
    let digest = |data: &[u8]| format!("sha256 {}", BASE64.encode(sha2::Sha256::digest(data)));
    let right = digest(&bytes[..1_000]);
    for wrong in [
        digest(&bytes[..999]),
        "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned(),
    ] {
        let headers = [("Upload-Checksum", wrong.as_str())];
        patch(&ada, &path, "0", &headers, &bytes[..1_000])
            .await
            .refused(460);
        assert_eq!(head(&ada, &path).await.header("upload-offset"), "0");
    }
    for wrong in ["crc32 AAAA", "sha1", "sha1 ***", "sha1 AAAA"] {
        let headers = [("Upload-Checksum", wrong)];
        patch(&ada, &path, "0", &headers, &bytes[..1_000])
            .await
            .refused(400);
    }
    let headers = [("Upload-Checksum", right.as_str())];
    let sent = patch(&ada, &path, "0", &headers, &bytes[..1_000]).await;
    assert_eq!(sent.header("upload-offset"), "1000", "{}", sent.describe());
    let sent = patch(&ada, &path, "1000", &[], &bytes[1_000..]).await;
    ada.ready(sent.header("heliograph-media-id")).await;
}

#[tokio::test]
async fn uploads_are_bounded_and_forgotten() {
    let server = Server::with(&[
        ("HELIOGRAPH_MEDIA__UPLOAD_SESSIONS_MAX", "5"),
        ("HELIOGRAPH_MEDIA__UPLOAD_SESSION_LIFETIME_S", "3"),
        ("HELIOGRAPH_MEDIA__SWEEP_INTERVAL_S", "1"),
    ])
    .await;
    let ada = server.person("ada").await;
    let bytes = photo();
    let path = begin(&ada, bytes.len()).await;
    patch(&ada, &path, "0", &[], &bytes[..1_000]).await;
    let mut begun = 1;
    for _ in 0..1_000 {
        let reply = create(&ada, 1_000, &[]).await;
        if reply.status == 201 {
            begun += 1;
        } else {
            assert!(reply.refused(429).contains("5 uploads"));
        }
        let rows = server.rows();
        assert!(rows["media.upload_sessions"] <= 5);
        if begun > 6 {
            break;
        }
    }
    eventually("the upload to expire", async || {
        let reply = head(&ada, &path).await;
        assert!(
            [200, 404, 410].contains(&reply.status),
            "{}",
            reply.describe()
        );
        (reply.status != 200).then_some(())
    })
    .await;
    eventually("expired uploads to be swept", async || {
        let rows = server.rows();
        let left = rows["media.upload_sessions"] + rows["media.upload_parts"];
        (left == 0 && server.photo_files().is_empty()).then_some(())
    })
    .await;
    patch(&ada, &path, "1000", &[], &bytes[1_000..])
        .await
        .refused(404);
}

#[tokio::test]
async fn a_file_that_is_no_picture_is_refused_in_the_same_words() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let page = b"<html>".repeat(200);
    let upload = Upload::jpeg(page.clone());
    let in_one_piece = ada.upload(upload).await.refusal();
    let path = begin(&ada, page.len()).await;
    let refused = patch(&ada, &path, "0", &[], &page[..600]).await.refusal();
    assert_eq!(refused, in_one_piece);
    assert_eq!(head(&ada, &path).await.status, 404);
    assert!(server.photo_files().is_empty());
    let document = ada.get("/api/openapi.json").await.expect(200);
    let patch = &document["paths"]["/api/v1/media/uploads/{id}"]["patch"];
    assert!(patch["responses"]["204"]["headers"]["Heliograph-Media-Id"].is_object());
    assert_eq!(text(patch, "/parameters/1/name"), "Tus-Resumable");
    assert_eq!(
        patch["requestBody"]["content"].as_object().unwrap().len(),
        1
    );
    assert_eq!(patch["security"], json!([{"oauth": ["write:media"]}]));
}
