//! Errors as OAuth writes them: a code from a closed set and a description (RFC 6749, section 5.2).

use axum::Json;
use axum::response::{IntoResponse, Response};
use business_accounts_gateway::fields;
use http::{HeaderValue, StatusCode, header};
use infra_kernel::{Error, ErrorCode};
use presentation_kit::Problem;
use presentation_kit::problem::{log_fault, status_of};
use schemars::JsonSchema;
use serde::Serialize;

/// An error on its way to an application.
#[derive(Debug)]
pub(super) struct OauthProblem(Error);

/// The body of a refusal under `/oauth`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OauthError {
    /// A code of the standard: "`invalid_grant`", "`invalid_client`", …
    error: &'static str,
    /// What was wrong and what to do, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
}

impl From<Error> for OauthProblem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Problem> for OauthProblem {
    fn from(problem: Problem) -> Self {
        Self(problem.0)
    }
}

impl IntoResponse for OauthProblem {
    fn into_response(self) -> Response {
        log_fault(&self.0);
        let (code, status) = code_of(&self.0);
        let body = OauthError {
            error: code,
            error_description: Some(self.0.public().to_owned()),
        };
        let mut response = (status, Json(body)).into_response();
        // With 401 a scheme has to be named (RFC 9110, section 15.5.2).
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"OAuth client\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn code_of(error: &Error) -> (&'static str, StatusCode) {
    let bad = StatusCode::BAD_REQUEST;
    match (error.code(), error.field()) {
        (ErrorCode::Unauthenticated, _) => ("invalid_client", StatusCode::UNAUTHORIZED),
        (ErrorCode::Forbidden, _) => ("unauthorized_client", StatusCode::FORBIDDEN),
        (ErrorCode::Invalid, Some(fields::CODE | fields::CODE_VERIFIER | fields::REDIRECT_URI)) => {
            ("invalid_grant", bad)
        }
        (ErrorCode::Invalid, Some(fields::SCOPE)) => ("invalid_scope", bad),
        (ErrorCode::Invalid, Some(fields::GRANT_TYPE)) => ("unsupported_grant_type", bad),
        (
            ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::StorageFull
            | ErrorCode::DeadlineExceeded,
            _,
        ) => ("temporarily_unavailable", status_of(error.code())),
        (ErrorCode::Internal, _) => ("server_error", StatusCode::INTERNAL_SERVER_ERROR),
        (ErrorCode::TooLarge, _) => ("invalid_request", StatusCode::PAYLOAD_TOO_LARGE),
        _ => ("invalid_request", bad),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_of_the_standard() {
        for (error, expected) in [
            (Error::new(ErrorCode::Unauthenticated, ""), "invalid_client"),
            (Error::invalid(fields::CODE, ""), "invalid_grant"),
            (Error::invalid(fields::CODE_VERIFIER, ""), "invalid_grant"),
            (Error::invalid(fields::SCOPE, ""), "invalid_scope"),
            (
                Error::invalid(fields::GRANT_TYPE, ""),
                "unsupported_grant_type",
            ),
            (Error::new(ErrorCode::Invalid, ""), "invalid_request"),
            (Error::internal("x"), "server_error"),
        ] {
            assert_eq!(code_of(&error).0, expected, "{error:?}");
        }
    }

    #[test]
    fn only_our_own_faults_are_5xx() {
        for code in ErrorCode::ALL {
            let (name, status) = code_of(&Error::new(code, ""));
            assert_eq!(status.is_server_error(), code.is_server_fault(), "{name}");
        }
    }
}
