//! Who follows whom.

use business_graph_gateway::*;
use infra_kernel::Result;

use super::*;

#[allow(clippy::unused_async, reason = "the shape that the macro calls")]
impl Fakes {
    pub(super) async fn on_follow(&self, request: FollowRequest) -> Result<FollowReply> {
        self.note(format!(
            "follow {} {}",
            request.follower_id, request.followee_id
        ));
        Ok(FollowReply::default())
    }

    pub(super) async fn on_accept_follow(
        &self,
        request: AcceptFollowRequest,
    ) -> Result<AcceptFollowReply> {
        self.note(format!("let in {}", request.follower_id));
        Ok(AcceptFollowReply { accepted: true })
    }

    pub(super) async fn on_reject_follow(
        &self,
        request: RejectFollowRequest,
    ) -> Result<RejectFollowReply> {
        self.note(format!("turn away {}", request.follower_id));
        Ok(RejectFollowReply { rejected: true })
    }

    /// Bob asks.
    pub(super) async fn on_list_requests(
        &self,
        request: ListFollowRequestsRequest,
    ) -> Result<ListFollowRequestsReply> {
        let asked = Follow {
            id: 3,
            follower_id: BOB,
            followee_id: request.account_id,
            ..Follow::default()
        };
        Ok(ListFollowRequestsReply {
            requests: vec![asked],
        })
    }

    pub(super) async fn on_count_requests(
        &self,
        _: CountFollowRequestsRequest,
    ) -> Result<CountFollowRequestsReply> {
        Ok(CountFollowRequestsReply { count: 1 })
    }

    pub(super) async fn on_get_relationships(
        &self,
        request: GetRelationshipsRequest,
    ) -> Result<GetRelationshipsReply> {
        let relationship = |target_id| Relationship {
            target_id,
            ..Relationship::default()
        };
        Ok(GetRelationshipsReply {
            relationships: request.target_ids.into_iter().map(relationship).collect(),
            filters_revision: 0,
        })
    }

    pub(super) async fn on_list_follows(&self, _: ListFollowsRequest) -> Result<ListFollowsReply> {
        Ok(ListFollowsReply {
            follows: vec![business_graph_gateway::Follow {
                id: 7,
                follower_id: ADA,
                followee_id: BOB,
                ..Default::default()
            }],
        })
    }

    pub(super) async fn on_get_stats(&self, request: GetStatsRequest) -> Result<GetStatsReply> {
        let stats = |account_id| GraphStats {
            account_id,
            ..GraphStats::default()
        };
        Ok(GetStatsReply {
            stats: request.account_ids.into_iter().map(stats).collect(),
        })
    }
}
