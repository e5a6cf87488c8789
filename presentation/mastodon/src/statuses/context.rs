//! The statuses round a status.

use axum::extract::State;
use axum::response::Response;
use business_posts_gateway::PostId;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::status;
use crate::reply;

pub(super) async fn show(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let around = surface.reader.conversation(&context, viewer_id, id).await?;
    Ok(reply::json(status::context(
        &surface.site,
        &around.ancestors,
        &around.descendants,
    )))
}
