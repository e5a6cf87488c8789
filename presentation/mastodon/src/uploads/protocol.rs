//! What every verb shares: the version, the headers, and refusals with the codes that the protocol
//! asks for.

use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use business_media_gateway::UploadSession;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use infra_kernel::{Error, ErrorCode, Timestamp};
use presentation_kit::Problem;
use presentation_kit::problem::status_of;

/// The one version that is spoken.
pub(super) const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
/// The type of a body that holds bytes of a file.
pub(super) const BYTES: &str = "application/offset+octet-stream";

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName =
    HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const MEDIA_ID: HeaderName = HeaderName::from_static("heliograph-media-id");

/// Middleware: every response under the uploads' address names the protocol's version, refusals
/// too.
pub(crate) async fn mark(request: Request, next: Next) -> Response {
    let rest = request.uri().path().strip_prefix(super::UPLOADS);
    let is_ours = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut response = next.run(request).await;
    if is_ours {
        response.headers_mut().insert(TUS_RESUMABLE, VERSION);
    }
    response
}

/// Proof that the client speaks the version that is spoken here.
pub(super) struct SameVersion;

impl<S: Sync> FromRequestParts<S> for SameVersion {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        if parts.headers.get(TUS_RESUMABLE) == Some(&VERSION) {
            return Ok(Self);
        }
        let text = "This address speaks version 1.0.0 of the tus protocol, and the header `Tus-Resumable` has to say so.";
        Err(Refusal::new(StatusCode::PRECONDITION_FAILED, text))
    }
}

/// What was refused, under the code that the protocol has for it.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Error,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            error: Error::new(ErrorCode::Invalid, text),
        }
    }

    /// A header that is missing or not as it should be.
    pub(super) fn header(name: &HeaderName, text: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: Error::invalid(name.as_str(), text),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match (error.code(), error.field()) {
            (ErrorCode::Conflict, Some("offset")) => StatusCode::CONFLICT,
            (ErrorCode::Conflict, Some("checksum")) => checksum_mismatch(),
            (ErrorCode::Conflict, _) => StatusCode::LOCKED,
            (ErrorCode::Invalid, Some("checksum_algorithm" | "metadata")) => {
                StatusCode::BAD_REQUEST
            }
            (code, _) => status_of(code),
        };
        Self { status, error }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::from(problem.0)
    }
}

/// 460, the protocol's own.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Problem(self.error).into_response();
        *response.status_mut() = self.status;
        // The protocol wants the versions named that could have been chosen.
        if self.status == StatusCode::PRECONDITION_FAILED {
            response.headers_mut().insert(TUS_VERSION, VERSION);
        }
        response
    }
}

/// A response that says how far an upload is.
pub(super) fn progress_response(status: StatusCode, session: &UploadSession) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(session.offset));
    if let Some(when) = http_date(session.expires_at()) {
        headers.insert(UPLOAD_EXPIRES, when);
    }
    if let Some(item) = &session.item {
        headers.insert(MEDIA_ID, HeaderValue::from(item.id));
    }
    (status, headers).into_response()
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
fn http_date(when: Timestamp) -> Option<HeaderValue> {
    let when = jiff::Timestamp::from_microsecond(when.microseconds()).ok()?;
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&when);
    HeaderValue::from_str(&text.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_as_http_writes_them() {
        let when = Timestamp::from_milliseconds(784_111_777_000);
        assert_eq!(
            http_date(when).unwrap(),
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "the example of RFC 9110"
        );
    }

    #[test]
    fn each_refusal_has_the_protocols_code() {
        for (error, status) in [
            (
                Error::new(ErrorCode::Conflict, "x").for_field("offset"),
                409,
            ),
            (
                Error::new(ErrorCode::Conflict, "x").for_field("checksum"),
                460,
            ),
            (
                Error::new(ErrorCode::Conflict, "x").for_field("upload"),
                423,
            ),
            (Error::new(ErrorCode::TooLarge, "x").for_field("file"), 413),
            (Error::new(ErrorCode::Gone, "x"), 410),
            (Error::not_found("upload"), 404),
            (Error::invalid("checksum_algorithm", "x"), 400),
            (Error::invalid("file", "x"), 422),
        ] {
            let shown = format!("{error:?}");
            assert_eq!(Refusal::from(error).status.as_u16(), status, "{shown}");
        }
    }
}
