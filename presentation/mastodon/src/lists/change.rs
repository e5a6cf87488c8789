//! Making, changing and deleting lists.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{
    CreateListRequest, DeleteListRequest, ListId, RepliesPolicy, UpdateListRequest,
};
use infra_kernel::{Error, ErrorCode};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf, lenient};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::{List, Nothing, list};

/// What a list is to be.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ListForm {
    /// At most 256 characters.
    #[serde(deserialize_with = "lenient::text")]
    title: Option<String>,
    /// Which replies stand in its timeline: "list" for those to others on the list, "followed" for
    /// those to anyone one follows, "none" for none; "list" when a new one does not say.
    #[serde(deserialize_with = "lenient::text")]
    replies_policy: Option<String>,
    /// Whether who is on it is kept out of one's home timeline.
    #[serde(deserialize_with = "lenient::truth")]
    exclusive: Option<bool>,
}

impl ListForm {
    fn policy(&self) -> Result<RepliesPolicy, Error> {
        let name = self.replies_policy.as_deref().unwrap_or_default();
        if name.is_empty() {
            return Ok(RepliesPolicy::Unspecified);
        }
        list::policy_named(name).ok_or_else(|| {
            // In Mastodon's words.
            let sentence = "Validation failed: Replies policy is not included in the list";
            Error::invalid("replies_policy", sentence)
        })
    }
}

pub(super) async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<ListForm>,
) -> Result<Json<List>, Problem> {
    let request = CreateListRequest {
        owner_id: viewer.account_id.get(),
        replies_policy: form.policy()?.into(),
        title: form.title.unwrap_or_default(),
        exclusive: form.exclusive.unwrap_or_default(),
    };
    let reply = surface
        .gateways
        .graph
        .create_list(&context, request)
        .await?;
    let list = reply.list.ok_or_else(lost)?;
    Ok(Json(List::of(&list)))
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::WriteLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<ListId>,
    BodyOf(form): BodyOf<ListForm>,
) -> Result<Json<List>, Problem> {
    let request = UpdateListRequest {
        owner_id: viewer.account_id.get(),
        list_id: id.get(),
        replies_policy: form.policy()?.into(),
        title: form.title,
        exclusive: form.exclusive,
    };
    let reply = surface
        .gateways
        .graph
        .update_list(&context, request)
        .await?;
    let list = reply.list.ok_or_else(lost)?;
    Ok(Json(List::of(&list)))
}

pub(super) async fn delete(
    Allowed(viewer): Allowed<Person<scope::WriteLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<ListId>,
) -> Result<Json<Nothing>, Problem> {
    let request = DeleteListRequest {
        owner_id: viewer.account_id.get(),
        list_id: id.get(),
    };
    surface
        .gateways
        .graph
        .delete_list(&context, request)
        .await?;
    Ok(Json(Nothing {}))
}

/// Of a reply without what it is to hold.
fn lost() -> Error {
    Error::new(ErrorCode::Internal, "The list could not be shown.")
}
