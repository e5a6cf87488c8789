//! What of the protocol is spoken.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use business_media_gateway::GetCapabilitiesRequest;
use http::{HeaderMap, HeaderValue, StatusCode};
use presentation_kit::api::{Describe, Header};
use presentation_kit::{Allowed, Anyone, RequestContext, Surface};

use super::protocol::{
    Refusal, TUS_CHECKSUM_ALGORITHM, TUS_EXTENSION, TUS_MAX_SIZE, TUS_VERSION, VERSION,
};

const EXTENSIONS: &str = "creation,creation-with-upload,termination,checksum,expiration";
const ALGORITHMS: &str = "sha1,sha256,md5";

// Without `SameVersion`: the protocol does not ask for `Tus-Resumable` here.
pub(super) async fn options(
    Allowed(()): Allowed<Anyone>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Response, Refusal> {
    let media = &surface.gateways.media;
    let taken = media.get_capabilities(&context, GetCapabilitiesRequest {});
    let mut headers = HeaderMap::new();
    headers.insert(TUS_VERSION, VERSION);
    headers.insert(TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS));
    headers.insert(TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(ALGORITHMS));
    headers.insert(
        TUS_MAX_SIZE,
        HeaderValue::from(taken.await?.upload_bytes_max),
    );
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

pub(super) fn describe(summary: &'static str) -> Describe {
    Describe::new(summary).responds_with(
        204,
        &[
            Header::optional("Tus-Version", "The versions of the protocol, best first."),
            Header::optional("Tus-Extension", "Its extensions."),
            Header::optional("Tus-Max-Size", "The most bytes that a file may have."),
            Header::optional("Tus-Checksum-Algorithm", "What checksums may be made with."),
        ],
    )
}
