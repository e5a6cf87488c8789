//! Pages of notifications, and single ones.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::Uri;
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{PathOf, QueryOf};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use product_notifications_gateway::NotificationId;

use super::filter::FilterQuery;
use crate::entities::notification;
use crate::reply;

/// How many notifications a page holds when it is not said, and at most.
const LIMIT_DEFAULT: u32 = 40;
const LIMIT_MAX: u32 = 80;

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(page): QueryOf<PageQuery>,
    QueryOf(query): QueryOf<FilterQuery>,
) -> Result<Response, Problem> {
    let page = page.page(LIMIT_DEFAULT, LIMIT_MAX);
    let Some(filter) = query.filter() else {
        return Ok(reply::json("[]"));
    };
    let listed = surface
        .reader
        .notifications(&context, viewer.account_id, page, filter)
        .await?;
    let json = notification::list(&surface.site, &listed.items).map_err(Error::internal)?;
    let mut response = reply::json(Bytes::from(json));
    let links = reply::links(&surface, &uri, &listed);
    response.headers_mut().extend(links);
    Ok(response)
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<NotificationId>,
) -> Result<Response, Problem> {
    let told = surface
        .reader
        .notification(&context, viewer.account_id, id)
        .await?;
    let mut json = Vec::new();
    notification::write(&surface.site, &told, &mut json).map_err(Error::internal)?;
    Ok(reply::json(Bytes::from(json)))
}
