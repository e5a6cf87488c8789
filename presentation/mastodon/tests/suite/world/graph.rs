use async_trait::async_trait;
use business_graph_gateway::*;
use infra_kernel::{Context, Error, Result};
use testing_stubs::StubGraph;

use super::{NOON_US, World};

#[async_trait]
impl StubGraph for World {
    async fn follow(&self, _: &Context, request: FollowRequest) -> Result<FollowReply> {
        if request.follower_id == request.followee_id {
            return Err(Error::invalid("id", "An account cannot follow itself."));
        }
        let follow = Follow {
            id: self.next_id(),
            follower_id: request.follower_id,
            followee_id: request.followee_id,
            show_reblogs: request.show_reblogs.unwrap_or(true),
            notify: request.notify.unwrap_or(false),
        };
        self.follows.lock().unwrap().push(follow);
        Ok(FollowReply {
            follow: Some(follow),
            created: true,
            requested: false,
        })
    }

    async fn unfollow(&self, _: &Context, request: UnfollowRequest) -> Result<UnfollowReply> {
        self.follows.lock().unwrap().retain(|follow| {
            (follow.follower_id, follow.followee_id) != (request.follower_id, request.followee_id)
        });
        Ok(UnfollowReply {})
    }

    async fn remove_follower(
        &self,
        context: &Context,
        request: RemoveFollowerRequest,
    ) -> Result<RemoveFollowerReply> {
        let request = UnfollowRequest {
            follower_id: request.follower_id,
            followee_id: request.followee_id,
        };
        StubGraph::unfollow(self, context, request).await?;
        Ok(RemoveFollowerReply {})
    }

    async fn count_follow_requests(
        &self,
        _: &Context,
        _: CountFollowRequestsRequest,
    ) -> Result<CountFollowRequestsReply> {
        Ok(CountFollowRequestsReply { count: 2 })
    }

    async fn block(&self, _: &Context, request: BlockRequest) -> Result<BlockReply> {
        let pair = (request.blocker_id, request.blockee_id);
        self.blocks.lock().unwrap().push(pair);
        Ok(BlockReply { created: true })
    }

    async fn unblock(&self, _: &Context, request: UnblockRequest) -> Result<UnblockReply> {
        let pair = (request.blocker_id, request.blockee_id);
        self.blocks.lock().unwrap().retain(|block| *block != pair);
        Ok(UnblockReply {})
    }

    async fn list_blocks(
        &self,
        _: &Context,
        request: ListBlocksRequest,
    ) -> Result<ListBlocksReply> {
        let blocks = self.blocks.lock().unwrap();
        let of_account = blocks
            .iter()
            .filter(|(blocker, _)| *blocker == request.account_id);
        let blocks = of_account
            .zip(1..)
            .map(|((blocker_id, blockee_id), id)| AccountBlock {
                id,
                blocker_id: *blocker_id,
                blockee_id: *blockee_id,
            });
        Ok(ListBlocksReply {
            blocks: blocks.collect(),
        })
    }

    async fn mute(&self, _: &Context, request: MuteRequest) -> Result<MuteReply> {
        self.mutes.lock().unwrap().push(AccountMute {
            id: self.next_id(),
            muter_id: request.muter_id,
            mutee_id: request.mutee_id,
            notifications: request.notifications,
            expires_at_us: match request.duration_s.cast_signed() {
                0 => 0,
                lasts_s => NOON_US + lasts_s * 1_000_000,
            },
        });
        Ok(MuteReply {})
    }

    async fn unmute(&self, _: &Context, request: UnmuteRequest) -> Result<UnmuteReply> {
        let pair = (request.muter_id, request.mutee_id);
        let mut mutes = self.mutes.lock().unwrap();
        mutes.retain(|mute| (mute.muter_id, mute.mutee_id) != pair);
        Ok(UnmuteReply {})
    }

    async fn list_mutes(&self, _: &Context, request: ListMutesRequest) -> Result<ListMutesReply> {
        let mut mutes = self.mutes.lock().unwrap().clone();
        mutes.retain(|mute| mute.muter_id == request.account_id);
        Ok(ListMutesReply { mutes })
    }

    async fn set_note(&self, _: &Context, request: SetNoteRequest) -> Result<SetNoteReply> {
        let pair = (request.author_id, request.target_id);
        let mut notes = self.account_notes.lock().unwrap();
        notes.insert(pair, request.text);
        Ok(SetNoteReply {})
    }

    async fn get_notes(&self, _: &Context, request: GetNotesRequest) -> Result<GetNotesReply> {
        let notes = self.account_notes.lock().unwrap();
        let note = |target_id: &u64| {
            let text = notes.get(&(request.author_id, *target_id))?.clone();
            Some(AccountNote {
                target_id: *target_id,
                text,
            })
        };
        Ok(GetNotesReply {
            notes: request.target_ids.iter().filter_map(note).collect(),
        })
    }

    async fn create_list(
        &self,
        _: &Context,
        request: CreateListRequest,
    ) -> Result<CreateListReply> {
        Ok(self.list_created(request))
    }

    async fn update_list(
        &self,
        _: &Context,
        request: UpdateListRequest,
    ) -> Result<UpdateListReply> {
        self.list_updated(request)
    }

    async fn delete_list(
        &self,
        _: &Context,
        request: DeleteListRequest,
    ) -> Result<DeleteListReply> {
        self.list_deleted(request)
    }

    async fn list_lists(&self, _: &Context, request: ListListsRequest) -> Result<ListListsReply> {
        Ok(self.lists_of(request))
    }

    async fn get_list(&self, _: &Context, request: GetListRequest) -> Result<GetListReply> {
        self.list_shown(request)
    }

    async fn add_to_list(&self, _: &Context, request: AddToListRequest) -> Result<AddToListReply> {
        self.added_to_list(&request)
    }

    async fn remove_from_list(
        &self,
        _: &Context,
        request: RemoveFromListRequest,
    ) -> Result<RemoveFromListReply> {
        self.removed_from_list(&request)
    }

    async fn list_members(
        &self,
        _: &Context,
        request: ListMembersRequest,
    ) -> Result<ListMembersReply> {
        self.members_listed(request)
    }

    async fn create_filter(
        &self,
        _: &Context,
        request: CreateFilterRequest,
    ) -> Result<CreateFilterReply> {
        self.filter_created(request)
    }

    async fn update_filter(
        &self,
        _: &Context,
        request: UpdateFilterRequest,
    ) -> Result<UpdateFilterReply> {
        self.filter_updated(request)
    }

    async fn delete_filter(
        &self,
        _: &Context,
        request: DeleteFilterRequest,
    ) -> Result<DeleteFilterReply> {
        self.filter_deleted(request)
    }

    async fn add_filtered_post(
        &self,
        _: &Context,
        request: AddFilteredPostRequest,
    ) -> Result<AddFilteredPostReply> {
        self.filtered_post_added(request)
    }

    async fn remove_filtered_post(
        &self,
        _: &Context,
        request: RemoveFilteredPostRequest,
    ) -> Result<RemoveFilteredPostReply> {
        self.filtered_post_removed(request)
    }

    async fn list_filters(
        &self,
        _: &Context,
        request: ListFiltersRequest,
    ) -> Result<ListFiltersReply> {
        Ok(ListFiltersReply {
            filters: self.filters_of(request.owner_id),
        })
    }

    async fn get_reading_filters(
        &self,
        _: &Context,
        request: GetReadingFiltersRequest,
    ) -> Result<GetReadingFiltersReply> {
        self.note("reading filters");
        Ok(GetReadingFiltersReply {
            filters: self.filters_of(request.owner_id),
            revision: self.filters_revision_of(request.owner_id),
        })
    }

    async fn get_relationships(
        &self,
        _: &Context,
        request: GetRelationshipsRequest,
    ) -> Result<GetRelationshipsReply> {
        let follows = self.follows.lock().unwrap();
        let (blocks, mutes) = (self.blocks.lock().unwrap(), self.mutes.lock().unwrap());
        let find = |from: u64, to: u64| {
            follows
                .iter()
                .find(|follow| (follow.follower_id, follow.followee_id) == (from, to))
        };
        let relationship = |target_id: &u64| {
            let follow = find(request.viewer_id, *target_id);
            let pair = (request.viewer_id, *target_id);
            let mute = mutes
                .iter()
                .find(|mute| (mute.muter_id, mute.mutee_id) == pair);
            Relationship {
                target_id: *target_id,
                following: follow.is_some(),
                followed_by: find(*target_id, request.viewer_id).is_some(),
                show_reblogs: follow.is_some_and(|follow| follow.show_reblogs),
                notify: follow.is_some_and(|follow| follow.notify),
                blocking: blocks.contains(&(request.viewer_id, *target_id)),
                blocked_by: blocks.contains(&(*target_id, request.viewer_id)),
                muting: mute.is_some(),
                muting_notifications: mute.is_some_and(|mute| mute.notifications),
                mute_expires_at_us: mute.map_or(0, |mute| mute.expires_at_us),
                requested: false,
                requested_by: false,
                kept_out_of_home: false,
            }
        };
        Ok(GetRelationshipsReply {
            relationships: request.target_ids.iter().map(relationship).collect(),
            filters_revision: match request.with_filters {
                true => self.filters_revision_of(request.viewer_id),
                false => 0,
            },
        })
    }

    async fn list_followers(
        &self,
        _: &Context,
        request: ListFollowsRequest,
    ) -> Result<ListFollowsReply> {
        Ok(self.listed(&request, |follow| follow.followee_id))
    }

    async fn list_following(
        &self,
        _: &Context,
        request: ListFollowsRequest,
    ) -> Result<ListFollowsReply> {
        Ok(self.listed(&request, |follow| follow.follower_id))
    }

    async fn get_stats(&self, _: &Context, request: GetStatsRequest) -> Result<GetStatsReply> {
        let stats = request.account_ids.iter().map(|id| GraphStats {
            account_id: *id,
            ..GraphStats::default()
        });
        Ok(GetStatsReply {
            stats: stats.collect(),
        })
    }
}

impl World {
    fn listed(&self, request: &ListFollowsRequest, whose: fn(&Follow) -> u64) -> ListFollowsReply {
        let page = request.page.unwrap_or_default();
        let mut follows = self.follows.lock().unwrap().clone();
        follows.retain(|follow| whose(follow) == request.account_id);
        follows.retain(|follow| page.before == 0 || follow.id < page.before);
        follows.reverse();
        follows.truncate(page.limit as usize);
        ListFollowsReply { follows }
    }
}
