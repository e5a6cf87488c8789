//! The headers that keep a page to itself.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};
use presentation_kit::{Site, Surface};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// Pages on the way through `/oauth/authorize`: a site that opened them in a window of their own
/// waits for that window.
const FOR_APPS: [&str; 3] = ["/oauth/", "/login", "/signup"];

/// Middleware: adds to each page the headers that it has not set itself.
pub(crate) async fn add(State(surface): State<Surface>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let for_apps = FOR_APPS.iter().any(|start| path.starts_with(start));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = content_security_policy(&surface.site, None);
    let mut set = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        set(header::CONTENT_SECURITY_POLICY, policy);
    }
    set(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    set(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Not `no-referrer`: with it a browser sends `Origin: null` with our own forms.
    set(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    // What visitors see may be kept, and is asked about again; what members see is stored nowhere
    // (`page_context::begin`).
    set(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    // A site that opened this page in a window cannot reach into it, nor count what is in it.
    if !for_apps {
        set(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    set(
        PERMISSIONS_POLICY,
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    );
    response
}

/// What a page may load and where its forms may lead. `form_target` is where a response to a form
/// redirects outside this server: browsers hold redirects after a form against `form-action` too.
pub(crate) fn content_security_policy(site: &Site, form_target: Option<&str>) -> String {
    let media = origin_of(&site.base_url).unwrap_or_default();
    let target = form_target
        .map(|source| format!(" {source}"))
        .unwrap_or_default();
    // `data:` is what is seen until a photo is there, `blob:` what the composer shows of a file.
    // Photos have the public address, which need not be the one that the page was asked for under.
    format!(
        "default-src 'none'; img-src 'self' data: blob: {media}; style-src 'self'; script-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'{target}; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The policy's name for where a redirect leads: an origin for the web's schemes, else the scheme
/// alone. None when the address would not be one word of a policy.
pub(crate) fn source_of(address: &str) -> Option<String> {
    if let Some(origin) = origin_of(address) {
        return Some(origin);
    }
    let (scheme, _) = address.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    // A web address that gave no origin is malformed: its scheme alone would allow every server.
    let is_web = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    let fits = !is_web
        && scheme.bytes().all(plain)
        && scheme.starts_with(|letter: char| letter.is_ascii_alphabetic());
    fits.then(|| format!("{scheme}:"))
}

/// `https://host:port` of a web address.
pub(crate) fn origin_of(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let host = rest.split(['/', '?', '#']).next()?;
    // A policy knows no user's name; only what is behind it says where the address leads.
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
    (!host.is_empty() && host.bytes().all(plain))
        .then(|| format!("{scheme}://{host}").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::samples;

    #[test]
    fn a_policy_allows_this_server_and_the_one_place_named() {
        let site = samples::site();
        let policy = content_security_policy(&site, None);
        assert!(policy.starts_with("default-src 'none';"));
        assert!(policy.contains("form-action 'self';"));
        assert!(policy.contains("img-src 'self' data: blob: https://photos.example;"));
        assert!(!policy.contains("unsafe"));
        let policy = content_security_policy(
            &site,
            source_of("https://app.example:8443/back?x=1").as_deref(),
        );
        assert!(
            policy.contains("form-action 'self' https://app.example:8443;"),
            "{policy}"
        );
    }

    #[test]
    fn an_address_never_adds_a_word_to_a_policy() {
        assert_eq!(source_of("ivory.app:/back").as_deref(), Some("ivory.app:"));
        assert_eq!(source_of("https://a.example; script-src *"), None);
        assert_eq!(source_of("x y:/z"), None);
        assert_eq!(source_of("no-scheme"), None);
        assert_eq!(
            source_of("http://[::1]:8080/x").as_deref(),
            Some("http://[::1]:8080")
        );
        assert_eq!(
            origin_of("https://user:secret@a.example/x").as_deref(),
            Some("https://a.example")
        );
    }
}
