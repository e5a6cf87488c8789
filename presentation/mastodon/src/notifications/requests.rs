//! Notifications that wait for being accepted.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::Uri;
use infra_kernel::{AccountId, Context, Error};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{BodyOf, PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use product_notifications_gateway::{
    AcceptRequestsRequest, DismissRequestsRequest, REQUESTS_LIMIT_MAX,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::entities::{Nothing, notification_request};
use crate::reply;

/// How many requests a page holds when it is not said.
const LIMIT_DEFAULT: u32 = 40;

/// Which requests are meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct RequestsForm {
    /// At most 80; those that are not there are skipped.
    #[serde(deserialize_with = "lenient::list")]
    id: Vec<String>,
}

impl RequestsForm {
    fn ids(&self) -> Vec<u64> {
        let ids = self.id.iter().filter_map(|id| id.parse().ok());
        ids.map(AccountId::get).collect()
    }
}

/// Whether what was accepted is among the notifications.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NotificationRequestsMerged")]
pub(super) struct Merged {
    /// Always: it is as soon as accepting it returns.
    merged: bool,
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(page): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page(LIMIT_DEFAULT, REQUESTS_LIMIT_MAX);
    let listed = surface
        .reader
        .notification_requests(&context, viewer.account_id, page)
        .await?;
    let json = notification_request::list(&surface.site, &listed.items);
    let mut response = reply::json(Bytes::from(json.map_err(Error::internal)?));
    let links = reply::links(&surface, &uri, &listed);
    response.headers_mut().extend(links);
    Ok(response)
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Response, Problem> {
    let shown = surface
        .reader
        .notification_request(&context, viewer.account_id, id)
        .await?;
    let mut json = Vec::new();
    notification_request::write(&surface.site, &shown, &mut json).map_err(Error::internal)?;
    Ok(reply::json(Bytes::from(json)))
}

pub(super) async fn merged(Allowed(_): Allowed<Person<scope::ReadNotifications>>) -> Json<Merged> {
    Json(Merged { merged: true })
}

pub(super) async fn accept(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Nothing>, Problem> {
    let accepted = accept_these(&surface, &context, viewer, vec![id.get()]).await?;
    Ok(there(accepted)?)
}

pub(super) async fn dismiss(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<AccountId>,
) -> Result<Json<Nothing>, Problem> {
    let dismissed = dismiss_these(&surface, &context, viewer, vec![id.get()]).await?;
    Ok(there(dismissed)?)
}

pub(super) async fn accept_some(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<RequestsForm>,
) -> Result<Json<Nothing>, Problem> {
    accept_these(&surface, &context, viewer, form.ids()).await?;
    Ok(Json(Nothing {}))
}

pub(super) async fn dismiss_some(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<RequestsForm>,
) -> Result<Json<Nothing>, Problem> {
    dismiss_these(&surface, &context, viewer, form.ids()).await?;
    Ok(Json(Nothing {}))
}

/// One that is named alone is not skipped.
fn there(count: u32) -> Result<Json<Nothing>, Error> {
    match count {
        0 => Err(Error::not_found("notification request")),
        _ => Ok(Json(Nothing {})),
    }
}

async fn accept_these(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    from_ids: Vec<u64>,
) -> Result<u32, Error> {
    let request = AcceptRequestsRequest {
        account_id: viewer.account_id.get(),
        from_ids,
    };
    let notifications = &surface.gateways.notifications;
    let reply = notifications.accept_requests(context, request).await?;
    Ok(reply.accepted_count)
}

async fn dismiss_these(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    from_ids: Vec<u64>,
) -> Result<u32, Error> {
    let request = DismissRequestsRequest {
        account_id: viewer.account_id.get(),
        from_ids,
    };
    let notifications = &surface.gateways.notifications;
    let reply = notifications.dismiss_requests(context, request).await?;
    Ok(reply.dismissed_count)
}
