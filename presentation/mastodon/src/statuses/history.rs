//! What a status says as its author wrote it, and what it said before.

use axum::Json;
use axum::extract::State;
use business_posts_gateway::{ListVersionsRequest, PostId};
use presentation_kit::access::{Person, Visitor, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::{StatusEdit, StatusSource};

pub(super) async fn source(
    Allowed(viewer): Allowed<Person<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Json<StatusSource>, Problem> {
    let viewer_id = Some(viewer.account_id);
    let shown = surface.reader.post(&context, viewer_id, id).await?;
    Ok(Json(StatusSource::of(&shown.original())))
}

/// Oldest first, and last as it is now.
pub(super) async fn history(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Json<Vec<StatusEdit>>, Problem> {
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let shown = surface.reader.post(&context, viewer_id, id).await?;
    let shown = shown.original();
    let request = ListVersionsRequest {
        post_id: shown.post.id,
        // What came since is not what the rules have looked at.
        before_revision: shown.post.revision,
    };
    let posts = &surface.gateways.posts;
    let versions = posts.list_versions(&context, request).await?.versions;
    let before = versions
        .iter()
        .map(|version| StatusEdit::before(&surface.site, &shown, version));
    let now = std::iter::once_with(|| StatusEdit::now(&surface.site, &shown));
    Ok(Json(before.chain(now).collect()))
}
