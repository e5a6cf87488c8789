//! The home timeline.

use axum::extract::State;
use axum::response::Response;
use http::Uri;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::QueryOf;
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::reply;

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadStatuses>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = query.page(LIMIT_DEFAULT, LIMIT_MAX);
    let listing = surface
        .reader
        .home(&context, viewer.account_id, page)
        .await?;
    Ok(reply::timeline(&surface, &uri, &listing))
}
