//! Filters: making, changing and deleting them, with their keywords.

mod check;
mod keywords;
mod posts;
mod read;

use std::sync::Arc;

use business_graph_gateway::{
    AccountFilter, CreateFilterReply, CreateFilterRequest, DeleteFilterReply, DeleteFilterRequest,
    FilterAction, FilterId, UpdateFilterReply, UpdateFilterRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error, Timestamp};

use crate::error::GraphError;
use crate::state::State;
use crate::store::{filter_keywords, filtered_posts, filters};

pub(crate) use posts::{add as add_post, remove as remove_post};
pub(crate) use read::{known, list, reading};

const SECOND_US: i64 = 1_000_000;

pub(crate) async fn create(
    state: &Arc<State>,
    request: CreateFilterRequest,
) -> Result<CreateFilterReply, GraphError> {
    check::new_filter(&request)?;
    let owner = request.owner_id;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| Box::pin(async move { write_new(connection, &writing, request).await }),
        move |_, _| changed.filters.invalidate(&owner),
    );
    Ok(CreateFilterReply {
        filter: Some(written.await?),
    })
}

pub(crate) async fn update(
    state: &Arc<State>,
    request: UpdateFilterRequest,
) -> Result<UpdateFilterReply, GraphError> {
    check::changed_filter(&request)?;
    let owner = request.owner_id;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write_change(connection, &writing, request).await })
        },
        move |_, _| changed.filters.invalidate(&owner),
    );
    Ok(UpdateFilterReply {
        filter: Some(written.await?),
    })
}

pub(crate) async fn delete(
    state: &Arc<State>,
    request: DeleteFilterRequest,
) -> Result<DeleteFilterReply, GraphError> {
    let owner = request.owner_id;
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let filter = find(connection, request.owner_id, request.filter_id).await?;
                write_deletion(connection, FilterId::new(filter.id)).await
            })
        },
        move |(), _| changed.filters.invalidate(&owner),
    );
    written.await?;
    Ok(DeleteFilterReply {})
}

/// An account's filter without its keywords and posts, within a write.
async fn find(
    connection: &mut Connection,
    owner: u64,
    filter: u64,
) -> Result<AccountFilter, GraphError> {
    let filter = filters::find(connection, AccountId::new(owner), FilterId::new(filter)).await?;
    filter.ok_or(GraphError::NoFilter)
}

async fn write_new(
    connection: &mut Connection,
    state: &State,
    request: CreateFilterRequest,
) -> Result<AccountFilter, GraphError> {
    let owner = AccountId::new(request.owner_id);
    let max = state.settings.filters_max;
    if filters::is_full(connection, owner, max).await? {
        let sentence = format!("You have {max} filters, and that is the most. Delete one first.");
        return Err(Error::invalid("title", sentence).into());
    }
    let action = match request.action() {
        FilterAction::Unspecified => FilterAction::Warn,
        action => action,
    };
    let now = state.clock.now();
    let contexts = request.contexts.unwrap_or_default().contexts;
    let mut filter = AccountFilter {
        id: state.ids.next::<FilterId>().get(),
        owner_id: request.owner_id,
        title: request.title,
        contexts: in_order(contexts),
        action: action.into(),
        expires_at_us: end_of(request.expires_in_s, now),
        keywords: Vec::new(),
        posts: Vec::new(),
    };
    filters::insert(connection, &filter, now).await?;
    keywords::write(connection, state, &mut filter, request.keywords).await?;
    Ok(filter)
}

async fn write_change(
    connection: &mut Connection,
    state: &State,
    request: UpdateFilterRequest,
) -> Result<AccountFilter, GraphError> {
    let stored = find(connection, request.owner_id, request.filter_id).await?;
    let id = FilterId::new(stored.id);
    let settings = &state.settings;
    let keywords = filter_keywords::find_all(connection, id, settings.filter_keywords_max).await?;
    let posts = filtered_posts::find_all(connection, id, settings.filtered_posts_max).await?;
    let changed = changed(&stored, &request, state.clock.now());
    if changed != stored {
        if request.by_keyword && keywords.len() > 1 {
            return Err(GraphError::SharedByKeywords);
        }
        filters::update(connection, &changed).await?;
    }
    let mut filter = AccountFilter {
        keywords,
        posts,
        ..changed
    };
    keywords::write(connection, state, &mut filter, request.keywords).await?;
    if request.by_keyword && filter.keywords.is_empty() && filter.posts.is_empty() {
        // Its app knows no other way to delete it, and has no way to see it any more.
        write_deletion(connection, id).await?;
    }
    Ok(filter)
}

/// The filter as it is to be, without its keywords and posts.
fn changed(stored: &AccountFilter, request: &UpdateFilterRequest, now: Timestamp) -> AccountFilter {
    let contexts = request.contexts.as_ref();
    let contexts = contexts.map(|given| in_order(given.contexts.clone()));
    AccountFilter {
        title: request.title.as_ref().unwrap_or(&stored.title).clone(),
        contexts: contexts.unwrap_or_else(|| stored.contexts.clone()),
        action: match request.action() {
            FilterAction::Unspecified => stored.action,
            action => action.into(),
        },
        expires_at_us: match request.expires_in_s {
            None => stored.expires_at_us,
            Some(seconds) => end_of(seconds, now),
        },
        ..stored.clone()
    }
}

async fn write_deletion(connection: &mut Connection, filter: FilterId) -> Result<(), GraphError> {
    filter_keywords::delete_all(connection, filter).await?;
    filtered_posts::delete_all(connection, filter).await?;
    filters::delete(connection, filter).await?;
    Ok(())
}

/// Each once, in the order of their numbers: as they are stored.
fn in_order(mut contexts: Vec<i32>) -> Vec<i32> {
    contexts.sort_unstable();
    contexts.dedup();
    contexts
}

/// When a filter ends that is to last so many seconds; bounded by the checks, so that it is a time
/// that can be told.
const fn end_of(seconds: u64, now: Timestamp) -> i64 {
    match seconds.cast_signed() * SECOND_US {
        0 => 0,
        lasts_us => now.microseconds() + lasts_us,
    }
}
