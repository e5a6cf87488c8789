//! Following, and no longer following.

use axum::Json;
use axum::response::IntoResponse as _;
use business_graph_gateway::{FollowRequest, UnfollowRequest};
use infra_kernel::Result;
use serde::Deserialize;
use serde_json::json;

use crate::guard::{Form, local_path};
use crate::page_context::PageContext;
use crate::respond::{PageResult, PathOf, redirect};

#[derive(Deserialize)]
pub(crate) struct FollowForm {
    #[serde(default)]
    next: String,
}

pub(crate) async fn follow(
    page_context: PageContext,
    PathOf(name): PathOf<String>,
    Form(form): Form<FollowForm>,
) -> PageResult {
    let follower_id = page_context.member()?.get();
    let followee_id = id_of(&page_context, &name).await?;
    let request = FollowRequest {
        follower_id,
        followee_id,
        ..FollowRequest::default()
    };
    let graph = &page_context.surface.gateways.graph;
    let reply = graph.follow(&page_context.context, request).await?;
    Ok(done(
        &page_context,
        &form,
        !reply.requested,
        reply.requested,
    ))
}

pub(crate) async fn unfollow(
    page_context: PageContext,
    PathOf(name): PathOf<String>,
    Form(form): Form<FollowForm>,
) -> PageResult {
    let follower_id = page_context.member()?.get();
    let followee_id = id_of(&page_context, &name).await?;
    let request = UnfollowRequest {
        follower_id,
        followee_id,
    };
    page_context
        .surface
        .gateways
        .graph
        .unfollow(&page_context.context, request)
        .await?;
    Ok(done(&page_context, &form, false, false))
}

async fn id_of(page_context: &PageContext, name: &str) -> Result<u64> {
    let person = page_context
        .surface
        .reader
        .person_named(&page_context.context, name, &page_context.site().domain)
        .await?;
    Ok(person.account.id)
}

fn done(
    page_context: &PageContext,
    form: &FollowForm,
    following: bool,
    requested: bool,
) -> axum::response::Response {
    if page_context.wants_json {
        return Json(json!({ "following": following, "requested": requested })).into_response();
    }
    redirect(local_path(&form.next))
}
