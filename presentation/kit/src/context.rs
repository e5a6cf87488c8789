//! Every request gets a name for the logs and a time budget, before anything else looks at it.

use std::convert::Infallible;
use std::task::{self, Poll};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use infra_kernel::{Context, CorrelationId};
use tower::{Layer, Service};
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

/// Makes the context, runs the request in a span that carries its name and in the time that it has, and tells the client
/// the name.
///
/// A service of its own rather than a function among the middleware, which would copy all that stands behind it for each
/// request.
#[derive(Debug, Clone, Copy, Default)]
pub struct ContextLayer;

impl<S> Layer<S> for ContextLayer {
    type Service = InContext<S>;

    fn layer(&self, inner: S) -> InContext<S> {
        InContext { inner }
    }
}

/// See [`ContextLayer`].
#[derive(Debug, Clone)]
pub struct InContext<S> {
    inner: S,
}

impl<S> Service<Request> for InContext<S>
where
    S: Service<Request, Response: IntoResponse, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, task: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let context = context_of(&request);
        let correlation_id = context.correlation_id();
        let span = tracing::info_span!("request", %correlation_id, method = %request.method(), path = request.uri().path());
        let name = HeaderValue::from_str(correlation_id.as_str()).ok();
        let wait = wait(&context);
        request.extensions_mut().insert(RequestContext(context));
        let answer = tokio::time::timeout(wait, self.inner.call(request));
        let named = async move {
            let mut response = match answer.await {
                Ok(response) => response?.into_response(),
                // Nothing else has ended it in its time.
                Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
            };
            if let Some(name) = name {
                response.headers_mut().insert(REQUEST_ID, name);
            }
            Ok(response)
        };
        Box::pin(named.instrument(span))
    }
}

fn context_of(request: &Request) -> Context {
    let name = request.headers().get(REQUEST_ID);
    let correlation_id = name
        .and_then(|value| value.to_str().ok())
        .and_then(CorrelationId::from_caller)
        .unwrap_or_else(CorrelationId::fresh);
    Context::new(correlation_id, budget(request))
}

/// Where resumable uploads go: nothing else may take as long.
pub(crate) const RESUMABLE_PATH: &str = "/api/v1/media/uploads";

fn budget(request: &Request) -> Duration {
    let content_type = request.headers().get(http::header::CONTENT_TYPE);
    let content_type = content_type.map(HeaderValue::as_bytes).unwrap_or_default();
    // Without its parameters, and in letters of any case.
    let name = content_type.split(|byte| *byte == b';').next();
    let name = name.unwrap_or_default().trim_ascii();
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let for_uploads = request.uri().path().starts_with(RESUMABLE_PATH);
    if for_uploads && is("application/offset+octet-stream") {
        RESUMABLE_BUDGET
    } else if is("multipart/form-data") {
        REQUEST_BUDGET
    } else {
        QUICK_BUDGET
    }
}

/// How long a request is waited for: longer than its budget, which whoever works on it keeps to, and tells more when it is
/// used up.
fn wait(context: &Context) -> Duration {
    let budget = context.remaining();
    if budget > REQUEST_BUDGET {
        budget + KEEPING_TIME
    } else {
        REQUEST_BUDGET
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
