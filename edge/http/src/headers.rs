//! Headers of every response, whatever it is: a page, a call, a photo, an error, a panic. What has
//! its own keeps it.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// For a year a browser that has been here by https comes by nothing else. Not for subdomains: they
/// may be others'.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// Completes a response of a place whose public address is https, or is not.
#[must_use]
pub fn complete(mut response: Response, is_https: bool) -> Response {
    let headers = response.headers_mut();
    if is_https {
        add(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            STRICT_TRANSPORT_SECURITY,
        );
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        // Pages have a policy of their own. Nothing else is to be looked at as one.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            PERMISSIONS_POLICY,
            "camera=(), microphone=(), geolocation=()",
        ),
    ] {
        add(headers, name, value);
    }
    response
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        // Never in place of a header that is there: pages have policies of their own.
        .or_insert(HeaderValue::from_static(value));
}
