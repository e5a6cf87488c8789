//! The statuses that one likes and those that one has bookmarked.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::QueryOf;
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::reply;
use crate::timelines::{LIMIT_DEFAULT, LIMIT_MAX};

pub(super) async fn favourites(
    Allowed(viewer): Allowed<Person<scope::ReadFavourites>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let liked = surface.reader.liked(&context, viewer.account_id, page);
    Ok(reply::timeline(&surface, &uri, &liked.await?))
}

pub(super) async fn bookmarks(
    Allowed(viewer): Allowed<Person<scope::ReadBookmarks>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let bookmarked = surface.reader.bookmarked(&context, viewer.account_id, page);
    Ok(reply::timeline(&surface, &uri, &bookmarked.await?))
}
