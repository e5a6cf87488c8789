//! The keywords of filters.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{FilterId, FilterKeywordId, UpdateFilterRequest};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::{BodyOf, PathOf};
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use super::change::{lost, of_keyword, removal};
use super::form::KeywordForm;
use super::show::{filter_of, filters_of, filters_to_change, keyword_among, with_id};
use crate::entities::Nothing;
use crate::entities::filter::FilterKeyword;

pub(super) async fn all(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
) -> Result<Json<Vec<FilterKeyword>>, Problem> {
    let filter = filter_of(&surface, &context, viewer.account_id, id).await?;
    Ok(Json(
        filter.keywords.iter().map(FilterKeyword::of).collect(),
    ))
}

pub(super) async fn one(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterKeywordId>,
) -> Result<Json<FilterKeyword>, Problem> {
    let filters = filters_of(&surface, &context, viewer.account_id).await?;
    let (_, keyword) = keyword_among(filters, id)?;
    Ok(Json(FilterKeyword::of(&keyword)))
}

pub(super) async fn add(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
    BodyOf(form): BodyOf<KeywordForm>,
) -> Result<Json<FilterKeyword>, Problem> {
    let request = UpdateFilterRequest {
        owner_id: viewer.account_id.get(),
        filter_id: id.get(),
        keywords: vec![form.change(0)],
        ..UpdateFilterRequest::default()
    };
    let graph = &surface.gateways.graph;
    let filter = graph.update_filter(&context, request).await?.filter;
    // The filter as this change left it, in which a new keyword is the last one.
    let keyword = filter.as_ref().and_then(|filter| filter.keywords.last());
    Ok(Json(FilterKeyword::of(keyword.ok_or_else(lost)?)))
}

pub(super) async fn update(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterKeywordId>,
    BodyOf(form): BodyOf<KeywordForm>,
) -> Result<Json<FilterKeyword>, Problem> {
    let owner = viewer.account_id;
    let filters = filters_to_change(&surface, &context, owner).await?;
    let (filter, _) = keyword_among(filters, id)?;
    let request = of_keyword(owner, &filter, form.change(id.get()));
    let graph = &surface.gateways.graph;
    let filter = graph.update_filter(&context, request).await?.filter;
    let keyword = filter.and_then(|filter| with_id(&filter, id));
    Ok(Json(FilterKeyword::of(&keyword.ok_or_else(lost)?)))
}

pub(super) async fn remove(
    Allowed(viewer): Allowed<Person<scope::WriteFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterKeywordId>,
) -> Result<Json<Nothing>, Problem> {
    let owner = viewer.account_id;
    let filters = filters_to_change(&surface, &context, owner).await?;
    let (filter, _) = keyword_among(filters, id)?;
    let request = of_keyword(owner, &filter, removal(id.get()));
    let graph = &surface.gateways.graph;
    graph.update_filter(&context, request).await?;
    Ok(Json(Nothing {}))
}
