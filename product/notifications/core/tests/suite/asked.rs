//! What the domain asks of others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use business_graph_gateway::{
    Follow, GetRelationshipsReply, GetRelationshipsRequest, ListFollowsReply, ListFollowsRequest,
    Relationship,
};
use business_posts_gateway::{GetPostHeadsReply, GetPostHeadsRequest, PostHead};
use infra_kernel::{Context, Error, ErrorCode, Result};
use testing_stubs::{StubGraph, StubPosts};

/// The graph, of which it is asked who wants to be told of each post of whom, and who follows whom.
#[derive(Default)]
pub(crate) struct Followers {
    /// By the ids of the follows: follower, and followed.
    pub(crate) notified: Mutex<BTreeMap<u64, (u64, u64)>>,
    /// Follower, and followed.
    pub(crate) following: Mutex<BTreeSet<(u64, u64)>>,
    /// Whether the graph does not respond after so many more questions.
    pub(crate) responds: Mutex<Option<u32>>,
}

#[async_trait]
impl StubGraph for Followers {
    async fn get_relationships(
        &self,
        context: &Context,
        request: GetRelationshipsRequest,
    ) -> Result<GetRelationshipsReply> {
        context.caller().require_system()?;
        self.respond()?;
        let following = self.following.lock().unwrap();
        let viewer = request.viewer_id;
        let relationship = |target: &u64| Relationship {
            target_id: *target,
            following: following.contains(&(viewer, *target)),
            followed_by: following.contains(&(*target, viewer)),
            ..Relationship::default()
        };
        Ok(GetRelationshipsReply {
            relationships: request.target_ids.iter().map(relationship).collect(),
        })
    }

    async fn list_notified_followers(
        &self,
        context: &Context,
        request: ListFollowsRequest,
    ) -> Result<ListFollowsReply> {
        context.caller().require_system()?;
        self.respond()?;
        let page = request.page.unwrap();
        let notified = self.notified.lock().unwrap();
        let of_author = notified.iter().rev().filter(|(id, (_, followee))| {
            *followee == request.account_id && (page.before == 0 || **id < page.before)
        });
        let follow = |(id, (follower, followee)): (&u64, &(u64, u64))| Follow {
            id: *id,
            follower_id: *follower,
            followee_id: *followee,
            show_reblogs: true,
            notify: true,
        };
        Ok(ListFollowsReply {
            follows: of_author.map(follow).take(page.limit as usize).collect(),
        })
    }
}

impl Followers {
    /// Whether the graph responds to one more question.
    fn respond(&self) -> Result<()> {
        if let Some(left) = &mut *self.responds.lock().unwrap() {
            *left = left
                .checked_sub(1)
                .ok_or_else(|| Error::new(ErrorCode::Unavailable, "The graph does not respond."))?;
        }
        Ok(())
    }
}

/// The posts that it is asked for.
#[derive(Default)]
pub(crate) struct Heads(pub(crate) Mutex<BTreeMap<u64, PostHead>>);

#[async_trait]
impl StubPosts for Heads {
    async fn get_post_heads(
        &self,
        _: &Context,
        request: GetPostHeadsRequest,
    ) -> Result<GetPostHeadsReply> {
        let known = self.0.lock().unwrap();
        let heads = request.ids.iter().filter_map(|id| known.get(id).cloned());
        Ok(GetPostHeadsReply {
            heads: heads.collect(),
        })
    }
}
