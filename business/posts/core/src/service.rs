//! The contract, call by call.

mod create_post;
mod delete_post;
mod draft;
mod list;
mod read;

use std::sync::Arc;

use async_trait::async_trait;
use business_posts_gateway::{
    CountPostsReply, CountPostsRequest, CreatePostReply, CreatePostRequest, DeletePostRequest,
    GetAuthorStatsReply, GetAuthorStatsRequest, GetConversationReply, GetConversationRequest,
    GetPostHeadsReply, GetPostHeadsRequest, GetPostsReply, GetPostsRequest, ListByAuthorRequest,
    ListByAuthorsRequest, ListPostsReply, ListPublicRequest, Post, Posts,
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

    async fn delete_post(&self, context: &Context, request: DeletePostRequest) -> Result<Post> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(delete_post::delete_post(&self.state, context, request).await?)
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

    async fn get_conversation(
        &self,
        _: &Context,
        request: GetConversationRequest,
    ) -> Result<GetConversationReply> {
        Ok(read::conversation(&self.state, &request).await?)
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
