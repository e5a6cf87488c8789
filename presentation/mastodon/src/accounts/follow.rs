//! Following and stopping to.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{FollowRequest, RemoveFollowerRequest, UnfollowRequest};
use infra_kernel::{AccountId, Error};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use super::relationships::to;
use crate::entities::Relationship;

/// How to follow; what is not said stays as it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FollowForm {
    /// Whether reshares are shown in the home timeline.
    #[serde(deserialize_with = "lenient::truth")]
    reblogs: Option<bool>,
    /// Whether to be told of every post.
    #[serde(deserialize_with = "lenient::truth")]
    notify: Option<bool>,
    /// Only an empty list is taken: posts cannot be picked by their language yet.
    #[serde(deserialize_with = "lenient::list")]
    languages: Vec<String>,
}

pub(super) async fn follow(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
    BodyOf(form): BodyOf<FollowForm>,
) -> Result<Json<Relationship>, Problem> {
    // Refused, because ignored it would show more posts than were asked for.
    if form.languages.iter().any(|language| !language.is_empty()) {
        let text = "Following in some languages only is not supported yet: leave out `languages`.";
        return Err(Error::invalid("languages", text).into());
    }
    // The graph takes any number for an account: whether there is one is asked here.
    surface.reader.person(&context, id).await?;
    let request = FollowRequest {
        follower_id: viewer.account_id.get(),
        followee_id: id.get(),
        show_reblogs: form.reblogs,
        notify: form.notify,
    };
    surface.gateways.graph.follow(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn unfollow(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    surface.reader.person(&context, id).await?;
    let request = UnfollowRequest {
        follower_id: viewer.account_id.get(),
        followee_id: id.get(),
    };
    surface.gateways.graph.unfollow(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn remove_from_followers(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    surface.reader.person(&context, id).await?;
    let request = RemoveFollowerRequest {
        followee_id: viewer.account_id.get(),
        follower_id: id.get(),
    };
    let graph = &surface.gateways.graph;
    graph.remove_follower(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}
