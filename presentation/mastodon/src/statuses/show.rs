//! Statuses by id.

use axum::extract::State;
use axum::response::Response;
use business_posts_gateway::PostId;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::ids::IdsQuery;
use crate::reply;

pub(super) async fn show(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<PostId>,
) -> Result<Response, Problem> {
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let status = surface.reader.post(&context, viewer_id, id).await?;
    Ok(reply::status(&surface, &status))
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Visitor<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(query): QueryOf<IdsQuery>,
) -> Result<Response, Problem> {
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let statuses = surface
        .reader
        .posts(&context, viewer_id, query.ids::<PostId>()?)
        .await?;
    Ok(reply::statuses(&surface, &statuses))
}
