//! One's lists.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{GetListRequest, ListId, ListListsRequest};
use infra_kernel::{AccountId, Error};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::List;

pub(super) async fn all(
    Allowed(viewer): Allowed<Person<scope::ReadLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<Vec<List>>, Problem> {
    let request = ListListsRequest {
        owner_id: viewer.account_id.get(),
        member_id: 0,
    };
    let lists = surface.gateways.graph.list_lists(&context, request).await?;
    Ok(Json(lists.lists.iter().map(List::of).collect()))
}

/// One's lists that an account is on.
pub(super) async fn with_account(
    Allowed(viewer): Allowed<Person<scope::ReadLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Vec<List>>, Problem> {
    surface.reader.person(&context, id).await?;
    let request = ListListsRequest {
        owner_id: viewer.account_id.get(),
        member_id: id.get(),
    };
    let lists = surface.gateways.graph.list_lists(&context, request).await?;
    Ok(Json(lists.lists.iter().map(List::of).collect()))
}

pub(super) async fn one(
    Allowed(viewer): Allowed<Person<scope::ReadLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<ListId>,
) -> Result<Json<List>, Problem> {
    let request = GetListRequest {
        owner_id: viewer.account_id.get(),
        list_id: id.get(),
    };
    let reply = surface.gateways.graph.get_list(&context, request).await?;
    let list = reply.list.ok_or_else(|| Error::not_found("list"))?;
    Ok(Json(List::of(&list)))
}
