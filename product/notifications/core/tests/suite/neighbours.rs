//! The domains that this one asks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;

use async_trait::async_trait;
use business_accounts_gateway::{GetGrantsReply, GetGrantsRequest, Grant};
use business_graph_gateway::{
    Follow, GetRelationshipsReply, GetRelationshipsRequest, ListFollowsReply, ListFollowsRequest,
    Relationship,
};
use business_posts_gateway::{GetPostHeadsReply, GetPostHeadsRequest, PostHead};
use infra_kernel::{Context, Error, ErrorCode, Result};
use testing_stubs::{StubAccounts, StubGraph, StubPosts};

/// The graph: who wants to be told of each post of whom, and how accounts stand to one another; and
/// the accounts: which sessions have not ended.
#[derive(Default)]
pub(crate) struct Followers {
    /// By the ids of the follows: follower, and followed.
    pub(crate) notified: Mutex<BTreeMap<u64, (u64, u64)>>,
    /// Whether the graph does not respond after so many more questions.
    pub(crate) responds: Mutex<Option<u32>>,
    /// How accounts stand to others, by both.
    pub(crate) relations: Mutex<HashMap<(u64, u64), Relationship>>,
    /// Sessions that have ended.
    pub(crate) ended: Mutex<HashSet<u64>>,
}

/// So many sessions has an account: the first of account 3 is 300.
pub(crate) const SESSIONS_OF_ONE: u64 = 100;

#[async_trait]
impl StubAccounts for Followers {
    async fn get_grants(
        &self,
        context: &Context,
        request: GetGrantsRequest,
    ) -> Result<GetGrantsReply> {
        context.caller().require_system()?;
        let ended = self.ended.lock().unwrap();
        let ids = request.session_ids.into_iter();
        let grant = |session_id| Grant {
            account_id: session_id / SESSIONS_OF_ONE,
            application_id: 1,
            session_id,
            scopes: "read push".to_owned(),
            ..Grant::default()
        };
        Ok(GetGrantsReply {
            grants: ids.filter(|id| !ended.contains(id)).map(grant).collect(),
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

#[async_trait]
impl StubGraph for Followers {
    async fn get_relationships(
        &self,
        context: &Context,
        request: GetRelationshipsRequest,
    ) -> Result<GetRelationshipsReply> {
        context.caller().require_system()?;
        self.respond()?;
        let known = self.relations.lock().unwrap();
        let of = |target_id: &u64| known.get(&(request.viewer_id, *target_id)).copied();
        Ok(GetRelationshipsReply {
            relationships: request.target_ids.iter().filter_map(of).collect(),
            filters_revision: 0,
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
