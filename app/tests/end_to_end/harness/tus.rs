//! Requests of the tus protocol.

use reqwest::Method;
use testing_kit::{charts, jpeg};

use super::caller::{Caller, Reply};

pub(crate) const UPLOADS: &str = "/api/v1/media/uploads";
pub(crate) const BYTES: &str = "application/offset+octet-stream";

pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// One request as a tus client sends it.
pub(crate) async fn tus(
    caller: &Caller,
    method: Method,
    path: &str,
    headers: Headers<'_>,
    body: Option<&[u8]>,
) -> Reply {
    let mut request = caller.request(method, path);
    if !headers.iter().any(|(name, _)| *name == "Tus-Resumable") {
        request = request.header("Tus-Resumable", "1.0.0");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.body(body.to_vec());
    }
    let reply = caller.send(request).await;
    assert_eq!(
        reply.header("tus-resumable"),
        "1.0.0",
        "{}",
        reply.describe()
    );
    reply
}

pub(crate) async fn create(caller: &Caller, bytes: usize, headers: Headers<'_>) -> Reply {
    let length = bytes.to_string();
    let mut all = vec![("Upload-Length", length.as_str())];
    all.extend(headers);
    tus(caller, Method::POST, UPLOADS, &all, None).await
}

pub(crate) async fn begin(caller: &Caller, bytes: usize) -> String {
    let reply = create(caller, bytes, &[]).await;
    assert_eq!(reply.status, 201, "{}", reply.describe());
    reply.header("location").to_owned()
}

pub(crate) async fn head(caller: &Caller, path: &str) -> Reply {
    tus(caller, Method::HEAD, path, &[], None).await
}

pub(crate) async fn patch(
    caller: &Caller,
    path: &str,
    offset: &str,
    more: Headers<'_>,
    body: &[u8],
) -> Reply {
    let mut all = vec![("Content-Type", BYTES), ("Upload-Offset", offset)];
    all.extend(more);
    tus(caller, Method::PATCH, path, &all, Some(body)).await
}

pub(crate) fn photo() -> Vec<u8> {
    jpeg::encode(&charts::corners(320, 240), 85)
}
