//! The first version of this part of the API, which many apps still speak: each keyword is a filter
//! of its own, by the keyword's id.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{
    AccountFilter, CreateFilterRequest, FilterKeywordId, UpdateFilterRequest,
};
use infra_kernel::Error;
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::change::{lost, of_keyword, removal};
use super::form::V1FilterForm;
use super::show::{filters_of, filters_to_change, keyword_among, with_id};
use crate::entities::Nothing;
use crate::entities::filter::V1Filter;

pub(super) async fn all(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<Vec<V1Filter>>, Problem> {
    let filters = filters_of(&surface, &context, viewer.account_id).await?;
    Ok(Json(filters.iter().flat_map(each).collect()))
}

pub(super) async fn one(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterKeywordId>,
) -> Result<Json<V1Filter>, Problem> {
    let filters = filters_of(&surface, &context, viewer.account_id).await?;
    let (filter, keyword) = keyword_among(filters, id)?;
    Ok(Json(V1Filter::of(&filter, &keyword)))
}

pub(super) async fn create(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    BodyOf(form): BodyOf<V1FilterForm>,
) -> Result<Json<V1Filter>, Problem> {
    let phrase = form.phrase.as_deref().unwrap_or_default();
    if phrase.trim().is_empty() {
        // In Mastodon's words, which know no title here.
        return Err(Error::invalid("phrase", "Validation failed: Phrase can't be blank").into());
    }
    let request = CreateFilterRequest {
        owner_id: viewer.account_id.get(),
        contexts: form.contexts(),
        action: form.action().into(),
        expires_in_s: form.seconds()?.unwrap_or_default(),
        keywords: vec![form.keyword(0)],
        title: form.phrase.unwrap_or_default(),
    };
    let graph = &surface.gateways.graph;
    let filter = graph.create_filter(&context, request).await?.filter;
    let made = filter.iter().flat_map(each).next();
    Ok(Json(made.ok_or_else(lost)?))
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterKeywordId>,
    BodyOf(form): BodyOf<V1FilterForm>,
) -> Result<Json<V1Filter>, Problem> {
    let owner = viewer.account_id;
    let filters = filters_to_change(&surface, &context, owner).await?;
    let (filter, _) = keyword_among(filters, id)?;
    let request = UpdateFilterRequest {
        contexts: form.contexts(),
        action: form.action().into(),
        expires_in_s: form.seconds()?,
        title: form.phrase.clone(),
        by_keyword: true,
        ..of_keyword(owner, &filter, form.keyword(id.get()))
    };
    let graph = &surface.gateways.graph;
    let filter = graph.update_filter(&context, request).await?.filter;
    let filter = filter.ok_or_else(lost)?;
    let keyword = with_id(&filter, id).ok_or_else(lost)?;
    Ok(Json(V1Filter::of(&filter, &keyword)))
}

pub(super) async fn delete(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterKeywordId>,
) -> Result<Json<Nothing>, Problem> {
    let owner = viewer.account_id;
    let filters = filters_to_change(&surface, &context, owner).await?;
    let (filter, _) = keyword_among(filters, id)?;
    let request = UpdateFilterRequest {
        by_keyword: true,
        ..of_keyword(owner, &filter, removal(id.get()))
    };
    let graph = &surface.gateways.graph;
    graph.update_filter(&context, request).await?;
    Ok(Json(Nothing {}))
}

/// Each keyword of a filter.
fn each(filter: &AccountFilter) -> impl Iterator<Item = V1Filter> {
    let keywords = filter.keywords.iter();
    keywords.map(|keyword| V1Filter::of(filter, keyword))
}
