//! Who reshared a status.

use axum::extract::State;
use business_posts_gateway::PostId;
use http::Uri;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::accounts::{LIMIT_DEFAULT, LIMIT_MAX, Page, page_of};

pub(super) async fn list(
    Allowed(viewer): Allowed<Visitor<scope::ReadAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<PostId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let resharers = surface.reader.resharers(&context, viewer_id, id, page);
    Ok(page_of(&surface, &uri, &resharers.await?))
}
