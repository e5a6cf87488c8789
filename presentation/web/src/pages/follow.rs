//! Following, and no longer following.

use axum::Json;
use axum::response::IntoResponse as _;
use business_graph_gateway::{FollowRequest, UnfollowRequest};
use infra_kernel::Result;
use serde::Deserialize;
use serde_json::json;

use crate::guard::{Form, local_path};
use crate::respond::{Answer, PathOf, go_to};
use crate::visit::Visit;

#[derive(Deserialize)]
pub(crate) struct FollowForm {
    #[serde(default)]
    next: String,
}

pub(crate) async fn follow(
    visit: Visit,
    PathOf(name): PathOf<String>,
    Form(form): Form<FollowForm>,
) -> Answer {
    let follower_id = visit.member()?.get();
    let followee_id = id_of(&visit, &name).await?;
    let request = FollowRequest {
        follower_id,
        followee_id,
        ..FollowRequest::default()
    };
    visit
        .surface
        .gateways
        .graph
        .follow(&visit.context, request)
        .await?;
    Ok(done(&visit, &form, true))
}

pub(crate) async fn unfollow(
    visit: Visit,
    PathOf(name): PathOf<String>,
    Form(form): Form<FollowForm>,
) -> Answer {
    let follower_id = visit.member()?.get();
    let followee_id = id_of(&visit, &name).await?;
    let request = UnfollowRequest {
        follower_id,
        followee_id,
    };
    visit
        .surface
        .gateways
        .graph
        .unfollow(&visit.context, request)
        .await?;
    Ok(done(&visit, &form, false))
}

async fn id_of(visit: &Visit, name: &str) -> Result<u64> {
    let person = visit
        .surface
        .reader
        .person_named(&visit.context, name, &visit.site().domain)
        .await?;
    Ok(person.account.id)
}

fn done(visit: &Visit, form: &FollowForm, following: bool) -> axum::response::Response {
    if visit.wants_json {
        return Json(json!({ "following": following })).into_response();
    }
    go_to(local_path(&form.next))
}
