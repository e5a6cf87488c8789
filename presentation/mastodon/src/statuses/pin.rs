//! Putting one's own statuses on top of one's page.

use axum::extract::State;
use axum::response::Response;
use business_posts_gateway::{PinPostRequest, PostId, UnpinPostRequest};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::find::find;
use crate::reply;

pub(super) async fn pin(
    Allowed(viewer): Allowed<Person<scope::WriteAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let mut shown = find(&surface, &context, viewer, id).await?;
    // By the id that was sent: a reshare is refused, and not what it shows again pinned.
    let request = PinPostRequest {
        author_id: viewer.account_id.get(),
        post_id: id.get(),
    };
    surface.gateways.posts.pin_post(&context, request).await?;
    shown.marks.get_or_insert_default().pinned = true;
    Ok(reply::status(&surface, &shown))
}

pub(super) async fn unpin(
    Allowed(viewer): Allowed<Person<scope::WriteAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let mut shown = find(&surface, &context, viewer, id).await?;
    let request = UnpinPostRequest {
        author_id: viewer.account_id.get(),
        post_id: shown.head.id,
    };
    surface.gateways.posts.unpin_post(&context, request).await?;
    shown.marks.get_or_insert_default().pinned = false;
    Ok(reply::status(&surface, &shown))
}
