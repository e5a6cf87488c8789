//! One's own picture, while it is processed and after.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use business_media_gateway::{GetMediaRequest, MediaItem};
use http::StatusCode;
use infra_kernel::{Context, Error, MediaId, Result};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::failed;
use crate::entities::MediaAttachment;

/// A picture of the viewer's; another's is as good as none.
pub(super) async fn own(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    id: MediaId,
) -> Result<MediaItem> {
    let request = GetMediaRequest {
        ids: vec![id.get()],
    };
    let media = &surface.gateways.media;
    let items = media.get_media(context, request).await?.items;
    items
        .into_iter()
        .find(|item| item.owner_id == viewer.account_id.get())
        .ok_or_else(|| Error::not_found("picture"))
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<MediaId>,
) -> Result<Response, Problem> {
    let item = own(&surface, &context, viewer, id).await?;
    if let Some(answer) = failed::answer(&item) {
        return Ok(answer);
    }
    let status = if item.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::PARTIAL_CONTENT
    };
    let picture = MediaAttachment::of_owner(&surface.site, &item);
    Ok((status, Json(picture)).into_response())
}
