//! Making, changing and deleting filters.

use axum::Json;
use axum::extract::State;
use business_accounts_gateway::Scope;
use business_graph_gateway::{
    AccountFilter, CreateFilterRequest, DeleteFilterRequest, FilterId, KeywordChange,
    UpdateFilterRequest,
};
use infra_kernel::{AccountId, Error, ErrorCode};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::form::FilterForm;
use crate::entities::Nothing;
use crate::entities::filter::Filter;

pub(super) async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(mut form): BodyOf<FilterForm>,
) -> Result<Json<Filter>, Problem> {
    let request = CreateFilterRequest {
        owner_id: viewer.account_id.get(),
        contexts: form.contexts(),
        action: form.action()?.into(),
        expires_in_s: form.seconds()?.unwrap_or_default(),
        keywords: form.keywords()?,
        title: form.title.unwrap_or_default(),
    };
    let graph = &surface.gateways.graph;
    let reply = graph.create_filter(&context, request).await?;
    Ok(Json(Filter::of(&reply.filter.ok_or_else(lost)?)))
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
    BodyOf(mut form): BodyOf<FilterForm>,
) -> Result<Json<Filter>, Problem> {
    let request = UpdateFilterRequest {
        owner_id: viewer.account_id.get(),
        filter_id: id.get(),
        contexts: form.contexts(),
        action: form.action()?.into(),
        expires_in_s: form.seconds()?,
        keywords: form.keywords()?,
        title: form.title,
        by_keyword: false,
    };
    let graph = &surface.gateways.graph;
    let reply = graph.update_filter(&context, request).await?;
    let filter = reply.filter.ok_or_else(lost)?;
    // Who may only write does not learn what else is in it.
    Ok(Json(match viewer.may(Scope::READ_FILTERS) {
        true => Filter::of(&filter),
        false => Filter::alone(&filter),
    }))
}

pub(super) async fn delete(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
) -> Result<Json<Nothing>, Problem> {
    let request = DeleteFilterRequest {
        owner_id: viewer.account_id.get(),
        filter_id: id.get(),
    };
    let graph = &surface.gateways.graph;
    graph.delete_filter(&context, request).await?;
    Ok(Json(Nothing {}))
}

/// A change of one keyword of a filter, and of nothing else.
pub(super) fn of_keyword(
    owner: AccountId,
    filter: &AccountFilter,
    change: KeywordChange,
) -> UpdateFilterRequest {
    UpdateFilterRequest {
        owner_id: owner.get(),
        filter_id: filter.id,
        keywords: vec![change],
        ..UpdateFilterRequest::default()
    }
}

/// The removal of a keyword.
pub(super) fn removal(id: u64) -> KeywordChange {
    KeywordChange {
        id,
        remove: true,
        ..KeywordChange::default()
    }
}

/// Of a reply without what it is to hold.
pub(super) fn lost() -> Error {
    Error::new(ErrorCode::Internal, "The filter could not be shown.")
}
