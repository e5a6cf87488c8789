//! One's own picture, while it is processed and after.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use business_accounts_gateway::Scope;
use business_media_gateway::{GetMediaRequest, MediaId, MediaItem};
use http::StatusCode;
use infra_kernel::{Context, Error, Result};
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

/// The scope that shows a picture once it is part of a post, and its original at any time. An
/// application that may only upload sees what waits to be posted, because it has to ask when that
/// is ready, and no more.
pub(crate) const READS: Scope = Scope::READ_STATUSES;

/// Refuses what has been posted to a token that may not read posts.
fn refuse_unread(viewer: Viewer, item: &MediaItem) -> Result<()> {
    if item.attached {
        viewer.require(READS)?;
    }
    Ok(())
}

/// A picture of the viewer's as this token may see it.
pub(super) fn picture(surface: &Surface, viewer: Viewer, item: &MediaItem) -> MediaAttachment {
    let picture = MediaAttachment::of_owner(&surface.site, item);
    if viewer.may(READS) {
        picture
    } else {
        picture.without_original()
    }
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::WriteMedia>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<MediaId>,
) -> Result<Response, Problem> {
    let item = own(&surface, &context, viewer, id).await?;
    refuse_unread(viewer, &item)?;
    if let Some(failure_response) = failed::failure_response(&item) {
        return Ok(failure_response);
    }
    let status = if item.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::PARTIAL_CONTENT
    };
    let picture = picture(&surface, viewer, &item);
    Ok((status, Json(picture)).into_response())
}
