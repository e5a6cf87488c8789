//! The tus protocol, header by header and code by code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::Server;
use crate::harness::tus::{BYTES, UPLOADS, begin, create, head, patch, photo, tus};

#[tokio::test]
async fn what_is_spoken_is_reported_to_everyone() {
    let server = Server::start().await;
    let told = server.anyone();
    let told = told.send(told.request(Method::OPTIONS, UPLOADS)).await;
    assert_eq!(told.status, 204, "{}", told.describe());
    for (name, value) in [
        ("tus-resumable", "1.0.0"),
        ("tus-version", "1.0.0"),
        ("tus-max-size", "41943040"),
        (
            "tus-extension",
            "creation,creation-with-upload,termination,checksum,expiration",
        ),
        ("tus-checksum-algorithm", "sha1,sha256,md5"),
    ] {
        assert_eq!(told.header(name), value, "{name}");
    }
}

#[tokio::test]
async fn an_upload_goes_as_the_protocol_says() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = photo();
    let said = format!(
        "filename {},description {},focus {}",
        BASE64.encode("a.jpg"),
        BASE64.encode("Möwe"),
        BASE64.encode("0.5,-0.5")
    );
    let created = create(&ada, bytes.len(), &[("Upload-Metadata", &said)]).await;
    assert_eq!(created.status, 201, "{}", created.describe());
    assert_eq!(created.header("upload-offset"), "0");
    assert!(created.header("upload-expires").ends_with(" GMT"));
    let path = created.header("location").to_owned();
    assert!(path.starts_with(UPLOADS), "{path}");

    let shown = head(&ada, &path).await;
    assert_eq!(shown.status, 200);
    for (name, value) in [
        ("upload-offset", "0"),
        ("upload-length", &bytes.len().to_string()),
        ("upload-metadata", &said),
        ("cache-control", "no-store"),
        ("heliograph-media-id", ""),
    ] {
        assert_eq!(shown.header(name), value, "{name}");
    }

    let sent = patch(&ada, &path, "0", &[], &bytes[..1_000]).await;
    assert_eq!(sent.status, 204, "{}", sent.describe());
    assert_eq!(sent.header("upload-offset"), "1000");
    assert_eq!(
        sent.header("upload-expires"),
        created.header("upload-expires")
    );
    assert_eq!(head(&ada, &path).await.header("upload-offset"), "1000");
    let sent = patch(&ada, &path, "1000", &[], &bytes[1_000..]).await;
    assert_eq!(sent.status, 204, "{}", sent.describe());
    let media = sent.header("heliograph-media-id").to_owned();
    let shown = head(&ada, &path).await;
    assert_eq!(shown.header("heliograph-media-id"), media);
    assert_eq!(shown.header("upload-offset"), bytes.len().to_string());
    let ready = ada.ready(&media).await;
    assert_eq!(ready["description"], "Möwe");
    assert_eq!(ready["meta"]["focus"]["x"], 0.5);
}

#[tokio::test]
async fn creation_may_bring_bytes_and_post_may_stand_in() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = photo();
    let length = bytes.len().to_string();
    let headers = [("Upload-Length", length.as_str()), ("Content-Type", BYTES)];
    let whole = tus(&ada, Method::POST, UPLOADS, &headers, Some(&bytes)).await;
    assert_eq!(whole.status, 201, "{}", whole.describe());
    assert_eq!(whole.header("upload-offset"), length);
    ada.ready(whole.header("heliograph-media-id")).await;

    let begun = tus(&ada, Method::POST, UPLOADS, &headers, Some(&bytes[..500])).await;
    assert_eq!(begun.header("upload-offset"), "500", "{}", begun.describe());
    let path = begun.header("location").to_owned();
    let as_patch = [
        ("X-HTTP-Method-Override", "PATCH"),
        ("Content-Type", BYTES),
        ("Upload-Offset", "500"),
    ];
    let sent = tus(&ada, Method::POST, &path, &as_patch, Some(&bytes[500..900])).await;
    assert_eq!(sent.status, 204, "{}", sent.describe());
    let as_head = [("X-HTTP-Method-Override", "HEAD")];
    let shown = tus(&ada, Method::POST, &path, &as_head, None).await;
    assert_eq!(shown.header("upload-offset"), "900");
    let as_delete = [("X-HTTP-Method-Override", "DELETE")];
    let gone = tus(&ada, Method::POST, &path, &as_delete, None).await;
    assert_eq!(gone.status, 204);
    tus(&ada, Method::POST, &path, &as_delete, None)
        .await
        .refused(404);
    tus(&ada, Method::POST, &path, &[], None).await.refused(405);
    let refused = tus(&ada, Method::POST, UPLOADS, &headers, Some(&[7; 600])).await;
    refused.refused(422);
    let rows = server.rows();
    // The finished one is remembered, so that its response can be asked for again.
    assert_eq!(rows["media.upload_sessions"], 1);
    assert_eq!(rows["media.upload_parts"], 0);
}

#[tokio::test]
async fn scripts_of_other_sites_may_speak_it() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let preflight = ada
        .request(Method::OPTIONS, UPLOADS)
        .header("Origin", "https://elsewhere.example")
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "tus-resumable,upload-length,upload-metadata",
        );
    let preflight = ada.send(preflight).await;
    let allowed = preflight
        .header("access-control-allow-headers")
        .to_lowercase();
    for name in [
        "tus-resumable",
        "upload-length",
        "upload-offset",
        "upload-metadata",
        "upload-checksum",
        "content-type",
        "x-http-method-override",
        "authorization",
    ] {
        assert!(allowed.contains(name), "{name} is not in {allowed}");
    }
    let methods = preflight.header("access-control-allow-methods");
    assert!(methods.contains("PATCH") && methods.contains("HEAD"));
    let created = create(&ada, 100, &[("Origin", "https://elsewhere.example")]).await;
    let exposed = created
        .header("access-control-expose-headers")
        .to_lowercase();
    for name in [
        "location",
        "upload-offset",
        "upload-length",
        "upload-expires",
        "tus-resumable",
        "heliograph-media-id",
    ] {
        assert!(exposed.contains(name), "{name} is not in {exposed}");
    }
}

#[tokio::test]
async fn two_requests_at_once_make_one_file() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = photo();
    for _ in 0..10 {
        let path = begin(&ada, bytes.len()).await;
        let (one, other) = tokio::join!(
            patch(&ada, &path, "0", &[], &bytes),
            patch(&ada, &path, "0", &[], &bytes)
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 204);
        assert!([409, 423].contains(&statuses[1]), "{statuses:?}");
    }
    let rows = server.rows();
    assert_eq!(rows["media.media"], 10);
}

#[tokio::test]
async fn a_beginning_that_breaks_off_reports_where_to_go_on() {
    let server = Server::start().await;
    let ada = server.person("ada").await;
    let bytes = photo();
    let address = server.base().trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST {UPLOADS} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Length: {length}\r\nContent-Type: {BYTES}\r\nContent-Length: {length}\r\n\r\n",
        ada.token(),
        length = bytes.len(),
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    connection.write_all(&bytes[..900]).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut response = String::new();
    connection.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    let location = response
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    let path = location.expect("it says where the bytes go").to_owned();
    assert_eq!(head(&ada, &path).await.header("upload-offset"), "900");
    let sent = patch(&ada, &path, "900", &[], &bytes[900..]).await;
    ada.ready(sent.header("heliograph-media-id")).await;
}
