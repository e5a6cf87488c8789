//! One attempt to handle one event.

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::{Context, CorrelationId};
use tracing::Instrument as _;

use crate::{Event, Handler, HandlerError, causes};

/// Why an attempt did not succeed; with the causes as text.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It will work when what it needs is back.
    Unavailable(String),
    /// It may work later.
    Retry(String),
    /// It never will work: it goes to the dead letters at once.
    Reject(String),
}

/// Hands the event to its handler, within the time for one attempt. What the handler logs, calls
/// and publishes goes under the correlation id of what caused the event.
pub(crate) async fn attempt(
    handler: Arc<dyn Handler>,
    event: Arc<Event>,
    subscription: &'static str,
    timeout: Duration,
) -> Result<(), Failure> {
    let correlation_id = CorrelationId::from_caller(&event.headers.correlation_id)
        // Headers that are damaged hold no event back.
        .unwrap_or_else(CorrelationId::fresh);
    let span = tracing::info_span!(
        "event",
        %correlation_id,
        topic = event.topic,
        event_id = event.id.get(),
        subscription,
    );
    let context = Context::system(correlation_id, timeout);
    // The context's deadline is the handler's to heed; this ends the attempt if it does not.
    let handled = tokio::time::timeout(timeout, handler.handle(&context, &event));
    match handled.instrument(span.clone()).await {
        Ok(Ok(())) => {
            span.in_scope(|| tracing::debug!("an event was handled"));
            Ok(())
        }
        Ok(Err(error @ HandlerError::Unavailable(_))) => {
            Err(Failure::Unavailable(causes::chain(&error)))
        }
        Ok(Err(error @ HandlerError::Retry(_))) => Err(Failure::Retry(causes::chain(&error))),
        Ok(Err(error @ HandlerError::Reject(_))) => Err(Failure::Reject(causes::chain(&error))),
        // Not unavailable, which is never given up: it may be this event that takes so long.
        Err(_) => Err(Failure::Retry(format!(
            "the handler took longer than {timeout:?}"
        ))),
    }
}

/// What a handler's panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a text".to_owned());
    causes::bounded(format!("the handler panicked: {text}"))
}
