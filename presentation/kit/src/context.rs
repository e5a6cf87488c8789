//! Every request gets a name for the logs and a time budget, before anything else looks at it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use infra_kernel::{Context, CorrelationId};
use tracing::Instrument as _;

/// The header that carries the correlation id in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a request may take in all. Uploads over slow lines need the most of it.
pub const REQUEST_BUDGET: Duration = Duration::from_secs(300);
/// How long a request may take that carries bytes of a resumable upload: what it has sent by then is kept, and the client
/// goes on in another. A connection that is silent is given up long before.
pub const RESUMABLE_BUDGET: Duration = Duration::from_secs(60 * 60);
/// How long such a request may take after that to keep what came.
const KEEPING_TIME: Duration = Duration::from_secs(60);
/// How long a request may take that carries no file.
pub const QUICK_BUDGET: Duration = Duration::from_secs(30);

/// The context of the request under way.
#[derive(Debug, Clone)]
pub struct RequestContext(pub Context);

/// Middleware: makes the context, runs the request in a span that carries its name, and tells the client the name.
pub async fn begin(mut request: Request, next: Next) -> Response {
    let correlation_id = request
        .headers()
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .and_then(CorrelationId::from_caller)
        .unwrap_or_else(CorrelationId::fresh);
    let budget = budget(&request);
    let name = HeaderValue::from_str(correlation_id.as_str()).ok();
    let span = tracing::info_span!("request", correlation_id = %correlation_id, method = %request.method(), path = request.uri().path());
    request
        .extensions_mut()
        .insert(RequestContext(Context::new(correlation_id, budget)));
    let mut response = next.run(request).instrument(span).await;
    if let Some(name) = name {
        response.headers_mut().insert(REQUEST_ID, name);
    }
    response
}

/// Where resumable uploads go: nothing else may take as long.
const RESUMABLE_PATH: &str = "/api/v1/media/uploads";

fn budget(request: &Request) -> Duration {
    let content_type = request.headers().get(http::header::CONTENT_TYPE);
    let for_uploads = request.uri().path().starts_with(RESUMABLE_PATH);
    match content_type.map(HeaderValue::as_bytes) {
        Some(value)
            if for_uploads && value.eq_ignore_ascii_case(b"application/offset+octet-stream") =>
        {
            RESUMABLE_BUDGET
        }
        Some(value) if value.starts_with(b"multipart/form-data") => REQUEST_BUDGET,
        _ => QUICK_BUDGET,
    }
}

/// Middleware, inside [`begin`]: gives up a request that nothing else has ended in its time.
pub async fn give_up(request: Request, next: Next) -> Response {
    let context = request.extensions().get::<RequestContext>();
    let remaining = context.map_or(Duration::ZERO, |context| context.0.remaining());
    let wait = if remaining > REQUEST_BUDGET {
        remaining + KEEPING_TIME
    } else {
        REQUEST_BUDGET
    };
    match tokio::time::timeout(wait, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without the middleware (a test of one handler) the request still gets a context of its own.
        let context = parts.extensions.get::<Self>().cloned();
        Ok(context.unwrap_or_else(|| Self(Context::background(QUICK_BUDGET))))
    }
}
