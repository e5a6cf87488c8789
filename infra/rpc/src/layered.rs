//! What stands round every gateway, local or remote alike.

use std::sync::Arc;
use std::time::{Duration, Instant};

use infra_kernel::{Context, Error, ErrorCode, Result};
use infra_resilience::{HomeLease, LeaseExpired};
use infra_telemetry::{CallMetrics, MethodMetrics};

use crate::method::Method;
use crate::streams::Call;

/// What the layers of all gateways of a process share. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    metrics: CallMetrics,
    lease: HomeLease,
}

impl Layers {
    /// Layers that count into these metrics.
    #[must_use]
    pub fn new(metrics: CallMetrics) -> Self {
        Self {
            metrics,
            lease: HomeLease::default(),
        }
    }

    /// The same for a domain of this process that may answer only while its database's lease holds.
    #[must_use]
    pub fn under(&self, lease: HomeLease) -> Self {
        Self {
            metrics: self.metrics.clone(),
            lease,
        }
    }
}

/// A gateway with its layers. Generated code implements each gateway's trait for it.
#[derive(Debug)]
pub struct Layered<T: ?Sized> {
    metrics: Arc<[MethodMetrics]>,
    lease: HomeLease,
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
            lease: layers.lease.clone(),
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
    /// 4. the lease of the domain's database, where it has one: a domain that may have lost it to
    ///    another process answers nothing, not even what it remembers (ADR 0026). Within the
    ///    deadline, because it waits a moment for the lease's renewal;
    /// 5. the call. Retries belong right here, within the deadline, so that all tries share it, and
    ///    only of methods that are idempotent; a breaker within the retries, so that it sees every
    ///    try.
    ///
    /// A stream that is returned is not bounded: only its beginning is.
    ///
    /// # Errors
    /// The call's own, `unauthenticated`, `forbidden`, `deadline_exceeded`, or `unavailable` while
    /// the lease does not hold.
    pub async fn call<R>(
        &self,
        method: &'static Method,
        context: &Context,
        call: Call<'_, R>,
    ) -> Result<R> {
        // By place, not by name: the contract's methods were registered in their order.
        let timer = self.metrics[method.index].begin();
        let began = timer.began();
        let call = async {
            // Once for a call: what it reads later is under the lease of the database itself.
            self.lease.require(began).await.map_err(no_home)?;
            call.await
        };
        // Before the call's future is polled: what is refused has cost nothing within.
        let result = match admit(method, context, began) {
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

fn no_home(expired: LeaseExpired) -> Error {
    Error::new(
        ErrorCode::Unavailable,
        "This server cannot reach its database just now. Please try again soon.",
    )
    .with_source(expired)
}

fn out_of_time() -> Error {
    Error::new(
        ErrorCode::DeadlineExceeded,
        "This took too long and was given up. Please try again.",
    )
}

#[cfg(test)]
mod tests;
