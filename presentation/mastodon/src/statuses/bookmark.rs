//! Bookmarking a status, and removing the bookmark.

use axum::extract::State;
use axum::response::Response;
use business_engagement_gateway::{BookmarkRequest, UnbookmarkRequest};
use business_posts_gateway::PostId;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::find::{find, original_id};
use crate::reply;

pub(super) async fn bookmark(
    Allowed(viewer): Allowed<Person<scope::WriteBookmarks>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let mut shown = find(&surface, &context, viewer, id).await?;
    let request = BookmarkRequest {
        account_id: viewer.account_id.get(),
        post_id: shown.head.id,
    };
    let engagement = &surface.gateways.engagement;
    engagement.bookmark(&context, request).await?;
    shown.marks.get_or_insert_default().bookmarked = true;
    Ok(reply::status(&surface, &shown))
}

/// Removes the bookmark before it looks for the status: a bookmark stays one's own when the status
/// has become hidden.
pub(super) async fn unbookmark(
    Allowed(viewer): Allowed<Person<scope::WriteBookmarks>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let id = original_id(&surface, &context, viewer, id).await?;
    let request = UnbookmarkRequest {
        account_id: viewer.account_id.get(),
        post_id: id.get(),
    };
    let engagement = &surface.gateways.engagement;
    engagement.unbookmark(&context, request).await?;
    let shown = find(&surface, &context, viewer, id).await?;
    Ok(reply::status(&surface, &shown))
}
