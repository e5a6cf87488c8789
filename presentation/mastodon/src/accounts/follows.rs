//! Who follows an account, and whom it follows.

use axum::extract::State;
use http::Uri;
use infra_kernel::AccountId;
use presentation_kit::access::{Visitor, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::page::{LIMIT_DEFAULT, LIMIT_MAX, Page, page_of};

pub(super) async fn followers(
    Allowed(viewer): Allowed<Visitor<scope::ReadAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<AccountId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    // The person only for `not_found`: nobody follows an account that is not there.
    let (_, listing) = tokio::try_join!(
        surface.reader.person(&context, id),
        surface.reader.followers(&context, viewer_id, id, page),
    )?;
    Ok(page_of(&surface, &uri, &listing))
}

pub(super) async fn following(
    Allowed(viewer): Allowed<Visitor<scope::ReadAccounts>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(id): PathOf<AccountId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Page, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let viewer_id = viewer.map(|viewer| viewer.account_id);
    let (_, listing) = tokio::try_join!(
        surface.reader.person(&context, id),
        surface.reader.following(&context, viewer_id, id, page),
    )?;
    Ok(page_of(&surface, &uri, &listing))
}
