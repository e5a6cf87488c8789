//! The contract, call by call.

mod follow;
mod read;

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::{
    FollowReply, FollowRequest, GetRelationshipsReply, GetRelationshipsRequest, GetStatsReply,
    GetStatsRequest, Graph, ListFollowsReply, ListFollowsRequest, UnfollowReply, UnfollowRequest,
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

    async fn get_stats(&self, _: &Context, request: GetStatsRequest) -> Result<GetStatsReply> {
        Ok(read::stats(&self.state, &request).await?)
    }
}
