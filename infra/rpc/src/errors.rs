//! The one mapping between errors and gRPC statuses. Causes stay on the side where they happened.

use std::time::Duration;

use infra_kernel::{Error, ErrorCode, FieldProblem, FieldReason};
use prost::Message as _;
use tonic::{Code, Status, metadata::MetadataValue};

/// Metadata keys: our own code, since gRPC has fewer, the field at fault, and how long to wait.
const CODE_KEY: &str = "heliograph-error-code";
const FIELD_KEY: &str = "heliograph-error-field";
const RETRY_KEY: &str = "heliograph-retry-after-ms";
/// The most refused fields that are read from one status.
const FIELD_PROBLEMS_MAX: usize = 64;

/// The refused fields of an error, as the details of its status.
#[derive(Clone, PartialEq, prost::Message)]
struct WireProblems {
    #[prost(message, repeated, tag = "1")]
    problems: Vec<WireProblem>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct WireProblem {
    #[prost(string, tag = "1")]
    field: String,
    /// The reason by its name, as the kernel lists them.
    #[prost(string, tag = "2")]
    reason: String,
    #[prost(string, tag = "3")]
    public: String,
}

/// The status that carries an error across the wire.
pub(crate) fn status_from_error(error: &Error) -> Status {
    if error.code().is_server_fault() {
        tracing::error!(
            code = error.code().name(),
            causes = error.causes(),
            "a call failed"
        );
    }
    let details = encode_field_problems(error.field_problems()).into();
    let mut status = Status::with_details(grpc_code(error.code()), error.public(), details);
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
pub(crate) fn error_from_status(status: Status) -> Error {
    let text = |key| {
        status
            .metadata()
            .get(key)
            .and_then(|value| value.to_str().ok())
    };
    // Ours, word for word. Anything else was made by what is between: its text is nobody's to read.
    if let Some(code) = text(CODE_KEY).and_then(ErrorCode::from_name) {
        let mut error = Error::new(code, status.message());
        if let Some(field) = text(FIELD_KEY) {
            error = error.for_field(field.to_owned());
        }
        if let Some(wait_ms) = text(RETRY_KEY).and_then(|text| text.parse().ok()) {
            error = error.to_retry_after(Duration::from_millis(wait_ms));
        }
        return error.with_field_problems(decode_field_problems(status.details()));
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
        _ => Error::internal("the remote responded with a status that is not ours"),
    }
    .with_source(status)
}

fn encode_field_problems(problems: &[FieldProblem]) -> Vec<u8> {
    let problem = |problem: &FieldProblem| WireProblem {
        field: problem.field().to_owned(),
        reason: problem.reason().name().to_owned(),
        public: problem.public().to_owned(),
    };
    let problems = problems.iter().map(problem).collect();
    WireProblems { problems }.encode_to_vec()
}

/// What cannot be read is left out: the status says enough without it.
fn decode_field_problems(details: &[u8]) -> Vec<FieldProblem> {
    let decoded = WireProblems::decode(details).unwrap_or_default();
    // Also of a process that is broken: an error must not be of any size.
    let known = decoded.problems.into_iter().take(FIELD_PROBLEMS_MAX);
    known
        .filter_map(|problem| {
            let reason = FieldReason::from_name(&problem.reason)?;
            Some(FieldProblem::new(problem.field, reason, problem.public))
        })
        .collect()
}

const fn grpc_code(code: ErrorCode) -> Code {
    match code {
        ErrorCode::Invalid | ErrorCode::Unsupported | ErrorCode::TooLarge => Code::InvalidArgument,
        ErrorCode::Unauthenticated => Code::Unauthenticated,
        ErrorCode::Forbidden => Code::PermissionDenied,
        ErrorCode::NotFound | ErrorCode::Gone => Code::NotFound,
        ErrorCode::Conflict => Code::AlreadyExists,
        ErrorCode::RateLimited | ErrorCode::StorageFull => Code::ResourceExhausted,
        ErrorCode::DeadlineExceeded => Code::DeadlineExceeded,
        ErrorCode::Unavailable => Code::Unavailable,
        ErrorCode::Internal => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_field_crosses_the_wire() {
        let problems: Vec<_> = FieldReason::ALL
            .into_iter()
            .map(|reason| FieldProblem::new(reason.name(), reason, "Zu groß."))
            .collect();
        let sent = Error::invalid_fields(problems.clone());
        let received = error_from_status(status_from_error(&sent));
        assert_eq!(received.field_problems(), problems);
        assert_eq!(received.public(), sent.public());
        assert!(decode_field_problems(b"\xff no message").is_empty());
    }

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
