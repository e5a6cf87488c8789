//! Liking a status, and taking it back.

use axum::extract::State;
use axum::response::Response;
use business_engagement_gateway::{LikeRequest, UnlikeRequest};
use business_posts_gateway::PostId;
use infra_kernel::{Error, ErrorCode};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::find::{find, original_id};
use crate::reply;

pub(super) async fn favourite(
    Allowed(viewer): Allowed<Person<scope::WriteFavourites>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let mut shown = find(&surface, &context, viewer, id).await?;
    if shown.relation.blocks() {
        // In Mastodon's words, by which clients know it.
        return Err(Error::new(ErrorCode::Forbidden, "This action is not allowed").into());
    }
    let request = LikeRequest {
        account_id: viewer.account_id.get(),
        post_id: shown.head.id,
    };
    let reply = surface.gateways.engagement.like(&context, request).await?;
    shown.counts.likes = reply.likes;
    shown.marks.get_or_insert_default().liked = true;
    Ok(reply::status(&surface, &shown))
}

/// Takes the like back before it looks for the status: a like stays one's own when the status has
/// become hidden.
pub(super) async fn unfavourite(
    Allowed(viewer): Allowed<Person<scope::WriteFavourites>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let id = original_id(&surface, &context, viewer, id).await?;
    let request = UnlikeRequest {
        account_id: viewer.account_id.get(),
        post_id: id.get(),
    };
    let engagement = &surface.gateways.engagement;
    engagement.unlike(&context, request).await?;
    let shown = find(&surface, &context, viewer, id).await?;
    Ok(reply::status(&surface, &shown))
}
