//! Statuses that filters name.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{
    AddFilteredPostRequest, FilterId, FilteredPostId, RemoveFilteredPostRequest,
};
use business_posts_gateway::PostId;
use infra_kernel::{Error, ErrorCode};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::change::lost;
use super::form::StatusForm;
use super::show::{filter_of, status_of};
use crate::entities::Nothing;
use crate::entities::filter::FilterStatus;

pub(super) async fn all(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
) -> Result<Json<Vec<FilterStatus>>, Problem> {
    let filter = filter_of(&surface, &context, viewer.account_id, id).await?;
    Ok(Json(filter.posts.iter().map(FilterStatus::of).collect()))
}

pub(super) async fn one(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilteredPostId>,
) -> Result<Json<FilterStatus>, Problem> {
    let post = status_of(&surface, &context, viewer.account_id, id).await?;
    Ok(Json(FilterStatus::of(&post)))
}

pub(super) async fn add(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
    BodyOf(form): BodyOf<StatusForm>,
) -> Result<Json<FilterStatus>, Problem> {
    let text = form.status_id.unwrap_or_default();
    let post: PostId = text.trim().parse().map_err(|_| none())?;
    let owner = viewer.account_id;
    // One that is hidden from them is as one that is not there.
    let seen = surface.reader.post(&context, Some(owner), post).await;
    seen.map_err(|error| match error.code() {
        ErrorCode::NotFound => none(),
        _ => error,
    })?;
    let request = AddFilteredPostRequest {
        owner_id: owner.get(),
        filter_id: id.get(),
        post_id: post.get(),
    };
    let graph = &surface.gateways.graph;
    let reply = graph.add_filtered_post(&context, request).await?;
    Ok(Json(FilterStatus::of(&reply.post.ok_or_else(lost)?)))
}

pub(super) async fn remove(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilteredPostId>,
) -> Result<Json<Nothing>, Problem> {
    let request = RemoveFilteredPostRequest {
        owner_id: viewer.account_id.get(),
        id: id.get(),
    };
    let graph = &surface.gateways.graph;
    graph.remove_filtered_post(&context, request).await?;
    Ok(Json(Nothing {}))
}

/// In Mastodon's words.
fn none() -> Error {
    Error::invalid("status_id", "Validation failed: Status is invalid")
}
