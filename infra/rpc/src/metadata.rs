//! How a call's context crosses the wire: the correlation id, the time that is left and the caller
//! as metadata, and gRPC's own time-out after which the transport cuts the call.

use std::time::Duration;

use infra_kernel::{Caller, CallerKey, Context, CorrelationId, Error, Result};
use tonic::metadata::MetadataValue;

use crate::method::Method;

const CORRELATION_KEY: &str = "x-request-id";
const CALLER_KEY: &str = "heliograph-caller";
/// How much time is left for the call, in milliseconds. gRPC's own time-out is later for a call
/// that may keep what has arrived when its time is over.
const BUDGET_KEY: &str = "heliograph-budget-ms";
const TIMEOUT_KEY: &str = "grpc-timeout";
/// How long a call may take when its caller did not say.
const BUDGET_DEFAULT: Duration = Duration::from_secs(30);

/// A request that carries the context with it.
///
/// # Errors
/// When the caller cannot be written into it. It is not left out: the call would be made on behalf
/// of nobody.
pub(crate) fn outgoing_request<T>(
    method: &Method,
    context: &Context,
    callers: &CallerKey,
    message: T,
) -> Result<tonic::Request<T>> {
    let mut request = tonic::Request::new(message);
    let remaining = context.remaining();
    // As time that is left, not as a moment: the other process has another clock.
    request.set_timeout(remaining + method.grace());
    let metadata = request.metadata_mut();
    let remaining_ms = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
    metadata.insert(BUDGET_KEY, MetadataValue::from(remaining_ms));
    // Without it the call is only harder to find, so it is left out rather than refused.
    if let Ok(value) = MetadataValue::try_from(context.correlation_id().as_str()) {
        metadata.insert(CORRELATION_KEY, value);
    }
    if let Some(signed) = callers.sign(context.caller()) {
        let value = MetadataValue::try_from(signed).map_err(Error::internal)?;
        metadata.insert(CALLER_KEY, value);
    }
    Ok(request)
}

/// The context that a request carries. This is where a caller is verified that enters the process.
///
/// # Errors
/// `unauthenticated` when it carries a caller that is forged or expired: one that was meant to be
/// somebody is not taken for nobody.
pub(crate) fn incoming_context<T>(
    request: &tonic::Request<T>,
    callers: &CallerKey,
) -> Result<Context> {
    let text = |key| {
        request
            .metadata()
            .get(key)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let correlation_id = text(CORRELATION_KEY)
        .and_then(CorrelationId::from_caller)
        .unwrap_or_else(CorrelationId::fresh);
    let budget = text(BUDGET_KEY)
        .and_then(|text| text.parse().ok())
        .map(Duration::from_millis)
        // Of a client that is not ours and says only what gRPC has.
        .or_else(|| text(TIMEOUT_KEY).and_then(parse_timeout))
        .unwrap_or(BUDGET_DEFAULT);
    let caller = match text(CALLER_KEY) {
        Some(signed) => callers.verify(signed)?,
        None => Caller::anonymous(),
    };
    Ok(Context::anonymous(correlation_id, budget).with_caller(caller))
}

/// gRPC's time-out: up to eight digits and a unit ("gRPC over HTTP2", section "Timeout").
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    // Eight digits, so that none of the products below can overflow.
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
    use std::sync::Arc;

    use infra_kernel::{AccountId, ErrorCode, Identity, SystemClock};

    use super::*;
    use crate::method::CallShape;

    const METHOD: Method = Method {
        name: "test.method",
        path: "/test.Test/Method",
        index: 0,
        shape: CallShape::Unary,
        is_idempotent: true,
        routing_key: None,
        scopes: &[],
    };

    fn key(secret: u8) -> CallerKey {
        CallerKey::new(&[secret; 32], Arc::new(SystemClock))
    }

    fn context() -> Context {
        Context::anonymous(CorrelationId::fresh(), Duration::from_secs(3))
    }

    #[test]
    fn the_context_crosses_the_wire() {
        let (context, key) = (context(), key(1));
        let sent = outgoing_request(&METHOD, &context, &key, ()).unwrap();
        let received = incoming_context(&sent, &key).unwrap();
        assert_eq!(received.correlation_id(), context.correlation_id());
        assert!(received.remaining() <= Duration::from_secs(3));
        assert!(received.remaining() > Duration::from_secs(2));
        assert_eq!(received.caller(), &Caller::anonymous());
    }

    #[test]
    fn the_caller_crosses_the_wire_and_is_verified() {
        let key = key(1);
        let account_id = Some(AccountId::new(7));
        let ada = key.mint(Identity {
            account_id,
            ..Identity::default()
        });
        for caller in [ada, Caller::system(), Caller::anonymous()] {
            let context = context().with_caller(caller.clone());
            let sent = outgoing_request(&METHOD, &context, &key, ()).unwrap();
            let received = incoming_context(&sent, &key).unwrap();
            assert_eq!(received.caller().identity(), caller.identity());
            assert_eq!(received.caller().is_system(), caller.is_system());
        }
    }

    #[test]
    fn a_forged_caller_is_refused_and_not_taken_for_nobody() {
        let context = context().with_caller(Caller::system());
        let forged = outgoing_request(&METHOD, &context, &key(2), ()).unwrap();
        let mut broken = tonic::Request::new(());
        let value = MetadataValue::from_static("");
        broken.metadata_mut().insert(CALLER_KEY, value);
        for request in [forged, broken] {
            let error = incoming_context(&request, &key(1)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::Unauthenticated);
        }
    }

    #[test]
    fn a_call_that_keeps_what_arrives_is_cut_after_its_deadline() {
        let method = Method {
            shape: CallShape::ClientStreaming,
            ..METHOD
        };
        let (context, key) = (context(), key(1));
        let sent = outgoing_request(&method, &context, &key, ()).unwrap();
        let timeout = sent.metadata().get(TIMEOUT_KEY).unwrap().to_str().unwrap();
        assert!(parse_timeout(timeout).unwrap() > method.grace());
        let received = incoming_context(&sent, &key).unwrap();
        assert!(received.remaining() <= Duration::from_secs(3));
    }

    #[test]
    fn a_broken_timeout_is_no_timeout() {
        for text in ["", "S", "1", "123456789S", "1x", "éé"] {
            assert_eq!(parse_timeout(text), None, "`{text}`");
        }
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
    }
}
