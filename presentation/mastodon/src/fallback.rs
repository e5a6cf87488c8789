//! The response where there is nothing: JSON, because it is programs that read it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use infra_kernel::{Error, ErrorCode};
use presentation_kit::Problem;
use presentation_kit::rate::CountedByAddress;
use serde_json::json;

/// There is no such route.
pub(crate) async fn not_found(_: CountedByAddress) -> Problem {
    Error::new(
        ErrorCode::NotFound,
        "There is nothing at this address. What there is stands at /api/openapi.json.",
    )
    .into()
}

/// There is such a route, but not for this method.
pub(crate) async fn method_not_allowed(_: CountedByAddress) -> Response {
    wrong_method()
}

/// The same, for what is no call and not counted.
pub(crate) fn wrong_method() -> Response {
    let body = json!({
        "error": "This address does not take this method; the header `Allow` says which it takes.",
        "code": "method_not_allowed",
    });
    (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
}
