//! Responses: pages, redirects, and errors in the words of the house.

use std::sync::Arc;

use askama::Template;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use infra_kernel::{Error, ErrorCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use presentation_kit::problem::{log_fault, status_of};
use presentation_kit::{Problem, cors, extract};
use serde::de::DeserializeOwned;

use crate::page_context::PageContext;
use crate::pages::elsewhere;
use crate::view::Shell;

/// What is encoded in a value of a query: all but the unreserved characters of RFC 3986.
pub(crate) const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a handler returns.
pub(crate) type PageResult = Result<Response, PageError>;

/// An error on its way to becoming a page: [`show_error`] makes it one, because only there the
/// visitor is known.
#[derive(Debug)]
pub(crate) struct PageError(pub(crate) Error);

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = status_of(self.0.code()).into_response();
        // In an `Arc`, because an extension must be `Clone` and an error is not.
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}

/// The names in the address of a page; what cannot be one is treated as not found.
pub(crate) struct PathOf<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PageError> {
        let path = extract::PathOf::from_request_parts(parts, state).await;
        path.map(|extract::PathOf(names)| Self(names))
            .map_err(|problem| PageError(problem.0))
    }
}

pub(crate) fn page(template: &impl Template) -> Response {
    page_with_status(StatusCode::OK, template)
}

/// A page that says something other than that all is well.
pub(crate) fn page_with_status(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = Response::new(Body::from(html));
            *response.status_mut() = status;
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, html);
            response
        }
        Err(error) => PageError(Error::internal(error)).into_response(),
    }
}

/// A page with a form that visitors may send, so it must leave them their key for forms.
pub(crate) fn form_page(
    page_context: &PageContext,
    status: StatusCode,
    template: &impl Template,
) -> Response {
    let mut response = page_with_status(status, template);
    if let Some(cookie) = page_context.form_cookie() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Keeps a page out of every cache: for forms with a key that is spent once they are sent, which
/// nobody must come back to.
pub(crate) fn no_store(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
    response
}

/// Says in a header how long to wait, when the error knows.
pub(crate) fn with_wait(mut response: Response, error: &Error) -> Response {
    if let Some(wait) = error.retry_after() {
        // Rounded up, so that a client that waits so long has waited long enough.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Sends the browser on, with GET.
pub(crate) fn redirect(address: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(address) else {
        let error = Error::invalid(
            "redirect_uri",
            "The address to go on to cannot be sent to a browser.",
        );
        return PageError(error).into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// Sends the browser on for good to the address that was meant.
pub(crate) fn moved(uri: &Uri, address: &str) -> Response {
    let query = uri
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let mut response = redirect(&format!("{address}{query}"));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    response
}

/// An error for someone of whom nothing is known, without a page round it.
pub(crate) fn bare(error: &Error) -> Response {
    log_fault(error);
    (status_of(error.code()), error.public().to_owned()).into_response()
}

/// The address at which someone logs in and then continues.
pub(crate) fn log_in_first(next: &str) -> String {
    format!("/login?next={}", utf8_percent_encode(next, QUERY_VALUE))
}

/// For every address that is none: leads on where it is clear what was meant.
pub(crate) async fn nothing_here(page_context: PageContext, method: Method) -> PageResult {
    let meant = elsewhere::meant(page_context.uri.path(), &page_context.site().domain);
    match meant.filter(|_| method.is_safe()) {
        Some(address) => Ok(moved(&page_context.uri, &address)),
        None => Err(PageError(Error::new(
            ErrorCode::NotFound,
            "There is no page at this address. It may have been mistyped, or what was here has been deleted.",
        ))),
    }
}

/// For an address that does not take this method.
pub(crate) async fn wrong_method() -> Response {
    let error = Error::new(
        ErrorCode::Invalid,
        "This address cannot be used like this. Go back and try again.",
    );
    let mut response = PageError(error).into_response();
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// Middleware: makes pages of errors.
pub(crate) async fn show_error(
    page_context: PageContext,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let of_a_program = page_context.is_of_a_program();
    if of_a_program && cors::is_preflight(&request) {
        return cors::preflight();
    }
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<Arc<Error>>() else {
        return response;
    };
    let status = response.status();
    let allow = response.headers_mut().remove(header::ALLOW);
    // What is wrong with a request of an existing page is shown on a page, to whom it redirected.
    let is_astray = matches!(
        status,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
    );
    if page_context.wants_json || (of_a_program && is_astray) {
        // Nobody else holds it: it was taken out of the extensions.
        let problem =
            Arc::into_inner(error).map_or(response, |error| Problem(error).into_response());
        let mut problem = with_methods(problem, allow);
        *problem.status_mut() = status;
        if of_a_program {
            cors::put(problem.headers_mut());
        }
        return problem;
    }
    if error.code() == ErrorCode::Unauthenticated {
        let next = page_context
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str());
        // The address of a form need not be one of a page.
        return redirect(&log_in_first(if method == Method::GET {
            next
        } else {
            "/"
        }));
    }
    log_fault(&error);
    let message = page_with_status(status, &Message::of(&page_context, status, &error));
    with_methods(with_wait(message, &error), allow)
}

/// Says which methods an address takes, where the error is about that.
fn with_methods(mut response: Response, allow: Option<HeaderValue>) -> Response {
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message {
    pub(crate) shell: Shell,
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    /// Where a link below the text leads, and what it says.
    pub(crate) way_out: (&'static str, &'static str),
    /// What an operator finds the request by; only when the fault is ours.
    pub(crate) reference: String,
}

impl Message {
    fn of(page_context: &PageContext, status: StatusCode, error: &Error) -> Self {
        let reference = if error.code().is_server_fault() {
            page_context.context.correlation_id().to_string()
        } else {
            String::new()
        };
        Self {
            shell: Shell::of(page_context, ""),
            heading: heading(status),
            text: error.public().to_owned(),
            way_out: (
                "/",
                if page_context.viewer.is_some() {
                    "Home"
                } else {
                    "Front page"
                },
            ),
            reference,
        }
    }
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing hangs here",
        StatusCode::GONE => "No longer here",
        StatusCode::FORBIDDEN => "That is not allowed",
        StatusCode::TOO_MANY_REQUESTS => "A little slower, please",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        StatusCode::METHOD_NOT_ALLOWED => "Not like this",
        StatusCode::GATEWAY_TIMEOUT => "That took too long",
        StatusCode::SERVICE_UNAVAILABLE => "Back in a moment",
        status if status.is_server_error() => "Our fault, not yours",
        _ => "That did not work",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_words() {
        for code in ErrorCode::ALL {
            let words = heading(status_of(code));
            assert!(!words.contains(['!', '.']), "{words}");
        }
        assert_eq!(heading(StatusCode::NOT_FOUND), "Nothing hangs here");
    }

    #[test]
    fn where_to_go_on_is_one_value_of_the_query() {
        assert_eq!(log_in_first("/a?b=c&d"), "/login?next=%2Fa%3Fb%3Dc%26d");
    }

    #[test]
    fn a_redirect_cannot_carry_a_header() {
        assert_eq!(
            redirect("/a\r\nSet-Cookie: x").status(),
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(
            redirect("app://back?code=1").headers()[header::LOCATION],
            "app://back?code=1"
        );
    }
}
