//! One's filters.

use axum::Json;
use axum::extract::State;
use business_graph_gateway::{
    AccountFilter, FilterId, FilterKeyword, FilterKeywordId, FilteredPost, FilteredPostId,
    GetReadingFiltersRequest, ListFiltersRequest,
};
use infra_kernel::{AccountId, Context, Error, Result};
use presentation_kit::access::{Person, scope};
use presentation_kit::extract::PathOf;
use presentation_kit::{Allowed, Problem, RequestContext, Surface};

use crate::entities::filter::Filter;

pub(super) async fn all(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
) -> Result<Json<Vec<Filter>>, Problem> {
    let filters = filters_of(&surface, &context, viewer.account_id).await?;
    Ok(Json(filters.iter().map(Filter::of).collect()))
}

pub(super) async fn one(
    Allowed(viewer): Allowed<Person<scope::ReadFilters>>,
    State(surface): State<Surface>,
    RequestContext(context): RequestContext,
    PathOf(id): PathOf<FilterId>,
) -> Result<Json<Filter>, Problem> {
    let filter = filter_of(&surface, &context, viewer.account_id, id).await?;
    Ok(Json(Filter::of(&filter)))
}

/// All of an account's filters. There are not many, and the graph has them in memory, so whatever
/// is asked for of them is looked for here.
pub(super) async fn filters_of(
    surface: &Surface,
    context: &Context,
    owner: AccountId,
) -> Result<Vec<AccountFilter>> {
    let request = ListFiltersRequest {
        owner_id: owner.get(),
    };
    let graph = &surface.gateways.graph;
    Ok(graph.list_filters(context, request).await?.filters)
}

pub(super) async fn filter_of(
    surface: &Surface,
    context: &Context,
    owner: AccountId,
    id: FilterId,
) -> Result<AccountFilter> {
    let filters = filters_of(surface, context, owner).await?;
    let mut filters = filters.into_iter();
    let found = filters.find(|filter| filter.id == id.get());
    found.ok_or_else(|| Error::not_found("filter"))
}

/// The same for a change: an app that may make it need not be allowed to read them.
pub(super) async fn filters_to_change(
    surface: &Surface,
    context: &Context,
    owner: AccountId,
) -> Result<Vec<AccountFilter>> {
    let request = GetReadingFiltersRequest {
        owner_id: owner.get(),
    };
    let graph = &surface.gateways.graph;
    Ok(graph.get_reading_filters(context, request).await?.filters)
}

/// A keyword of one of these filters, with its filter.
pub(super) fn keyword_among(
    filters: Vec<AccountFilter>,
    id: FilterKeywordId,
) -> Result<(AccountFilter, FilterKeyword)> {
    let with_keyword = |filter: AccountFilter| {
        let keyword = with_id(&filter, id)?;
        Some((filter, keyword))
    };
    let found = filters.into_iter().find_map(with_keyword);
    found.ok_or_else(|| Error::not_found("keyword"))
}

/// The keyword of a filter with this id.
pub(super) fn with_id(filter: &AccountFilter, id: FilterKeywordId) -> Option<FilterKeyword> {
    let mut keywords = filter.keywords.iter();
    keywords.find(|keyword| keyword.id == id.get()).cloned()
}

/// A status of an account's filters.
pub(super) async fn status_of(
    surface: &Surface,
    context: &Context,
    owner: AccountId,
    id: FilteredPostId,
) -> Result<FilteredPost> {
    let filters = filters_of(surface, context, owner).await?;
    let mut posts = filters.iter().flat_map(|filter| &filter.posts);
    let found = posts.find(|post| post.id == id.get());
    found.copied().ok_or_else(|| Error::not_found("status"))
}
