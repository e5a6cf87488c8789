//! Notifications with likes and reshares of one post and follows as one each.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::Uri;
use infra_kernel::{AccountId, Error};
use presentation_kit::access::{Person, Viewer, scope};
use presentation_kit::extract::{PathOf, QueryOf, lenient};
use presentation_kit::paging::PageQuery;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};
use product_notifications_gateway::{
    DismissGroupRequest, DismissNotificationRequest, GROUPS_LIMIT_MAX, Kind,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Nothing;
use super::filter::FilterQuery;
use super::unread::{LimitQuery, Unread, last_read};
use crate::entities::Account;
use crate::entities::notification::{GroupKey, kind_named};
use crate::entities::notification_group::{self, Expand};
use crate::reply;

/// How many groups, or accounts of one, a page holds when it is not said.
const LIMIT_DEFAULT: u32 = 40;

/// What is told as one.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct GroupedQuery {
    /// Only of these types: of "favourite", "reblog" and "follow", which are when it does not say.
    #[serde(deserialize_with = "lenient::list")]
    grouped_types: Vec<String>,
}

/// How the accounts are shown.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ExpandQuery {
    /// "full", or "partial_avatars" for accounts of which all but the latest of each group are
    /// shown in part.
    #[serde(deserialize_with = "lenient::text")]
    expand_accounts: Option<String>,
}

impl GroupedQuery {
    fn kinds(&self) -> Vec<Kind> {
        if self.grouped_types.is_empty() {
            return Kind::GROUPED.to_vec();
        }
        let kinds = self
            .grouped_types
            .iter()
            .filter_map(|name| kind_named(name));
        kinds.filter(|kind| kind.is_grouped()).collect()
    }
}

impl ExpandQuery {
    fn expand(&self) -> Result<Expand, Error> {
        match self.expand_accounts.as_deref() {
            None | Some("" | "full") => Ok(Expand::Full),
            Some("partial_avatars") => Ok(Expand::PartialAvatars),
            Some(_) => {
                let text = "`expand_accounts` is `full` or `partial_avatars`.";
                Err(Error::invalid("expand_accounts", text))
            }
        }
    }
}

pub(super) async fn list(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    QueryOf(page): QueryOf<PageQuery>,
    QueryOf(query): QueryOf<FilterQuery>,
    (QueryOf(grouped), QueryOf(expand)): (QueryOf<GroupedQuery>, QueryOf<ExpandQuery>),
) -> Result<Response, Problem> {
    let expand = expand.expand()?;
    let page = page.page(LIMIT_DEFAULT, GROUPS_LIMIT_MAX);
    let Some(filter) = query.filter() else {
        return shown(&surface, &[], expand);
    };
    let listed = surface
        .reader
        .notification_groups(&context, viewer.account_id, page, filter, &grouped.kinds())
        .await?;
    let mut response = shown(&surface, &listed.items, expand)?;
    let links = reply::links(&surface, &uri, &listed);
    response.headers_mut().extend(links);
    Ok(response)
}

pub(super) async fn show(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(key): PathOf<String>,
) -> Result<Response, Problem> {
    let reader = &surface.reader;
    let told = match named(&key)? {
        GroupKey::Alone(id) => {
            reader
                .notification_alone(&context, viewer.account_id, id)
                .await
        }
        GroupKey::Group(group) => {
            reader
                .notification_group(&context, viewer.account_id, group)
                .await
        }
    };
    shown(&surface, &[told?], Expand::Full)
}

pub(super) async fn accounts(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    uri: Uri,
    PathOf(key): PathOf<String>,
    QueryOf(page): QueryOf<PageQuery>,
) -> Result<Response, Problem> {
    let page = page.page(LIMIT_DEFAULT, GROUPS_LIMIT_MAX);
    let reader = &surface.reader;
    let (people, links) = match named(&key)? {
        GroupKey::Alone(id) => {
            let told = reader.notification_alone(&context, viewer.account_id, id);
            (told.await?.people, http::HeaderMap::new())
        }
        GroupKey::Group(group) => {
            let viewer: AccountId = viewer.account_id;
            let people = reader.notification_group_people(&context, viewer, group, page);
            let listed = people.await?;
            let links = reply::links(&surface, &uri, &listed);
            (listed.items, links)
        }
    };
    let people = people
        .iter()
        .map(|person| Account::of(&surface.site, person));
    let json = serde_json::to_vec(&people.collect::<Vec<_>>()).map_err(Error::internal)?;
    let mut response = reply::json(Bytes::from(json));
    response.headers_mut().extend(links);
    Ok(response)
}

pub(super) async fn dismiss(
    Allowed(viewer): Allowed<Person<scope::WriteNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(key): PathOf<String>,
) -> Result<Json<Nothing>, Problem> {
    let notifications = &surface.gateways.notifications;
    let account_id = viewer.account_id.get();
    // A key that names nothing is that of a group that is gone: as in Mastodon, no error.
    match GroupKey::read(&key) {
        Some(GroupKey::Alone(id)) => {
            let request = DismissNotificationRequest {
                account_id,
                notification_id: id.get(),
            };
            notifications
                .dismiss_notification(&context, request)
                .await?;
        }
        Some(GroupKey::Group(group)) => {
            let request = DismissGroupRequest {
                account_id,
                group: Some(group),
            };
            notifications.dismiss_group(&context, request).await?;
        }
        None => {}
    }
    Ok(Json(Nothing {}))
}

pub(super) async fn unread(
    Allowed(viewer): Allowed<Person<scope::ReadNotifications>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    QueryOf(limit): QueryOf<LimitQuery>,
    QueryOf(query): QueryOf<FilterQuery>,
    QueryOf(grouped): QueryOf<GroupedQuery>,
) -> Result<Json<Unread>, Problem> {
    let limit = limit.limit();
    let Some(filter) = query.filter().filter(|_| limit > 0) else {
        return Ok(Json(Unread { count: 0 }));
    };
    let viewer: Viewer = viewer;
    let after = last_read(&surface, &context, viewer).await?;
    let (account, grouped) = (viewer.account_id, grouped.kinds());
    let count = surface
        .reader
        .unread_notification_groups(&context, account, after, limit, filter, &grouped)
        .await?;
    Ok(Json(Unread { count }))
}

fn named(key: &str) -> Result<GroupKey, Error> {
    GroupKey::read(key).ok_or_else(|| Error::not_found("notification"))
}

fn shown(
    surface: &Surface,
    groups: &[presentation_kit::reader::ToldGroup],
    expand: Expand,
) -> Result<Response, Problem> {
    let json = notification_group::write(&surface.site, groups, expand);
    Ok(reply::json(Bytes::from(json.map_err(Error::internal)?)))
}
