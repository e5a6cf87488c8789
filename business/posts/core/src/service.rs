//! The contract, call by call.

mod content;
mod create_post;
mod delete_post;
mod direct_conversations;
mod draft;
mod edit_post;
mod followed_tags;
mod list;
mod pin;
mod read;
pub(crate) mod reshare;
mod tags;

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{
    CountPostsReply, CountPostsRequest, CreatePostReply, CreatePostRequest, DeletePostRequest,
    DirectConversation, EditPostReply, EditPostRequest, FindTagFollowersReply,
    FindTagFollowersRequest, FollowTagReply, FollowTagRequest, GetAuthorStatsReply,
    GetAuthorStatsRequest, GetConversationReply, GetConversationRequest,
    GetDirectConversationRequest, GetFollowedTagsReply, GetFollowedTagsRequest, GetPostHeadsReply,
    GetPostHeadsRequest, GetPostsReply, GetPostsRequest, GetResharedReply, GetResharedRequest,
    GetTagsReply, GetTagsRequest, ListByAuthorRequest, ListByAuthorsRequest,
    ListByFollowedTagsRequest, ListByTagRequest, ListDirectConversationsReply,
    ListDirectConversationsRequest, ListFollowedTagsReply, ListFollowedTagsRequest,
    ListPinnedRequest, ListPostsReply, ListPublicRequest, ListResharesRequest, ListVersionsReply,
    ListVersionsRequest, MarkDirectConversationReply, MarkDirectConversationRequest, PinPostReply,
    PinPostRequest, Post, Posts, RemoveDirectConversationReply, RemoveDirectConversationRequest,
    ReshareReply, ReshareRequest, SearchTagsReply, SearchTagsRequest, UnfollowTagReply,
    UnfollowTagRequest, UnpinPostReply, UnpinPostRequest, UnreshareReply, UnreshareRequest,
};
use infra_kernel::{AccountId, ApplicationId, Context, Result};

use crate::state::State;

pub(crate) struct PostsService {
    state: Arc<State>,
}

impl PostsService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Posts for PostsService {
    async fn create_post(
        &self,
        context: &Context,
        request: CreatePostRequest,
    ) -> Result<CreatePostReply> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        if request.application_id != 0 {
            let application = ApplicationId::new(request.application_id);
            context.caller().require_application(application)?;
        }
        Ok(create_post::create_post(&self.state, context, request).await?)
    }

    async fn edit_post(
        &self,
        context: &Context,
        request: EditPostRequest,
    ) -> Result<EditPostReply> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(edit_post::edit_post(&self.state, context, request).await?)
    }

    async fn list_versions(
        &self,
        _: &Context,
        request: ListVersionsRequest,
    ) -> Result<ListVersionsReply> {
        Ok(edit_post::list_versions(&self.state, &request).await?)
    }

    async fn delete_post(&self, context: &Context, request: DeletePostRequest) -> Result<Post> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(delete_post::delete_post(&self.state, context, request).await?)
    }

    async fn reshare(&self, context: &Context, request: ReshareRequest) -> Result<ReshareReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(reshare::reshare(&self.state, context, request).await?)
    }

    async fn unreshare(
        &self,
        context: &Context,
        request: UnreshareRequest,
    ) -> Result<UnreshareReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(reshare::unreshare(&self.state, context, request).await?)
    }

    async fn pin_post(&self, context: &Context, request: PinPostRequest) -> Result<PinPostReply> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(pin::pin(&self.state, request).await?)
    }

    async fn unpin_post(
        &self,
        context: &Context,
        request: UnpinPostRequest,
    ) -> Result<UnpinPostReply> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(pin::unpin(&self.state, request).await?)
    }

    async fn list_pinned(&self, _: &Context, request: ListPinnedRequest) -> Result<ListPostsReply> {
        Ok(pin::list(&self.state, &request).await?)
    }

    async fn list_reshares(
        &self,
        _: &Context,
        request: ListResharesRequest,
    ) -> Result<ListPostsReply> {
        Ok(reshare::list(&self.state, &request).await?)
    }

    async fn get_reshared(
        &self,
        context: &Context,
        request: GetResharedRequest,
    ) -> Result<GetResharedReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(reshare::reshared(&self.state, &request).await?)
    }

    async fn get_posts(&self, _: &Context, request: GetPostsRequest) -> Result<GetPostsReply> {
        Ok(read::posts(&self.state, &request).await?)
    }

    async fn get_post_heads(
        &self,
        _: &Context,
        request: GetPostHeadsRequest,
    ) -> Result<GetPostHeadsReply> {
        Ok(read::heads(&self.state, &request).await?)
    }

    async fn list_by_author(
        &self,
        context: &Context,
        request: ListByAuthorRequest,
    ) -> Result<ListPostsReply> {
        // With it the list holds posts that not everyone may see.
        if request.mentioned_id != 0 {
            let mentioned = AccountId::new(request.mentioned_id);
            context.caller().require_account(mentioned)?;
        }
        Ok(list::by_author(&self.state, &request).await?)
    }

    async fn list_by_authors(
        &self,
        _: &Context,
        request: ListByAuthorsRequest,
    ) -> Result<ListPostsReply> {
        Ok(list::by_authors(&self.state, request).await?)
    }

    async fn list_public(&self, _: &Context, request: ListPublicRequest) -> Result<ListPostsReply> {
        Ok(list::public(&self.state, &request).await?)
    }

    async fn list_by_tag(&self, _: &Context, request: ListByTagRequest) -> Result<ListPostsReply> {
        Ok(list::by_tag(&self.state, &request).await?)
    }

    async fn get_tags(&self, _: &Context, request: GetTagsRequest) -> Result<GetTagsReply> {
        Ok(tags::get(&self.state, request).await?)
    }

    async fn search_tags(
        &self,
        _: &Context,
        request: SearchTagsRequest,
    ) -> Result<SearchTagsReply> {
        Ok(tags::search(&self.state, &request).await?)
    }

    async fn follow_tag(
        &self,
        context: &Context,
        request: FollowTagRequest,
    ) -> Result<FollowTagReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(followed_tags::follow(&self.state, request).await?)
    }

    async fn unfollow_tag(
        &self,
        context: &Context,
        request: UnfollowTagRequest,
    ) -> Result<UnfollowTagReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(followed_tags::unfollow(&self.state, request).await?)
    }

    async fn list_followed_tags(
        &self,
        context: &Context,
        request: ListFollowedTagsRequest,
    ) -> Result<ListFollowedTagsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(followed_tags::list(&self.state, &request).await?)
    }

    async fn get_followed_tags(
        &self,
        context: &Context,
        request: GetFollowedTagsRequest,
    ) -> Result<GetFollowedTagsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(followed_tags::among(&self.state, request).await?)
    }

    async fn list_by_followed_tags(
        &self,
        context: &Context,
        request: ListByFollowedTagsRequest,
    ) -> Result<ListPostsReply> {
        // The list would tell others what the account follows.
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list::by_followed_tags(&self.state, &request).await?)
    }

    async fn find_tag_followers(
        &self,
        context: &Context,
        request: FindTagFollowersRequest,
    ) -> Result<FindTagFollowersReply> {
        // What somebody follows is their own affair.
        context.caller().require_system()?;
        Ok(followed_tags::followers_among(&self.state, request).await?)
    }

    async fn get_conversation(
        &self,
        _: &Context,
        request: GetConversationRequest,
    ) -> Result<GetConversationReply> {
        Ok(read::conversation(&self.state, &request).await?)
    }

    async fn list_direct_conversations(
        &self,
        context: &Context,
        request: ListDirectConversationsRequest,
    ) -> Result<ListDirectConversationsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(direct_conversations::list(&self.state, &request).await?)
    }

    async fn get_direct_conversation(
        &self,
        context: &Context,
        request: GetDirectConversationRequest,
    ) -> Result<DirectConversation> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(direct_conversations::get(&self.state, request).await?)
    }

    async fn mark_direct_conversation(
        &self,
        context: &Context,
        request: MarkDirectConversationRequest,
    ) -> Result<MarkDirectConversationReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(direct_conversations::mark(&self.state, request).await?)
    }

    async fn remove_direct_conversation(
        &self,
        context: &Context,
        request: RemoveDirectConversationRequest,
    ) -> Result<RemoveDirectConversationReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(direct_conversations::remove(&self.state, request).await?)
    }

    async fn get_author_stats(
        &self,
        _: &Context,
        request: GetAuthorStatsRequest,
    ) -> Result<GetAuthorStatsReply> {
        Ok(read::author_stats(&self.state, &request).await?)
    }

    async fn count_posts(&self, _: &Context, _: CountPostsRequest) -> Result<CountPostsReply> {
        Ok(read::count(&self.state).await?)
    }
}
