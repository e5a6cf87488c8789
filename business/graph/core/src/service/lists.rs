//! Lists of accounts that their owner follows: making, changing, deleting and showing them.

use std::sync::Arc;

use business_graph_gateway::{
    AccountList, CreateListReply, CreateListRequest, DeleteListReply, DeleteListRequest,
    FindListsHoldingReply, FindListsHoldingRequest, GetListReply, GetListRequest,
    LIST_TITLE_CHARACTERS_MAX, ListId, ListListsReply, ListListsRequest, RepliesPolicy,
    UpdateListReply, UpdateListRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Error};

use super::read::check_count;
use crate::error::GraphError;
use crate::state::State;
use crate::store::{list_members, lists};

pub(crate) async fn create(
    state: &Arc<State>,
    request: CreateListRequest,
) -> Result<CreateListReply, GraphError> {
    check_title(&request.title)?;
    let policy = policy_of(request.replies_policy)?.unwrap_or(RepliesPolicy::List);
    let list = AccountList {
        id: 0,
        owner_id: request.owner_id,
        title: request.title,
        replies_policy: policy.into(),
        exclusive: request.exclusive,
    };
    let writing = Arc::clone(state);
    let written = state.database.write(move |connection| {
        Box::pin(async move { write_new(connection, &writing, list).await })
    });
    Ok(CreateListReply {
        list: Some(written.await?),
    })
}

pub(crate) async fn update(
    state: &Arc<State>,
    request: UpdateListRequest,
) -> Result<UpdateListReply, GraphError> {
    if let Some(title) = &request.title {
        check_title(title)?;
    }
    policy_of(request.replies_policy)?;
    let owner = request.owner_id;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move { write_change(connection, &writing, request).await })
        },
        move |(_, members), _| changed.list_changed(owner, members),
    );
    let (list, _) = written.await?;
    Ok(UpdateListReply { list: Some(list) })
}

pub(crate) async fn delete(
    state: &Arc<State>,
    request: DeleteListRequest,
) -> Result<DeleteListReply, GraphError> {
    let owner = request.owner_id;
    let (writing, changed) = (Arc::clone(state), Arc::clone(state));
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let list = find(connection, request.owner_id, request.list_id).await?;
                let members = members_if(list.exclusive, connection, &writing, &list).await?;
                list_members::delete_all(connection, ListId::new(list.id)).await?;
                lists::delete(connection, ListId::new(list.id)).await?;
                Ok::<_, GraphError>(members)
            })
        },
        move |members, _| changed.list_changed(owner, members),
    );
    written.await?;
    Ok(DeleteListReply {})
}

pub(crate) async fn list(
    state: &State,
    request: &ListListsRequest,
) -> Result<ListListsReply, GraphError> {
    let owner = AccountId::new(request.owner_id);
    let member = (request.member_id != 0).then(|| AccountId::new(request.member_id));
    let max = state.settings.lists_max;
    let lists = lists::of_owner(&state.database, owner, member, max).await?;
    Ok(ListListsReply { lists })
}

pub(crate) async fn get(
    state: &State,
    request: &GetListRequest,
) -> Result<GetListReply, GraphError> {
    let (owner, list) = (
        AccountId::new(request.owner_id),
        ListId::new(request.list_id),
    );
    let list = lists::get(&state.database, owner, list).await?;
    let list = list.ok_or(GraphError::NoList)?;
    let max = state.settings.list_members_max;
    let member_ids = list_members::all(&state.database, ListId::new(list.id), max).await?;
    Ok(GetListReply {
        list: Some(list),
        member_ids,
    })
}

pub(crate) async fn holding(
    state: &State,
    request: &FindListsHoldingRequest,
) -> Result<FindListsHoldingReply, GraphError> {
    check_count("list_ids", &request.list_ids)?;
    if request.list_ids.is_empty() {
        return Ok(FindListsHoldingReply::default());
    }
    let member = AccountId::new(request.member_id);
    let lists = lists::holding(&state.database, member, &request.list_ids).await?;
    Ok(FindListsHoldingReply { lists })
}

/// An account's list, within a write.
pub(super) async fn find(
    connection: &mut Connection,
    owner: u64,
    list: u64,
) -> Result<AccountList, GraphError> {
    let list = lists::find(connection, AccountId::new(owner), ListId::new(list)).await?;
    list.ok_or(GraphError::NoList)
}

/// In Mastodon's words, by which clients know it.
fn check_title(title: &str) -> Result<(), Error> {
    let sentence = if title.trim().is_empty() {
        "Validation failed: Title can't be blank".to_owned()
    } else if title.chars().nth(LIST_TITLE_CHARACTERS_MAX).is_some() {
        format!(
            "Validation failed: Title is too long (maximum is {LIST_TITLE_CHARACTERS_MAX} characters)"
        )
    } else if title.contains('\0') {
        "A title cannot contain NUL characters.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::invalid("title", sentence))
}

/// The policy that is asked for; none when it is left open.
fn policy_of(value: i32) -> Result<Option<RepliesPolicy>, Error> {
    match RepliesPolicy::try_from(value) {
        Ok(RepliesPolicy::Unspecified) => Ok(None),
        Ok(policy) => Ok(Some(policy)),
        Err(_) => {
            let sentence = "Validation failed: Replies policy is not included in the list";
            Err(Error::invalid("replies_policy", sentence))
        }
    }
}

async fn write_new(
    connection: &mut Connection,
    state: &State,
    list: AccountList,
) -> Result<AccountList, GraphError> {
    let max = state.settings.lists_max;
    if lists::is_full(connection, AccountId::new(list.owner_id), max).await? {
        // In Mastodon's words.
        let sentence = "Validation failed: You have reached the maximum number of lists";
        return Err(Error::invalid("title", sentence).into());
    }
    let list = AccountList {
        id: state.ids.next::<ListId>().get(),
        ..list
    };
    lists::insert(connection, &list, state.clock.now()).await?;
    Ok(list)
}

/// The list as it is now, and for whom of it that changes something.
async fn write_change(
    connection: &mut Connection,
    state: &State,
    request: UpdateListRequest,
) -> Result<(AccountList, Vec<u64>), GraphError> {
    let stored = find(connection, request.owner_id, request.list_id).await?;
    let list = AccountList {
        title: request.title.unwrap_or_else(|| stored.title.clone()),
        replies_policy: match request.replies_policy {
            0 => stored.replies_policy,
            policy => policy,
        },
        exclusive: request.exclusive.unwrap_or(stored.exclusive),
        ..stored
    };
    lists::update(connection, &list).await?;
    let is_changed = list.exclusive != stored.exclusive;
    if is_changed {
        list_members::set_exclusive(connection, ListId::new(list.id), list.exclusive).await?;
    }
    let members = members_if(is_changed, connection, state, &list).await?;
    Ok((list, members))
}

/// Everyone on a list, if that is of interest.
async fn members_if(
    is_wanted: bool,
    connection: &mut Connection,
    state: &State,
    list: &AccountList,
) -> Result<Vec<u64>, GraphError> {
    if !is_wanted {
        return Ok(Vec::new());
    }
    let max = state.settings.list_members_max;
    Ok(list_members::find_all(connection, ListId::new(list.id), max).await?)
}
