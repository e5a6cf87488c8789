//! Who asks to follow, and letting them in or turning them away.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{AcceptFollowRequest, RejectFollowRequest};
use http::Uri;
use infra_kernel::{AccountId, Error};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, page_of};
use super::relationships::to;
use crate::entities::Relationship;

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let asking = surface.reader.asking(&context, viewer.account_id, page);
    Ok(page_of(&surface, &uri, &asking.await?))
}

pub(super) async fn authorize(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    let request = AcceptFollowRequest {
        account_id: viewer.account_id.get(),
        follower_id: id.get(),
    };
    let graph = &surface.gateways.graph;
    if !graph.accept_follow(&context, request).await?.accepted {
        return Err(Error::not_found("follow request").into());
    }
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn reject(
    Allowed(viewer): Allowed<Person<scope::WriteFollows>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    let request = RejectFollowRequest {
        account_id: viewer.account_id.get(),
        follower_id: id.get(),
    };
    let graph = &surface.gateways.graph;
    if !graph.reject_follow(&context, request).await?.rejected {
        return Err(Error::not_found("follow request").into());
    }
    Ok(Json(to(&surface, &context, viewer, id).await?))
}
