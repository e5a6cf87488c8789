//! Headers that every response to a program carries: a script of any site may call the API (it
//! needs a token, never a cookie, so nothing is given away), and what it gets is kept by no cache
//! unless the route says so.
//!
//! Refusals carry them, too: without them a browser hides from the script what was wrong.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// Headers of responses that a script may read.
pub(crate) const EXPOSED: &str = "Link, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, \
    WWW-Authenticate, Allow, ETag, Content-Range, Location, Upload-Offset, Upload-Length, \
    Upload-Metadata, Upload-Expires, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, \
    Heliograph-Media-Id";
/// Headers of requests that a script may send.
const ALLOWED: &str = "Authorization, Content-Type, Idempotency-Key, Range, If-Range, If-None-Match, X-Request-Id, \
    Tus-Resumable, Upload-Offset, Upload-Length, Upload-Metadata, Upload-Checksum, X-HTTP-Method-Override, X-Requested-With";
/// How long a browser may remember the response to a preflight, in seconds.
// A day: Firefox heeds no more, and Chromium no more than two hours.
const PREFLIGHT_SECONDS: &str = "86400";

/// Middleware: responds to preflights, and adds the headers to every other response.
pub async fn add(request: Request, next: Next) -> Response {
    if is_preflight(&request) {
        // A preflight carries no token, so that a route would refuse it.
        return preflight();
    }
    let mut response = next.run(request).await;
    put(response.headers_mut());
    response
}

/// Whether a browser asks if a script of another site may send something.
#[must_use]
pub fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Puts the headers on a response.
pub fn put(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-store"));
}

/// Tells a browser what a script of another site may ask.
#[must_use]
pub fn preflight() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers: &mut HeaderMap = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
        ),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
        (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
