//! The response where no surface does: the time is up, there is too much to do, something broke.
//!
//! A program gets JSON that a script of another site may read, a browser a page of its own. Nothing
//! is written to the log here: the caller that refuses knows how often it does.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use infra_kernel::ErrorCode;
use serde::Serialize;

/// What a page made here may load: nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// How the place writes its refusals: the surfaces know their addresses, and say it once.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefusalStyle {
    /// What only programs ask for: the addresses, each with all below it.
    pub for_programs: &'static [&'static str],
    /// Where errors are written as OAuth has them (RFC 6749, 5.2).
    pub for_oauth: &'static [&'static str],
    /// Headers of responses that a script of another site may read, as one list.
    pub exposed_headers: &'static str,
}

/// How one request's refusal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalForm {
    shape: Shape,
    exposed_headers: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As the API writes its errors.
    Json,
    /// As OAuth writes them.
    OAuth,
    /// A page for a person.
    Page,
}

impl RefusalStyle {
    /// The form for the sender of this request.
    #[must_use]
    pub fn form_of<B>(&self, request: &Request<B>) -> RefusalForm {
        let path = request.uri().path();
        let shape = if self
            .for_oauth
            .iter()
            .any(|above| is_at_or_below(path, above))
        {
            Shape::OAuth
        } else if self
            .for_programs
            .iter()
            .any(|above| is_at_or_below(path, above))
            || !accepts_pages(request.headers())
        {
            Shape::Json
        } else {
            Shape::Page
        };
        RefusalForm {
            shape,
            exposed_headers: self.exposed_headers,
        }
    }
}

/// Whether the path is this one or one below it.
fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn accepts_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("text/html"))
}

/// The body that a program gets: the surfaces' own errors begin with the same fields.
#[derive(Serialize)]
struct JsonBody<'text> {
    error: &'text str,
    code: &'static str,
}

/// The body that an OAuth client gets.
#[derive(Serialize)]
struct OAuthBody<'text> {
    error: &'static str,
    error_description: &'text str,
}

/// A response that says why there is no other.
#[derive(Debug, Clone)]
pub struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    heading: &'static str,
    text: String,
    retry_after: Option<Duration>,
    closes: bool,
}

impl Refusal {
    /// The body did not arrive. The connection is closed, because the rest of it would be taken for
    /// the next request.
    #[must_use]
    pub fn body_too_slow(text: String) -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            code: ErrorCode::DeadlineExceeded,
            heading: "That took too long",
            text,
            retry_after: None,
            closes: true,
        }
    }

    /// What was asked for was not done in its time.
    #[must_use]
    pub fn out_of_time() -> Self {
        Self {
            status: StatusCode::GATEWAY_TIMEOUT,
            code: ErrorCode::DeadlineExceeded,
            heading: "That took too long",
            text: "This server did not manage that in time. Please try again in a while."
                .to_owned(),
            retry_after: None,
            closes: true,
        }
    }

    /// There is more to do than can be done.
    #[must_use]
    pub fn overloaded(retry_after: Duration) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: ErrorCode::Unavailable,
            heading: "Back in a moment",
            text: "This server has more to do than it can just now. Please try again in a moment."
                .to_owned(),
            retry_after: Some(retry_after),
            closes: false,
        }
    }

    /// One client keeps more requests open than its share.
    #[must_use]
    pub fn too_many_open(retry_after: Duration) -> Self {
        Self {
            text:
                "Too many requests from this address are still open. Please try again in a moment."
                    .to_owned(),
            closes: true,
            ..Self::overloaded(retry_after)
        }
    }

    /// The refusal for a fault of the server.
    #[must_use]
    pub fn broken() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: ErrorCode::Internal,
            heading: "Our fault, not yours",
            text: "Something went wrong on this server. It has been noted; please try again later."
                .to_owned(),
            retry_after: None,
            closes: false,
        }
    }

    /// The response in this form.
    #[must_use]
    pub fn into_response(self, form: RefusalForm) -> Response {
        let mut response = match form.shape {
            Shape::Json => Json(JsonBody {
                error: &self.text,
                code: self.code.name(),
            })
            .into_response(),
            Shape::OAuth => Json(OAuthBody {
                error: match self.status {
                    StatusCode::INTERNAL_SERVER_ERROR => "server_error",
                    // OAuth has no code for it; the request is what did not arrive.
                    StatusCode::REQUEST_TIMEOUT => "invalid_request",
                    _ => "temporarily_unavailable",
                },
                error_description: &self.text,
            })
            .into_response(),
            Shape::Page => page(self.heading, &self.text),
        };
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        put_headers(form, headers);
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.closes {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn put_headers(form: RefusalForm, headers: &mut HeaderMap) {
    let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
    // A refusal is of this moment, at addresses whose responses may be kept.
    put(header::CACHE_CONTROL, "no-store");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if form.shape == Shape::Page {
        put(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        put(header::X_FRAME_OPTIONS, "DENY");
        put(header::REFERRER_POLICY, "same-origin");
    } else {
        // Without these a browser hides from a script of another site what was wrong.
        put(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        put(header::ACCESS_CONTROL_EXPOSE_HEADERS, form.exposed_headers);
    }
}

/// Rounded up, so that a client that waits so long has waited long enough.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// A page of words of our own, in which nothing has to be escaped.
fn page(heading: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{heading}</title>\n\
         <h1>{heading}</h1>\n<p>{text}</p>\n</html>\n"
    );
    let mut response = Response::new(Body::from(html));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: RefusalStyle = RefusalStyle {
        for_programs: &["/api"],
        for_oauth: &["/oauth/token"],
        exposed_headers: "Link, Retry-After",
    };

    fn form(path: &str, accept: &str) -> RefusalForm {
        let request = Request::builder().uri(path).header(header::ACCEPT, accept);
        STYLE.form_of(&request.body(()).unwrap())
    }

    #[test]
    fn programs_get_json_and_people_a_page() {
        let browser = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
        for (path, accept, expected) in [
            ("/api/v1/instance", browser, Shape::Json),
            ("/api", browser, Shape::Json),
            ("/oauth/token", browser, Shape::OAuth),
            ("/oauth/authorize", browser, Shape::Page),
            ("/login", browser, Shape::Page),
            ("/login", "TEXT/HTML", Shape::Page),
            ("/login", "application/json", Shape::Json),
            ("/login", "", Shape::Json),
            ("/apiary", browser, Shape::Page),
        ] {
            assert_eq!(form(path, accept).shape, expected, "{path} {accept}");
        }
    }

    #[test]
    fn a_wait_is_reported_in_whole_seconds_and_never_as_none() {
        let refusal = Refusal::overloaded(Duration::from_millis(1));
        let response = refusal.into_response(form("/oauth/token", ""));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_script_may_read_a_refusal_and_a_page_is_shown_nowhere_else() {
        let exposed = header::ACCESS_CONTROL_EXPOSE_HEADERS;
        for path in ["/api/v1/x", "/oauth/token"] {
            let refusal = Refusal::out_of_time().into_response(form(path, "text/html"));
            assert_eq!(refusal.headers()[&exposed], STYLE.exposed_headers);
        }
        let page = Refusal::broken().into_response(form("/login", "text/html"));
        assert!(!page.headers().contains_key(&exposed));
        assert_eq!(page.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(page.headers()[header::X_FRAME_OPTIONS], "DENY");
    }
}
