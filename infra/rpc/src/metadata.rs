//! How a call's context crosses the wire: the correlation id as metadata, the deadline as gRPC's own time-out.

use std::time::Duration;

use infra_kernel::{Context, CorrelationId};
use tonic::metadata::MetadataValue;

const CORRELATION_KEY: &str = "x-request-id";
const TIMEOUT_KEY: &str = "grpc-timeout";
/// How long a call may take when its caller did not say.
const BUDGET_DEFAULT: Duration = Duration::from_secs(30);

/// A request that carries the context with it.
#[must_use]
pub fn outgoing_request<T>(context: &Context, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(context.remaining());
    if let Ok(value) = MetadataValue::try_from(context.correlation_id().as_str()) {
        request.metadata_mut().insert(CORRELATION_KEY, value);
    }
    request
}

/// The context that a request carries.
#[must_use]
pub fn incoming_context<T>(request: &tonic::Request<T>) -> Context {
    let text = |key| {
        request
            .metadata()
            .get(key)
            .and_then(|value| value.to_str().ok())
    };
    let correlation_id = text(CORRELATION_KEY)
        .and_then(CorrelationId::from_caller)
        .unwrap_or_else(CorrelationId::fresh);
    let budget = text(TIMEOUT_KEY)
        .and_then(parse_timeout)
        .unwrap_or(BUDGET_DEFAULT);
    Context::new(correlation_id, budget)
}

/// gRPC's time-out: up to eight digits and a unit ("gRPC over HTTP2", section "Timeout").
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = (digits.len() <= 8).then(|| digits.parse().ok())??;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3_600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_crosses_the_wire() {
        let context = Context::new(CorrelationId::fresh(), Duration::from_secs(3));
        let received = incoming_context(&outgoing_request(&context, ()));
        assert_eq!(received.correlation_id(), context.correlation_id());
        assert!(received.remaining() <= Duration::from_secs(3));
        assert!(received.remaining() > Duration::from_secs(2));
    }

    #[test]
    fn a_broken_timeout_is_no_timeout() {
        for text in ["", "S", "1", "123456789S", "1x", "éé"] {
            assert_eq!(parse_timeout(text), None, "`{text}`");
        }
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
    }
}
