//! Filters as their owner sees them, and as posts are compared with them.

use std::collections::HashMap;
use std::sync::Arc;

use business_graph_gateway::{
    AccountFilter, FilterId, GetReadingFiltersReply, GetReadingFiltersRequest, ListFiltersReply,
    ListFiltersRequest,
};
use infra_db::DbError;
use infra_kernel::AccountId;

use crate::error::GraphError;
use crate::known_filters::KnownFilters;
use crate::state::State;
use crate::store::{filter_keywords, filtered_posts, filters};

pub(crate) async fn list(
    state: &State,
    request: &ListFiltersRequest,
) -> Result<ListFiltersReply, GraphError> {
    let known = known(state, request.owner_id).await?;
    Ok(ListFiltersReply {
        filters: known.filters.clone(),
    })
}

pub(crate) async fn reading(
    state: &State,
    request: &GetReadingFiltersRequest,
) -> Result<GetReadingFiltersReply, GraphError> {
    let known = known(state, request.owner_id).await?;
    Ok(GetReadingFiltersReply {
        filters: known.filters.clone(),
        revision: known.revision,
    })
}

/// An account's filters, from memory if they are there.
pub(crate) async fn known(state: &State, owner: u64) -> Result<Arc<KnownFilters>, DbError> {
    let load = async || -> Result<_, DbError> {
        let filters = read(state, AccountId::new(owner)).await?;
        // A number of its own for each time: who has it has what was read then.
        let revision = state.ids.next::<FilterId>().get();
        Ok(Arc::new(KnownFilters::new(revision, filters)))
    };
    state.filters.get_or_load(&owner, load).await
}

/// Filters first: of one that is made meanwhile nothing is there yet, and one that is deleted
/// meanwhile looks for nothing any more. Neither is kept in memory, because the write was seen.
async fn read(state: &State, owner: AccountId) -> Result<Vec<AccountFilter>, DbError> {
    let (database, settings) = (&state.database, &state.settings);
    let mut filters = filters::of_owner(database, owner, settings.filters_max).await?;
    if filters.is_empty() {
        return Ok(filters);
    }
    let max = settings.filter_keywords_max;
    let keywords = filter_keywords::of_owner(database, owner, max).await?;
    let posts = filtered_posts::of_owner(database, owner, settings.filtered_posts_max).await?;
    let mut by_id: HashMap<u64, &mut AccountFilter> =
        filters.iter_mut().map(|one| (one.id, one)).collect();
    for (filter, keyword) in keywords {
        if let Some(filter) = by_id.get_mut(&filter) {
            filter.keywords.push(keyword);
        }
    }
    for (filter, post) in posts {
        if let Some(filter) = by_id.get_mut(&filter) {
            filter.posts.push(post);
        }
    }
    Ok(filters)
}
