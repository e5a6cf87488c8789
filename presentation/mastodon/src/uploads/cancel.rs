//! Giving an upload up.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use business_media_gateway::CancelUploadRequest;
use http::StatusCode;
use infra_kernel::{Context, Error};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, RequestContext, Surface};

use super::protocol::{Refusal, SameVersion};

pub(super) async fn cancel(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    _: SameVersion,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<u64>,
) -> Result<Response, Refusal> {
    cancel_for(&surface, &context, viewer, id).await
}

pub(super) async fn cancel_for(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    upload_id: u64,
) -> Result<Response, Refusal> {
    let request = CancelUploadRequest {
        owner_id: viewer.account_id.get(),
        upload_id,
    };
    // Not looked at before: a client that asks how far a whole upload is has it taken.
    let cancelled = surface.gateways.media.cancel_upload(context, request);
    // Giving up twice is no harm to the media domain; the protocol wants the second time refused.
    if !cancelled.await?.found {
        return Err(Error::not_found("upload").into());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
