//! The contract, call by call.

mod block;
mod filters;
mod follow;
mod list_members;
mod lists;
mod mute;
mod note;
mod read;
pub(crate) mod request;

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::{
    AcceptFollowReply, AcceptFollowRequest, AddFilteredPostReply, AddFilteredPostRequest,
    AddToListReply, AddToListRequest, BlockReply, BlockRequest, CountFollowRequestsReply,
    CountFollowRequestsRequest, CreateFilterReply, CreateFilterRequest, CreateListReply,
    CreateListRequest, DeleteFilterReply, DeleteFilterRequest, DeleteListReply, DeleteListRequest,
    FindListsHoldingReply, FindListsHoldingRequest, FollowReply, FollowRequest, GetListReply,
    GetListRequest, GetNotesReply, GetNotesRequest, GetReadingFiltersReply,
    GetReadingFiltersRequest, GetRelationshipsReply, GetRelationshipsRequest, GetStatsReply,
    GetStatsRequest, Graph, ListBlocksReply, ListBlocksRequest, ListFiltersReply,
    ListFiltersRequest, ListFollowRequestsReply, ListFollowRequestsRequest, ListFollowsReply,
    ListFollowsRequest, ListListsReply, ListListsRequest, ListMembersReply, ListMembersRequest,
    ListMutesReply, ListMutesRequest, MuteReply, MuteRequest, RejectFollowReply,
    RejectFollowRequest, RemoveFilteredPostReply, RemoveFilteredPostRequest, RemoveFollowerReply,
    RemoveFollowerRequest, RemoveFromListReply, RemoveFromListRequest, SetNoteReply,
    SetNoteRequest, UnblockReply, UnblockRequest, UnfollowReply, UnfollowRequest, UnmuteReply,
    UnmuteRequest, UpdateFilterReply, UpdateFilterRequest, UpdateListReply, UpdateListRequest,
};
use infra_kernel::{AccountId, Context, Result};

use crate::state::State;
use crate::store::follows::End;

pub(crate) struct GraphService {
    state: Arc<State>,
}

impl GraphService {
    pub(crate) const fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

#[async_trait]
impl Graph for GraphService {
    async fn follow(&self, context: &Context, request: FollowRequest) -> Result<FollowReply> {
        let follower = AccountId::new(request.follower_id);
        context.caller().require_account(follower)?;
        Ok(follow::follow(&self.state, context, request).await?)
    }

    async fn unfollow(&self, context: &Context, request: UnfollowRequest) -> Result<UnfollowReply> {
        let follower = AccountId::new(request.follower_id);
        context.caller().require_account(follower)?;
        Ok(follow::unfollow(&self.state, context, request).await?)
    }

    async fn accept_follow(
        &self,
        context: &Context,
        request: AcceptFollowRequest,
    ) -> Result<AcceptFollowReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(request::accept(&self.state, context, request).await?)
    }

    async fn reject_follow(
        &self,
        context: &Context,
        request: RejectFollowRequest,
    ) -> Result<RejectFollowReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(request::reject(&self.state, context, request).await?)
    }

    async fn list_follow_requests(
        &self,
        context: &Context,
        request: ListFollowRequestsRequest,
    ) -> Result<ListFollowRequestsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(request::list(&self.state, &request).await?)
    }

    async fn count_follow_requests(
        &self,
        context: &Context,
        request: CountFollowRequestsRequest,
    ) -> Result<CountFollowRequestsReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(request::count(&self.state, &request).await?)
    }

    async fn remove_follower(
        &self,
        context: &Context,
        request: RemoveFollowerRequest,
    ) -> Result<RemoveFollowerReply> {
        let followee = AccountId::new(request.followee_id);
        context.caller().require_account(followee)?;
        Ok(follow::remove_follower(&self.state, context, request).await?)
    }

    async fn block(&self, context: &Context, request: BlockRequest) -> Result<BlockReply> {
        let blocker = AccountId::new(request.blocker_id);
        context.caller().require_account(blocker)?;
        Ok(block::block(&self.state, context, request).await?)
    }

    async fn unblock(&self, context: &Context, request: UnblockRequest) -> Result<UnblockReply> {
        let blocker = AccountId::new(request.blocker_id);
        context.caller().require_account(blocker)?;
        Ok(block::unblock(&self.state, request).await?)
    }

    async fn mute(&self, context: &Context, request: MuteRequest) -> Result<MuteReply> {
        let muter = AccountId::new(request.muter_id);
        context.caller().require_account(muter)?;
        Ok(mute::mute(&self.state, context, request).await?)
    }

    async fn unmute(&self, context: &Context, request: UnmuteRequest) -> Result<UnmuteReply> {
        let muter = AccountId::new(request.muter_id);
        context.caller().require_account(muter)?;
        Ok(mute::unmute(&self.state, request).await?)
    }

    async fn list_blocks(
        &self,
        context: &Context,
        request: ListBlocksRequest,
    ) -> Result<ListBlocksReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(read::blocks(&self.state, &request).await?)
    }

    async fn list_mutes(
        &self,
        context: &Context,
        request: ListMutesRequest,
    ) -> Result<ListMutesReply> {
        let account = AccountId::new(request.account_id);
        context.caller().require_account(account)?;
        Ok(read::mutes(&self.state, &request).await?)
    }

    async fn set_note(&self, context: &Context, request: SetNoteRequest) -> Result<SetNoteReply> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(note::set(&self.state, context, request).await?)
    }

    async fn get_notes(
        &self,
        context: &Context,
        request: GetNotesRequest,
    ) -> Result<GetNotesReply> {
        let author = AccountId::new(request.author_id);
        context.caller().require_account(author)?;
        Ok(note::get(&self.state, &request).await?)
    }

    async fn create_list(
        &self,
        context: &Context,
        request: CreateListRequest,
    ) -> Result<CreateListReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(lists::create(&self.state, request).await?)
    }

    async fn update_list(
        &self,
        context: &Context,
        request: UpdateListRequest,
    ) -> Result<UpdateListReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(lists::update(&self.state, request).await?)
    }

    async fn delete_list(
        &self,
        context: &Context,
        request: DeleteListRequest,
    ) -> Result<DeleteListReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(lists::delete(&self.state, request).await?)
    }

    async fn list_lists(
        &self,
        context: &Context,
        request: ListListsRequest,
    ) -> Result<ListListsReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(lists::list(&self.state, &request).await?)
    }

    async fn add_to_list(
        &self,
        context: &Context,
        request: AddToListRequest,
    ) -> Result<AddToListReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(list_members::add(&self.state, request).await?)
    }

    async fn remove_from_list(
        &self,
        context: &Context,
        request: RemoveFromListRequest,
    ) -> Result<RemoveFromListReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(list_members::remove(&self.state, request).await?)
    }

    async fn list_members(
        &self,
        context: &Context,
        request: ListMembersRequest,
    ) -> Result<ListMembersReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(list_members::list(&self.state, &request).await?)
    }

    async fn get_list(&self, context: &Context, request: GetListRequest) -> Result<GetListReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(lists::get(&self.state, &request).await?)
    }

    async fn create_filter(
        &self,
        context: &Context,
        request: CreateFilterRequest,
    ) -> Result<CreateFilterReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::create(&self.state, request).await?)
    }

    async fn update_filter(
        &self,
        context: &Context,
        request: UpdateFilterRequest,
    ) -> Result<UpdateFilterReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::update(&self.state, request).await?)
    }

    async fn delete_filter(
        &self,
        context: &Context,
        request: DeleteFilterRequest,
    ) -> Result<DeleteFilterReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::delete(&self.state, request).await?)
    }

    async fn add_filtered_post(
        &self,
        context: &Context,
        request: AddFilteredPostRequest,
    ) -> Result<AddFilteredPostReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::add_post(&self.state, request).await?)
    }

    async fn remove_filtered_post(
        &self,
        context: &Context,
        request: RemoveFilteredPostRequest,
    ) -> Result<RemoveFilteredPostReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::remove_post(&self.state, request).await?)
    }

    async fn list_filters(
        &self,
        context: &Context,
        request: ListFiltersRequest,
    ) -> Result<ListFiltersReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::list(&self.state, &request).await?)
    }

    async fn get_reading_filters(
        &self,
        context: &Context,
        request: GetReadingFiltersRequest,
    ) -> Result<GetReadingFiltersReply> {
        let owner = AccountId::new(request.owner_id);
        context.caller().require_account(owner)?;
        Ok(filters::reading(&self.state, &request).await?)
    }

    async fn find_lists_holding(
        &self,
        context: &Context,
        request: FindListsHoldingRequest,
    ) -> Result<FindListsHoldingReply> {
        // Who is on a list is its owner's own affair.
        context.caller().require_system()?;
        Ok(lists::holding(&self.state, &request).await?)
    }

    async fn get_relationships(
        &self,
        context: &Context,
        request: GetRelationshipsRequest,
    ) -> Result<GetRelationshipsReply> {
        let viewer = AccountId::new(request.viewer_id);
        context.caller().require_account(viewer)?;
        Ok(read::relationships(&self.state, &request).await?)
    }

    async fn list_followers(
        &self,
        // Here and below no caller is required: everyone may see who follows whom, and how many
        // do.
        _: &Context,
        request: ListFollowsRequest,
    ) -> Result<ListFollowsReply> {
        Ok(read::list(&self.state, End::Followee, &request).await?)
    }

    async fn list_following(
        &self,
        _: &Context,
        request: ListFollowsRequest,
    ) -> Result<ListFollowsReply> {
        Ok(read::list(&self.state, End::Follower, &request).await?)
    }

    async fn list_notified_followers(
        &self,
        context: &Context,
        request: ListFollowsRequest,
    ) -> Result<ListFollowsReply> {
        // Who wants to be told is the follower's own affair.
        context.caller().require_system()?;
        Ok(read::notified(&self.state, &request).await?)
    }

    async fn get_stats(&self, _: &Context, request: GetStatsRequest) -> Result<GetStatsReply> {
        Ok(read::stats(&self.state, &request).await?)
    }
}
