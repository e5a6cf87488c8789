//! What is left of a limit, reported in headers of every response: `X-RateLimit-Limit`,
//! `X-RateLimit-Remaining` and `X-RateLimit-Reset`, as Mastodon names them.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{self, Poll};

use axum::extract::Request;
use axum::response::Response;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use infra_kernel::Timestamp;
use tower::{Layer, Service};

use super::Quota;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Where a request's quota is recorded for its response. It outlives whatever becomes of the
/// request: one that ran out of time or panicked says what is left, too.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot(Arc<OnceLock<Quota>>);

impl Slot {
    /// The first quota stays: a request is counted once.
    pub(super) fn fill(&self, quota: Quota) {
        let _ = self.0.set(quota);
    }
}

/// Reports in the headers of every response what is left, where the request was counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateLayer;

impl<S> Layer<S> for RateLayer {
    type Service = RateService<S>;

    fn layer(&self, inner: S) -> RateService<S> {
        RateService { inner }
    }
}

/// The service that [`RateLayer`] puts round another.
#[derive(Debug, Clone)]
pub struct RateService<S> {
    inner: S,
}

impl<S> Service<Request> for RateService<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, task: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        // Before the call: who counts the request finds it among the request's extensions.
        let slot = Slot::default();
        request.extensions_mut().insert(slot.clone());
        let inner_response = self.inner.call(request);
        Box::pin(async move {
            let mut response = inner_response.await?;
            if let Some(quota) = slot.0.get() {
                put(response.headers_mut(), quota);
            }
            Ok(response)
        })
    }
}

fn put(headers: &mut HeaderMap, quota: &Quota) {
    headers.insert(LIMIT, HeaderValue::from(quota.limit));
    headers.insert(REMAINING, HeaderValue::from(quota.remaining));
    if let Ok(reset) = HeaderValue::from_str(&date_time(quota.reset)) {
        headers.insert(RESET, reset);
    }
}

/// ISO 8601 in UTC with milliseconds, as Mastodon writes it.
fn date_time(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(moment.microseconds()).unwrap_or_default();
    format!("{moment:.3}")
}
