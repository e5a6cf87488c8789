//! Conversations in direct posts: reading them, noting whether they were read, removing them.

use business_posts_gateway::{
    DirectConversation, GetDirectConversationRequest, ListDirectConversationsReply,
    ListDirectConversationsRequest, MarkDirectConversationReply, MarkDirectConversationRequest,
    PostId, RemoveDirectConversationReply, RemoveDirectConversationRequest,
};
use infra_kernel::{AccountId, Error};

use super::list::page;
use crate::error::PostsError;
use crate::state::State;
use crate::store::direct_conversations;

pub(crate) async fn list(
    state: &State,
    request: &ListDirectConversationsRequest,
) -> Result<ListDirectConversationsReply, PostsError> {
    let page = page(request.page)?;
    let account = AccountId::new(request.account_id);
    let conversations = direct_conversations::list(&state.database, account, &page).await?;
    Ok(ListDirectConversationsReply { conversations })
}

pub(crate) async fn get(
    state: &State,
    request: GetDirectConversationRequest,
) -> Result<DirectConversation, PostsError> {
    let (account, root) = (AccountId::new(request.account_id), PostId::new(request.id));
    let found = direct_conversations::get(&state.database, account, root).await?;
    Ok(found.ok_or_else(not_there)?)
}

pub(crate) async fn mark(
    state: &State,
    request: MarkDirectConversationRequest,
) -> Result<MarkDirectConversationReply, PostsError> {
    let (account, root) = (AccountId::new(request.account_id), PostId::new(request.id));
    let unread = request.unread;
    let is_there = state.database.write(move |connection| {
        Box::pin(async move {
            let is_there = direct_conversations::mark(connection, account, root, unread).await?;
            Ok::<_, PostsError>(is_there)
        })
    });
    if !is_there.await? {
        return Err(not_there().into());
    }
    Ok(MarkDirectConversationReply {})
}

pub(crate) async fn remove(
    state: &State,
    request: RemoveDirectConversationRequest,
) -> Result<RemoveDirectConversationReply, PostsError> {
    let (account, root) = (AccountId::new(request.account_id), PostId::new(request.id));
    let Some(known) = direct_conversations::get(&state.database, account, root).await? else {
        return Ok(RemoveDirectConversationReply { removed: false });
    };
    // What comes meanwhile stays.
    let last = PostId::new(known.last_post_id);
    loop {
        // Each batch is committed: one that is cut off is continued by asking again.
        let some = state.database.write(move |connection| {
            Box::pin(async move {
                let is_all =
                    direct_conversations::remove_some(connection, account, root, last).await?;
                Ok::<_, PostsError>(is_all)
            })
        });
        if some.await? {
            return Ok(RemoveDirectConversationReply { removed: true });
        }
    }
}

fn not_there() -> Error {
    Error::not_found("conversation")
}
