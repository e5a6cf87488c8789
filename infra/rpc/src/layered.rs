//! What stands round every gateway, local or remote alike.

use std::sync::Arc;
use std::time::{Duration, Instant};

use infra_kernel::{Context, Error, ErrorCode, Result};
use infra_telemetry::{CallMetrics, MethodMetrics};

use crate::method::Method;
use crate::streams::Call;

/// What the layers of all gateways of a process share. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    metrics: CallMetrics,
}

impl Layers {
    /// Layers that count into these metrics.
    #[must_use]
    pub const fn new(metrics: CallMetrics) -> Self {
        Self { metrics }
    }
}

/// A gateway with its layers. Generated code implements each gateway's trait for it.
#[derive(Debug)]
pub struct Layered<T: ?Sized> {
    metrics: Arc<[MethodMetrics]>,
    inner: Arc<T>,
}

impl<T: ?Sized> Layered<T> {
    /// Puts the layers round an implementation.
    #[must_use]
    pub fn new(inner: Arc<T>, methods: &'static [Method], layers: &Layers) -> Self {
        Self {
            metrics: layers
                .metrics
                .register(methods.iter().map(|method| method.name)),
            inner,
        }
    }

    /// What is within the layers.
    #[must_use]
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// Takes a call through the layers. From the outside inwards:
    ///
    /// 1. metrics, so that also what the others refuse or cut is counted;
    /// 2. the caller: one that has expired may not begin anything, nor one without a scope that the
    ///    contract asks for;
    /// 3. the deadline. It cuts the waiting, not the work that was passed on: a write that a
    ///    database's writer has taken still commits, so after `deadline_exceeded` the caller does
    ///    not know whether it happened;
    /// 4. the call. Retries belong right here, within the deadline, so that all tries share it, and
    ///    only of methods that are idempotent; a breaker within the retries, so that it sees every
    ///    try.
    ///
    /// A stream that is returned is not bounded: only its beginning is.
    ///
    /// # Errors
    /// The call's own, `unauthenticated`, `forbidden` or `deadline_exceeded`.
    pub async fn call<R>(
        &self,
        method: &'static Method,
        context: &Context,
        call: Call<'_, R>,
    ) -> Result<R> {
        let timer = self.metrics[method.index].begin();
        let result = match admit(method, context, timer.began()) {
            Ok(remaining) => within(remaining + method.grace(), call).await,
            Err(error) => Err(error),
        };
        timer.finish(result.as_ref().err().map(Error::code));
        result
    }
}

/// How much time a call has that begins now.
fn admit(method: &Method, context: &Context, now: Instant) -> Result<Duration> {
    // Asked with the moment that the metrics have taken already: a look at the clock less a call.
    context.caller().require_current(now)?;
    context.caller().require_scope(method.scopes)?;
    let remaining = context.deadline().saturating_duration_since(now);
    if remaining.is_zero() {
        return Err(out_of_time());
    }
    Ok(remaining)
}

/// Runs a call until the context's deadline and no longer.
///
/// # Errors
/// The call's own, or `deadline_exceeded`.
pub async fn within_deadline<T>(
    context: &Context,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    within(context.remaining(), call).await
}

pub(crate) async fn within<T>(
    budget: Duration,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(budget, call).await {
        Ok(result) => result,
        Err(_) => Err(out_of_time()),
    }
}

fn out_of_time() -> Error {
    Error::new(
        ErrorCode::DeadlineExceeded,
        "This took too long and was given up. Please try again.",
    )
}

#[cfg(test)]
mod tests;
