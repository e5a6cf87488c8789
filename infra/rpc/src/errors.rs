//! The one mapping between errors and gRPC statuses. Causes stay on the side where they happened.

use std::time::Duration;

use infra_kernel::{Error, ErrorCode};
use tonic::{Code, Status, metadata::MetadataValue};

/// Metadata keys: our own code, since gRPC has fewer, the field at fault, and how long to wait.
const CODE_KEY: &str = "heliograph-error-code";
const FIELD_KEY: &str = "heliograph-error-field";
const RETRY_KEY: &str = "heliograph-retry-after-ms";

/// The status that carries an error across the wire.
#[must_use]
pub fn status_from_error(error: &Error) -> Status {
    if error.code().is_server_fault() {
        tracing::error!(
            code = error.code().name(),
            causes = error.causes(),
            "a call failed"
        );
    }
    let mut status = Status::new(grpc_code(error.code()), error.public());
    let metadata = status.metadata_mut();
    metadata.insert(CODE_KEY, MetadataValue::from_static(error.code().name()));
    if let Some(field) = error
        .field()
        .and_then(|field| MetadataValue::try_from(field).ok())
    {
        metadata.insert(FIELD_KEY, field);
    }
    if let Some(wait) = error.retry_after() {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        metadata.insert(RETRY_KEY, MetadataValue::from(wait_ms));
    }
    status
}

/// The error that a status carried across the wire, or stands for when something between made it.
#[must_use]
pub fn error_from_status(status: Status) -> Error {
    let text = |key| {
        status
            .metadata()
            .get(key)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(code) = text(CODE_KEY).and_then(ErrorCode::from_name) {
        let mut error = Error::new(code, status.message());
        if let Some(field) = text(FIELD_KEY) {
            error = error.for_field(field.to_owned());
        }
        if let Some(wait_ms) = text(RETRY_KEY).and_then(|text| text.parse().ok()) {
            error = error.to_retry_after(Duration::from_millis(wait_ms));
        }
        return error;
    }
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => Error::new(
            ErrorCode::DeadlineExceeded,
            "This took too long and was given up. Please try again.",
        ),
        Code::Unavailable | Code::ResourceExhausted => Error::new(
            ErrorCode::Unavailable,
            "A part of this server cannot be reached just now. Please try again.",
        ),
        _ => Error::internal("the remote answered with a status that is not ours"),
    }
    .with_source(status)
}

const fn grpc_code(code: ErrorCode) -> Code {
    match code {
        ErrorCode::Invalid | ErrorCode::Unsupported | ErrorCode::TooLarge => Code::InvalidArgument,
        ErrorCode::Unauthenticated => Code::Unauthenticated,
        ErrorCode::Forbidden => Code::PermissionDenied,
        ErrorCode::NotFound | ErrorCode::Gone => Code::NotFound,
        ErrorCode::Conflict => Code::AlreadyExists,
        ErrorCode::RateLimited => Code::ResourceExhausted,
        ErrorCode::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorCode::Unavailable => Code::Unavailable,
        ErrorCode::Internal => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_crosses_the_wire_whole_but_for_its_cause() {
        for code in ErrorCode::ALL {
            let sent = Error::new(code, "Zu groß.")
                .for_field("file")
                .with_source("a secret cause");
            let received = error_from_status(status_from_error(&sent));
            assert_eq!(
                (received.code(), received.public(), received.field()),
                (code, "Zu groß.", Some("file"))
            );
            assert_eq!(received.causes(), "");
        }
    }
}
