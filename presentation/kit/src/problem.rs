//! The one mapping from errors to HTTP.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use edge_http::refusal::whole_seconds;
use http::{HeaderValue, StatusCode, header};
use infra_kernel::{Error, ErrorCode, FieldProblem, FieldReason};
use schemars::JsonSchema;
use serde::Serialize;

/// An error on its way to a client of the API: `{"error": "…"}`, the shape Mastodon's clients know.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// The body of every error response.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Error")]
pub struct ProblemBody {
    /// What was wrong and what to do, in a sentence.
    error: String,
    /// The kind of failure, from a closed set: "invalid", "not_found", …
    code: &'static str,
    /// The field of the request that is at fault, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Where several fields can be wrong at once: each that is, and why, as Mastodon reports of a
    /// sign-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<BTreeMap<String, Vec<FieldDetail>>>,
}

/// Why a field was refused.
#[derive(Debug, Serialize, JsonSchema)]
struct FieldDetail {
    /// "`ERR_BLANK`", "`ERR_INVALID`", "`ERR_TOO_LONG`", "`ERR_TOO_SHORT`", "`ERR_TAKEN`",
    /// "`ERR_RESERVED`", "`ERR_ACCEPTED`" or "`ERR_BLOCKED`".
    error: &'static str,
    /// What was wrong and what to do, in a sentence.
    description: String,
}

/// The code that Mastodon has for a reason.
const fn mastodon_code(reason: FieldReason) -> &'static str {
    match reason {
        FieldReason::Blank => "ERR_BLANK",
        FieldReason::Invalid => "ERR_INVALID",
        FieldReason::TooLong => "ERR_TOO_LONG",
        FieldReason::TooShort => "ERR_TOO_SHORT",
        FieldReason::Taken => "ERR_TAKEN",
        FieldReason::Reserved => "ERR_RESERVED",
        FieldReason::NotAccepted => "ERR_ACCEPTED",
        FieldReason::Blocked => "ERR_BLOCKED",
    }
}

fn details_of(problems: &[FieldProblem]) -> Option<BTreeMap<String, Vec<FieldDetail>>> {
    let mut details: BTreeMap<String, Vec<FieldDetail>> = BTreeMap::new();
    for problem in problems {
        let detail = FieldDetail {
            error: mastodon_code(problem.reason()),
            description: problem.public().to_owned(),
        };
        details
            .entry(problem.field().to_owned())
            .or_default()
            .push(detail);
    }
    (!details.is_empty()).then_some(details)
}

/// The HTTP status of a code. Clients of the Mastodon API expect 422 for everything that fails
/// validation.
#[must_use]
pub const fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Invalid | ErrorCode::Conflict | ErrorCode::Unsupported => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Gone => StatusCode::GONE,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Writes the private cause of our own faults to the log. Called once, where an error becomes a
/// response.
///
/// Not of what was refused because there is too much to do, and says when to come again: there are
/// many of it at a time, and anyone who refuses says now and then how many.
pub fn log_fault(error: &Error) {
    let is_shed = error.code() == ErrorCode::Unavailable && error.retry_after().is_some();
    if error.code().is_server_fault() && !is_shed {
        tracing::error!(
            code = error.code().name(),
            causes = error.causes(),
            "a request failed"
        );
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        log_fault(&self.0);
        let body = ProblemBody {
            error: self.0.public().to_owned(),
            code: self.0.code().name(),
            field: self.0.field().map(str::to_owned),
            details: details_of(self.0.field_problems()),
        };
        let mut response = (status_of(self.0.code()), Json(body)).into_response();
        // With 401 a scheme has to be named (RFC 9110, section 15.5.2).
        if self.0.code() == ErrorCode::Unauthenticated {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.0.retry_after() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_fields_are_reported_as_mastodon_reports_them() {
        assert!(details_of(&[]).is_none());
        let problems = [
            FieldProblem::new("username", FieldReason::Blank, "A username is needed."),
            FieldProblem::new("password", FieldReason::TooShort, "It is short."),
        ];
        assert_eq!(
            serde_json::to_value(details_of(&problems)).unwrap(),
            serde_json::json!({
                "username": [{"error": "ERR_BLANK", "description": "A username is needed."}],
                "password": [{"error": "ERR_TOO_SHORT", "description": "It is short."}],
            })
        );
    }

    #[test]
    fn a_clients_fault_is_a_4xx_and_ours_a_5xx() {
        for code in ErrorCode::ALL {
            let status = status_of(code);
            assert_eq!(
                status.is_server_error(),
                code.is_server_fault(),
                "{code:?} became {status}"
            );
        }
    }
}
