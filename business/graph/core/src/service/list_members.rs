//! Putting accounts on lists and taking them off.

use std::sync::Arc;

use business_graph_gateway::{
    AddToListReply, AddToListRequest, LIST_CHANGES_MAX, ListId, ListMemberId, ListMembersReply,
    ListMembersRequest, PAGE_LIMIT_MAX, RemoveFromListReply, RemoveFromListRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error};
use infra_rpc::v1;

use super::lists::find;
use crate::error::GraphError;
use crate::state::State;
use crate::store::{follows, list_members, lists};

pub(crate) async fn add(
    state: &Arc<State>,
    request: AddToListRequest,
) -> Result<AddToListReply, GraphError> {
    check_count(&request.member_ids)?;
    let (owner, members) = (request.owner_id, request.member_ids.clone());
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| Box::pin(async move { write(connection, &writing, &request).await }),
        move |(), _| changed.list_changed(owner, &members),
    );
    written.await?;
    Ok(AddToListReply {})
}

pub(crate) async fn remove(
    state: &Arc<State>,
    request: RemoveFromListRequest,
) -> Result<RemoveFromListReply, GraphError> {
    check_count(&request.member_ids)?;
    let (owner, members) = (request.owner_id, request.member_ids.clone());
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let list = find(connection, request.owner_id, request.list_id).await?;
                let list = ListId::new(list.id);
                list_members::delete(connection, list, &request.member_ids).await?;
                Ok::<_, GraphError>(())
            })
        },
        move |(), _| changed.list_changed(owner, &members),
    );
    written.await?;
    Ok(RemoveFromListReply {})
}

pub(crate) async fn list(
    state: &State,
    request: &ListMembersRequest,
) -> Result<ListMembersReply, GraphError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let (owner, list) = (
        AccountId::new(request.owner_id),
        ListId::new(request.list_id),
    );
    if lists::get(&state.database, owner, list).await?.is_none() {
        return Err(GraphError::NoList);
    }
    let members = list_members::page(&state.database, list, &page).await?;
    Ok(ListMembersReply { members })
}

fn check_count(ids: &[u64]) -> Result<(), Error> {
    if ids.len() > LIST_CHANGES_MAX {
        let sentence = format!("At most {LIST_CHANGES_MAX} accounts can be named at once.");
        return Err(Error::invalid("account_ids", sentence));
    }
    Ok(())
}

async fn write(
    connection: &mut Connection,
    state: &State,
    request: &AddToListRequest,
) -> Result<(), GraphError> {
    let stored = find(connection, request.owner_id, request.list_id).await?;
    let (list, owner) = (ListId::new(stored.id), AccountId::new(stored.owner_id));
    for member in &request.member_ids {
        let member = AccountId::new(*member);
        // Within the write: a follow that ends takes its account off every list.
        if follows::find(connection, owner, member).await?.is_none() {
            return Err(GraphError::NotFollowed);
        }
        // Single writer (ADR 0026): numbered in the order of the commits, as follows are.
        let id = state.ids.next::<ListMemberId>();
        if !list_members::insert(connection, id, &stored, member).await? {
            // In Mastodon's words, by which clients know it.
            let sentence = "Validation failed: Account has already been taken";
            return Err(Error::invalid("account_ids", sentence).into());
        }
    }
    let max = state.settings.list_members_max;
    // Counted with them, then compared: the error takes all of them back.
    if list_members::count(connection, list, max.saturating_add(1)).await? > u64::from(max) {
        let sentence = format!("At most {max} accounts can be on a list. Take some off first.");
        return Err(Error::invalid("account_ids", sentence).into());
    }
    Ok(())
}
