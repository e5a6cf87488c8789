//! Every request gets a name for the logs and a time budget, before anything else looks at it; and
//! a response, whatever becomes of it.

mod budget;

use std::any::Any;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{self, Poll};
use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use infra_kernel::{Context, CorrelationId};
use tower::{Layer, Service};
use tracing::Instrument as _;

use crate::body::BodyWatch;
use crate::refusal::{Refusal, RefusalForm, RefusalStyle};

pub use budget::{RequestClass, RouteBudget, RouteBudgets};

/// The header that carries the correlation id in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a request may take that uploads a file in a form. Slow lines need the most of it.
pub const FORM_BUDGET: Duration = Duration::from_secs(300);
/// How long a request may take that carries bytes of a resumable upload: what it has sent by then
/// is kept, and the client continues in another. A connection that is silent is given up long
/// before.
pub const RESUMABLE_BUDGET: Duration = Duration::from_secs(60 * 60);
/// How long a request may take whose route declares nothing else, or that brings no file.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(30);
/// How long a resumable upload may take after its budget to keep what came.
const KEEPING_WAIT_MAX: Duration = Duration::from_secs(60);
/// How long any other request may take after its budget. A handler that works on it keeps to the
/// budget, and tells more when it is used up.
const RESPONSE_WAIT_MAX: Duration = Duration::from_secs(1);
/// The longest that [`overload_retry_after`] says.
const OVERLOAD_RETRY_AFTER_MAX_S: u64 = 4;

/// When a client may retry whose request was given up for want of a place: after one to four
/// seconds, each in its turn, so that a crowd that is refused together does not return together.
#[must_use]
pub fn overload_retry_after() -> Duration {
    static REFUSED: AtomicU64 = AtomicU64::new(0);
    let turn = REFUSED.fetch_add(1, Ordering::Relaxed);
    Duration::from_secs(1 + turn % OVERLOAD_RETRY_AFTER_MAX_S)
}

/// The context of the request under way.
#[derive(Debug, Clone)]
pub struct RequestContext(pub Context);

impl RequestContext {
    /// The context of a request that has come past the middleware, as in a test of one handler.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(Context::anonymous(CorrelationId::fresh(), DEFAULT_BUDGET))
    }
}

/// Makes the context, runs the request in a span that carries its name and in the time that it has,
/// and tells the client the name.
///
/// A service of its own rather than a function among the middleware, which would copy all that
/// stands behind it for each request.
#[derive(Debug, Clone)]
pub struct ContextLayer {
    budgets: RouteBudgets,
    refusals: RefusalStyle,
}

impl ContextLayer {
    /// One that gives requests the time that their routes declare, and refuses in this style.
    #[must_use]
    pub const fn new(budgets: RouteBudgets, refusals: RefusalStyle) -> Self {
        Self { budgets, refusals }
    }
}

impl<S> Layer<S> for ContextLayer {
    type Service = InContext<S>;

    fn layer(&self, inner: S) -> InContext<S> {
        InContext {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service whose requests have a context; made by [`ContextLayer`].
#[derive(Debug, Clone)]
pub struct InContext<S> {
    inner: S,
    layer: ContextLayer,
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
        let class = self.layer.budgets.class_of(&request);
        class.note(&mut request);
        let context = context_of(&request, class);
        let correlation_id = context.correlation_id();
        let span = tracing::info_span!("request", %correlation_id, method = %request.method(), path = request.uri().path());
        let name = HeaderValue::from_str(correlation_id.as_str()).ok();
        // The last resort: whatever works on it keeps to the deadline itself, and says more when it
        // has passed.
        let wait = context.remaining() + class.wait_after_budget();
        let watch = request.extensions().get::<BodyWatch>().cloned();
        // Before the request is given away.
        let form = self.layer.refusals.form_of(&request);
        request.extensions_mut().insert(RequestContext(context));
        // Routing and the first steps of a layer run in the call, before there is a future that
        // could be watched, and may panic there.
        let inner_response = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        let inner_response = async move {
            match inner_response {
                Ok(inner_response) => AssertUnwindSafe(inner_response).catch_unwind().await,
                Err(panic) => Err(panic),
            }
        };
        let named = async move {
            let mut response = settled(inner_response, wait, class, watch.as_ref(), form).await?;
            if let Some(name) = name {
                response.headers_mut().insert(REQUEST_ID, name);
            }
            Ok(response)
        };
        // The response is named within the span, and a panic is logged under it.
        Box::pin(named.instrument(span))
    }
}

fn context_of(request: &Request, class: RequestClass) -> Context {
    let name = request.headers().get(REQUEST_ID);
    let correlation_id = name
        .and_then(|value| value.to_str().ok())
        // A client's own name for it, where it is one that can stand in a log line.
        .and_then(CorrelationId::from_caller)
        .unwrap_or_else(CorrelationId::fresh);
    Context::anonymous(correlation_id, class.budget())
}

/// The response, whatever becomes of the work on it.
async fn settled<R: IntoResponse>(
    inner_response: impl Future<Output = Result<Result<R, Infallible>, Box<dyn Any + Send>>>,
    wait: Duration,
    class: RequestClass,
    watch: Option<&BodyWatch>,
    form: RefusalForm,
) -> Result<Response, Infallible> {
    Ok(match tokio::time::timeout(wait, inner_response).await {
        Ok(Ok(response)) => explained(response?.into_response(), watch, form),
        Ok(Err(panic)) => {
            log_panic(panic.as_ref());
            Refusal::broken().into_response(form)
        }
        // Nothing else has ended it in its time. What it has under way is dropped here; a write
        // that was handed to a database's writer still commits.
        Err(_) => timed_out(class, watch).into_response(form),
    })
}

/// The response, or a better one where it only says that the body could not be read, and the reason
/// is known here.
fn explained(mut response: Response, watch: Option<&BodyWatch>, form: RefusalForm) -> Response {
    let Some(watch) = watch else {
        return response;
    };
    let has_failed = response.status().is_client_error() || response.status().is_server_error();
    if watch.was_shed() && has_failed {
        return Refusal::overloaded(overload_retry_after()).into_response(form);
    }
    if !watch.is_idle_timeout() {
        return response;
    }
    // One that says so already has its own words.
    if has_failed && response.status() != StatusCode::REQUEST_TIMEOUT {
        let text = "The request's body stopped coming. Check the connection and try again.";
        return Refusal::body_too_slow(text.to_owned()).into_response(form);
    }
    // The rest of the body would be read as the next request's head.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

fn timed_out(class: RequestClass, watch: Option<&BodyWatch>) -> Refusal {
    if watch.is_none_or(BodyWatch::has_ended) {
        return Refusal::out_of_time();
    }
    Refusal::body_too_slow(format!(
        "The request's body did not arrive within {} seconds. Check the connection and try again.",
        class.budget().min(Context::BUDGET_MAX).as_secs()
    ))
}

fn log_panic(panic: &(dyn Any + Send)) {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(message = message.unwrap_or("unknown"), "a request panicked");
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Without the middleware (a test of one handler) the request still gets a context of its
        // own.
        let context = parts.extensions.get::<Self>().cloned();
        Ok(context.unwrap_or_else(Self::anonymous))
    }
}

#[cfg(test)]
mod tests;
