//! The contract, call by call.

mod bookmark;
mod like;
mod list;
mod read;

use std::sync::Arc;

use async_trait::async_trait;
use business_engagement_gateway::{
    BookmarkReply, BookmarkRequest, Engagement, GetCountsReply, GetCountsRequest, GetMarksReply,
    GetMarksRequest, LikeReply, LikeRequest, ListBookmarksReply, ListBookmarksRequest,
    ListLikesOfAccountRequest, ListLikesOfPostRequest, ListLikesReply, UnbookmarkReply,
    UnbookmarkRequest, UnlikeReply, UnlikeRequest,
};
use infra_kernel::{AccountId, Context, Result};

use crate::state::State;

pub(crate) struct EngagementService {
    state: Arc<State>,
}

impl EngagementService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Engagement for EngagementService {
    async fn like(&self, context: &Context, request: LikeRequest) -> Result<LikeReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(like::like(&self.state, context, request).await?)
    }

    async fn unlike(&self, context: &Context, request: UnlikeRequest) -> Result<UnlikeReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(like::unlike(&self.state, context, request).await?)
    }

    async fn list_likes_of_post(
        &self,
        _: &Context,
        request: ListLikesOfPostRequest,
    ) -> Result<ListLikesReply> {
        Ok(list::likes_of_post(&self.state, &request).await?)
    }

    async fn list_likes_of_account(
        &self,
        context: &Context,
        request: ListLikesOfAccountRequest,
    ) -> Result<ListLikesReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list::likes_of_account(&self.state, &request).await?)
    }

    async fn bookmark(&self, context: &Context, request: BookmarkRequest) -> Result<BookmarkReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(bookmark::bookmark(&self.state, context, request).await?)
    }

    async fn unbookmark(
        &self,
        context: &Context,
        request: UnbookmarkRequest,
    ) -> Result<UnbookmarkReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(bookmark::unbookmark(&self.state, request).await?)
    }

    async fn list_bookmarks(
        &self,
        context: &Context,
        request: ListBookmarksRequest,
    ) -> Result<ListBookmarksReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(list::bookmarks(&self.state, &request).await?)
    }

    async fn get_counts(&self, _: &Context, request: GetCountsRequest) -> Result<GetCountsReply> {
        Ok(read::counts(&self.state, request).await?)
    }

    async fn get_marks(
        &self,
        context: &Context,
        request: GetMarksRequest,
    ) -> Result<GetMarksReply> {
        let viewer = AccountId::new(request.viewer_id);
        context.caller().require_account(viewer)?;
        Ok(read::marks(&self.state, request).await?)
    }
}
