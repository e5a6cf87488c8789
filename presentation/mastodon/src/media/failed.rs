//! The response for a picture that could not be processed.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use business_media_gateway::{MediaId, MediaItem};
use infra_kernel::ErrorCode;
use presentation_kit::problem::status_of;
use serde::Serialize;

use super::wait;

/// An error as every other, and which picture failed in which way.
#[derive(Serialize)]
struct FailedBody<'item> {
    error: &'item str,
    code: &'static str,
    field: &'static str,
    id: MediaId,
    #[serde(skip_serializing_if = "str::is_empty")]
    failure_code: &'item str,
}

/// 422 with the reason, for a picture that failed; none for any other.
pub(super) fn failure_response(item: &MediaItem) -> Option<Response> {
    let body = FailedBody {
        error: wait::failure(item)?,
        code: ErrorCode::Invalid.name(),
        field: super::FILE,
        id: MediaId::new(item.id),
        failure_code: &item.failure_code,
    };
    Some((status_of(ErrorCode::Invalid), Json(body)).into_response())
}
