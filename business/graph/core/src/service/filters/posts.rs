//! Posts that filters name.

use std::sync::Arc;

use business_graph_gateway::{
    AddFilteredPostReply, AddFilteredPostRequest, FilterId, FilteredPost, FilteredPostId,
    RemoveFilteredPostReply, RemoveFilteredPostRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error};

use super::find;
use crate::error::GraphError;
use crate::state::State;
use crate::store::filtered_posts;

pub(crate) async fn add(
    state: &Arc<State>,
    request: AddFilteredPostRequest,
) -> Result<AddFilteredPostReply, GraphError> {
    let owner = request.owner_id;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| Box::pin(async move { write(connection, &writing, request).await }),
        move |_, _| changed.filters.invalidate(&owner),
    );
    Ok(AddFilteredPostReply {
        post: Some(written.await?),
    })
}

pub(crate) async fn remove(
    state: &Arc<State>,
    request: RemoveFilteredPostRequest,
) -> Result<RemoveFilteredPostReply, GraphError> {
    let owner = AccountId::new(request.owner_id);
    let id = FilteredPostId::new(request.id);
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                match filtered_posts::delete(connection, owner, id).await? {
                    true => Ok(()),
                    false => Err(GraphError::NoFilteredPost),
                }
            })
        },
        move |(), _| changed.filters.invalidate(&owner.get()),
    );
    written.await?;
    Ok(RemoveFilteredPostReply {})
}

async fn write(
    connection: &mut Connection,
    state: &State,
    request: AddFilteredPostRequest,
) -> Result<FilteredPost, GraphError> {
    let filter = find(connection, request.owner_id, request.filter_id).await?;
    let owner = AccountId::new(filter.owner_id);
    let post = FilteredPost {
        id: state.ids.next::<FilteredPostId>().get(),
        post_id: request.post_id,
    };
    if !filtered_posts::insert(connection, owner, FilterId::new(filter.id), post).await? {
        // In Mastodon's words.
        let sentence = "Validation failed: Status has already been taken";
        return Err(Error::invalid("status_id", sentence).into());
    }
    let max = state.settings.filtered_posts_max;
    // Counted with it, then compared: the error takes it back.
    if filtered_posts::is_full(connection, owner, max.saturating_add(1)).await? {
        let sentence =
            format!("All your filters together can have {max} posts. Remove some first.");
        return Err(Error::invalid("status_id", sentence).into());
    }
    Ok(post)
}
