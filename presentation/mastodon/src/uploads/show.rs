//! How far an upload is.

use axum::extract::State;
use axum::response::Response;
use business_media_gateway::GetUploadRequest;
use http::{HeaderValue, StatusCode, header};
use infra_kernel::{Context, Error};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, RequestContext, Surface};

use super::protocol::{Refusal, SameVersion, UPLOAD_LENGTH, UPLOAD_METADATA, progress_response};
use crate::media::show::READS;

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    _: SameVersion,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<u64>,
) -> Result<Response, Refusal> {
    show_to(&surface, &context, viewer, id).await
}

pub(super) async fn show_to(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    upload_id: u64,
) -> Result<Response, Refusal> {
    let request = GetUploadRequest {
        owner_id: viewer.account_id.get(),
        upload_id,
    };
    let session = surface.gateways.media.get_upload(context, request).await?;
    let mut response = progress_response(StatusCode::OK, &session);
    let headers = response.headers_mut();
    headers.insert(UPLOAD_LENGTH, HeaderValue::from(session.bytes));
    // The protocol asks for it: an offset from a cache would be a wrong one.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What was said of a picture is part of the post once it is posted.
    let posted = session.item.as_ref().is_some_and(|item| item.attached);
    let may_read = !posted || viewer.may(READS);
    if !session.metadata.is_empty() && may_read {
        let metadata = HeaderValue::from_str(&session.metadata).map_err(Error::internal)?;
        headers.insert(UPLOAD_METADATA, metadata);
    }
    Ok(response)
}
