//! Whether a form that came in is one of ours, sent by the person it was made for; and whether an
//! address to go on to is on this server.
//!
//! Two checks, each enough alone: where the browser says the request came from, and a token that
//! only a page made for this visitor holds.

use axum::extract::{FromRequest, MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use infra_kernel::{Error, ErrorCode, Result};
use presentation_kit::extract::parse_pairs;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use crate::headers::origin_of;
use crate::page_context::{Inner, PageContext};
use crate::respond::PageError;

/// The longest address to go on to, in bytes.
const NEXT_BYTES_MAX: usize = 4_096;

/// A form without files that passed both checks.
pub(crate) struct Form<T>(pub(crate) T);

/// The fields of a form that only has a button.
#[derive(Deserialize)]
pub(crate) struct Button {}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    csrf: String,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let page_context = request.extensions().get::<PageContext>().cloned();
        let page_context =
            page_context.ok_or_else(|| Error::internal("a form came in outside its middleware"))?;
        check_origin(request.method(), request.headers(), &page_context)?;
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                Error::new(
                    ErrorCode::TooLarge,
                    "This form is larger than is taken here.",
                )
                .with_source(rejection)
            })?;
        // Read twice, so that no form's own type needs a field for the token.
        let token: Token = parse_pairs(&body).map_err(|problem| problem.0)?;
        check_token(&page_context, &token.csrf)?;
        Ok(Self(parse_pairs(&body).map_err(|problem| problem.0)?))
    }
}

/// Forms with much to lose: they are counted by their handlers, which bring the form back when it
/// is too much.
const COUNTED_BY_HANDLERS: [&str; 2] = ["/new", "/@{name}/{id}/reply"];

/// Middleware: counts what a member sends against the same limits as what their apps send. Logging
/// out is always possible.
pub(crate) async fn count_writes(
    page_context: PageContext,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    if let Some(account) = page_context.viewer_id()
        && !request.method().is_safe()
        && route != "/logout"
        && !COUNTED_BY_HANDLERS.contains(&route)
    {
        // What another site has a member's browser send is none of theirs.
        check_origin(request.method(), request.headers(), &page_context)?;
        let limits = &page_context.surface.limits;
        limits.count_write(account).await.outcome()?;
    }
    Ok(next.run(request).await)
}

/// Refuses what another site had a browser send.
pub(crate) fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    page_context: &Inner,
) -> Result<()> {
    if method.is_safe() {
        return Ok(());
    }
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    let host = text(header::HOST);
    let ours = match (
        text(http::HeaderName::from_static("sec-fetch-site")),
        text(header::ORIGIN),
    ) {
        // `none` is what the person does without a page: a bookmark, an address typed in.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => is_own_origin(origin, &page_context.site().base_url, host),
        // No browser of this decade sends a form without either; the token still has to fit.
        (None, None) => true,
    };
    if ours { Ok(()) } else { Err(foreign_origin()) }
}

fn is_own_origin(origin: &str, base_url: &str, host: Option<&str>) -> bool {
    let origin = origin.to_ascii_lowercase();
    let named = origin_of(base_url).is_some_and(|own| own == origin);
    // By the host that was asked for, too, in case the place has more names than its public one: a
    // browser sets `Host` itself.
    let asked = host.is_some_and(|host| {
        origin
            .split_once("://")
            .is_some_and(|(_, from)| from == host.to_ascii_lowercase())
    });
    named || asked
}

/// Refuses a form that was not made for this visitor.
pub(crate) fn check_token(page_context: &Inner, token: &str) -> Result<()> {
    // In constant time, so that it does not tell how much of a guess was right.
    let fits: bool = page_context
        .form_token()
        .as_bytes()
        .ct_eq(token.as_bytes())
        .into();
    if fits { Ok(()) } else { Err(foreign_origin()) }
}

fn foreign_origin() -> Error {
    Error::new(
        ErrorCode::Forbidden,
        "This form is no longer valid, or it did not come from this site. Go back, load the page again and send it once more.",
    )
}

/// The address to go on to, when it is on this server; otherwise the front page.
pub(crate) fn local_path(next: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    // A second slash would name another server, and some browsers take a backslash for one.
    let local = next.starts_with('/') && !next.starts_with("//") && next.bytes().all(plain);
    if local && next.len() <= NEXT_BYTES_MAX {
        next
    } else {
        "/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_on_this_server_are_gone_on_to() {
        for path in [
            "/",
            "/@ada/1?before=2#reply",
            "/oauth/authorize?redirect_uri=https%3A%2F%2Fa",
        ] {
            assert_eq!(local_path(path), path);
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "evil",
            "/ space",
        ] {
            assert_eq!(local_path(path), "/", "{path:?}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(NEXT_BYTES_MAX))), "/");
    }

    #[test]
    fn an_origin_is_ours_by_the_public_address_or_the_host_asked_for() {
        let base = "https://photos.example";
        assert!(is_own_origin("https://photos.example", base, None));
        assert!(is_own_origin(
            "http://127.0.0.1:8080",
            base,
            Some("127.0.0.1:8080")
        ));
        assert!(!is_own_origin("null", base, Some("photos.example")));
        assert!(!is_own_origin(
            "https://evil.example",
            base,
            Some("photos.example")
        ));
        assert!(!is_own_origin(
            "https://photos.example.evil.example",
            base,
            Some("photos.example")
        ));
    }
}
