//! The timeline of a list.

use axum::extract::State;
use axum::response::Response;
use business_graph_gateway::ListId;
use http::Uri;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::reply;

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadLists>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<ListId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let listing = surface
        .reader
        .of_list(&context, viewer.account_id, id, page)
        .await?;
    Ok(reply::timeline(&surface, &uri, &listing))
}
