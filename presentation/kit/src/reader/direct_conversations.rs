//! A viewer's conversations in direct posts.

use std::collections::HashMap;
use std::sync::Arc;

use business_posts_gateway::{
    DirectConversation, GetDirectConversationRequest, ListDirectConversationsRequest, PostId,
};
use infra_kernel::{AccountId, Context, Error, ErrorCode, Page, Result};

use super::timelines::until_something_is_left;
use super::{Listing, Reader};
use crate::card::{Person, Shown};
use crate::hydrate::distinct;
use crate::paging::Cursors;
use crate::rules::{Place, may_be_told_of};

/// Direct posts that answer one another, as the viewer sees them.
#[derive(Debug)]
pub struct ShownConversation {
    /// Which conversation it is, and whether the viewer has read it.
    pub conversation: DirectConversation,
    /// Those whom its last post is by or mentions, but for the viewer; the viewer alone when there
    /// is nobody else.
    pub people: Vec<Arc<Person>>,
    /// Its last post that the viewer may see.
    pub last: Shown,
}

impl Reader {
    /// A page of the viewer's conversations, the one with the latest post first. What they may not
    /// see, or no longer, is left out.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn direct_conversations(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<ShownConversation>> {
        let read = |page| self.direct_conversations_page(context, viewer, page);
        until_something_is_left(page, read).await
    }

    async fn direct_conversations_page(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<ShownConversation>> {
        let request = ListDirectConversationsRequest {
            account_id: viewer.get(),
            page: Some(page.into()),
        };
        let posts = &self.gateways.posts;
        let listed = posts.list_direct_conversations(context, request).await?;
        let ids = listed.conversations.iter().map(|one| one.last_post_id);
        let ids: Vec<u64> = ids.collect();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self
                .shown_conversations(context, viewer, listed.conversations)
                .await?,
        })
    }

    /// One of the viewer's conversations.
    ///
    /// # Errors
    /// `not_found` when there is no such conversation or the viewer may not see its latest posts:
    /// the two cannot be distinguished.
    pub async fn direct_conversation(
        &self,
        context: &Context,
        viewer: AccountId,
        id: PostId,
    ) -> Result<ShownConversation> {
        let request = GetDirectConversationRequest {
            account_id: viewer.get(),
            id: id.get(),
        };
        let posts = &self.gateways.posts;
        let found = posts.get_direct_conversation(context, request).await?;
        let shown = self
            .shown_conversations(context, viewer, vec![found])
            .await?
            .pop();
        shown.ok_or_else(|| Error::not_found("conversation"))
    }

    async fn shown_conversations(
        &self,
        context: &Context,
        viewer: AccountId,
        conversations: Vec<DirectConversation>,
    ) -> Result<Vec<ShownConversation>> {
        let last = conversations.iter().map(|one| one.last_post_id).collect();
        let posts = self.welcome(context, viewer, last).await?;
        let mut posts: HashMap<u64, Shown> = posts
            .into_iter()
            .map(|shown| (shown.head.id, shown))
            .collect();
        let mut found = Vec::with_capacity(conversations.len());
        for conversation in conversations {
            let last = match posts.remove(&conversation.last_post_id) {
                Some(last) => Some(last),
                None => self.last_welcome(context, viewer, &conversation).await?,
            };
            found.extend(last.map(|last| (conversation, last)));
        }
        let ids = found.iter().flat_map(|(_, last)| people_of(last, viewer));
        let people = self.people(context, distinct(ids)).await?.into_iter();
        let people: HashMap<u64, Arc<Person>> =
            people.map(|person| (person.account.id, person)).collect();
        let shown = |(conversation, last): (DirectConversation, Shown)| {
            let ids = people_of(&last, viewer).into_iter();
            ShownConversation {
                conversation,
                people: ids.filter_map(|id| people.get(&id).cloned()).collect(),
                last,
            }
        };
        Ok(found.into_iter().map(shown).collect())
    }

    /// The last of a conversation's latest posts that the viewer may see and be told of: nobody
    /// makes it go away for others by a post that these do not see.
    async fn last_welcome(
        &self,
        context: &Context,
        viewer: AccountId,
        conversation: &DirectConversation,
    ) -> Result<Option<Shown>> {
        let request = GetDirectConversationRequest {
            account_id: viewer.get(),
            id: conversation.id,
        };
        let posts = &self.gateways.posts;
        let found = match posts.get_direct_conversation(context, request).await {
            Ok(found) => found,
            // Removed since it was looked at.
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let welcome = self.welcome(context, viewer, found.recent_post_ids);
        Ok(welcome.await?.into_iter().next())
    }

    /// Those of these posts that the viewer may see, by people of whom they may be told.
    async fn welcome(
        &self,
        context: &Context,
        viewer: AccountId,
        ids: Vec<u64>,
    ) -> Result<Vec<Shown>> {
        let posts = self.posts_in(Place::Direct, context, Some(viewer), ids);
        let mut posts = posts.await?;
        posts.retain(|shown| may_be_told_of(&shown.relation));
        Ok(posts)
    }
}

/// Those whom a post is by or mentions, but for the viewer; the viewer alone when there is nobody
/// else.
fn people_of(post: &Shown, viewer: AccountId) -> Vec<u64> {
    let head = &post.head;
    let all = std::iter::once(head.author_id).chain(head.mentioned_ids.iter().copied());
    let others = distinct(all.filter(|id| *id != viewer.get()));
    if others.is_empty() {
        return vec![viewer.get()];
    }
    others
}
