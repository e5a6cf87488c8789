//! Blocking an account, and ending the block; whom one blocks.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{BlockRequest, UnblockRequest};
use http::Uri;
use infra_kernel::AccountId;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, page_of};
use super::relationships::to;
use crate::entities::Relationship;

pub(super) async fn block(
    Allowed(viewer): Allowed<Person<scope::WriteBlocks>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    surface.reader.person(&context, id).await?;
    if id == viewer.account_id {
        // As in Mastodon: it changes nothing.
        return Ok(Json(to(&surface, &context, viewer, id).await?));
    }
    let request = BlockRequest {
        blocker_id: viewer.account_id.get(),
        blockee_id: id.get(),
    };
    surface.gateways.graph.block(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn unblock(
    Allowed(viewer): Allowed<Person<scope::WriteBlocks>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Relationship>, Problem> {
    surface.reader.person(&context, id).await?;
    let request = UnblockRequest {
        blocker_id: viewer.account_id.get(),
        blockee_id: id.get(),
    };
    surface.gateways.graph.unblock(&context, request).await?;
    Ok(Json(to(&surface, &context, viewer, id).await?))
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadBlocks>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let blocked = surface.reader.blocked(&context, viewer.account_id, page);
    Ok(page_of(&surface, &uri, &blocked.await?))
}
