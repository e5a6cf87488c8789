//! What of the contracts is in memory.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use business_graph_gateway as graph;
use business_posts_gateway as posts;
use infra_kernel::{Context, Error, Result};
use testing_stubs::{StubGraph, StubPosts};

use super::World;

#[async_trait]
impl StubGraph for World {
    async fn get_relationships(
        &self,
        _: &Context,
        request: graph::GetRelationshipsRequest,
    ) -> Result<graph::GetRelationshipsReply> {
        assert!(
            request.target_ids.len() <= graph::ACCOUNTS_MAX,
            "at most 500 targets"
        );
        let follows: HashMap<(u64, u64), ()> = self
            .follows
            .lock()
            .unwrap()
            .values()
            .map(|pair| (*pair, ()))
            .collect();
        let relationship = |target: &u64| graph::Relationship {
            target_id: *target,
            following: follows.contains_key(&(request.viewer_id, *target)),
            followed_by: follows.contains_key(&(*target, request.viewer_id)),
            ..graph::Relationship::default()
        };
        Ok(graph::GetRelationshipsReply {
            relationships: request.target_ids.iter().map(relationship).collect(),
            filters_revision: 0,
        })
    }

    async fn list_followers(
        &self,
        _: &Context,
        request: graph::ListFollowsRequest,
    ) -> Result<graph::ListFollowsReply> {
        self.followers_listed.fetch_add(1, Ordering::SeqCst);
        let account = request.account_id;
        let reply = self.list_follows(request, |_, followee| followee == account);
        self.followers_gate.pass().await;
        reply
    }

    async fn list_following(
        &self,
        _: &Context,
        request: graph::ListFollowsRequest,
    ) -> Result<graph::ListFollowsReply> {
        self.following_listed.fetch_add(1, Ordering::SeqCst);
        let account = request.account_id;
        self.list_follows(request, |follower, _| follower == account)
    }

    async fn get_list(
        &self,
        _: &Context,
        request: graph::GetListRequest,
    ) -> Result<graph::GetListReply> {
        let lists = self.lists.lock().unwrap();
        let list = lists.get(&request.list_id);
        let list = list
            .filter(|list| list.owner == request.owner_id)
            .ok_or_else(|| Error::not_found("list"))?;
        let described = graph::AccountList {
            id: request.list_id,
            owner_id: list.owner,
            replies_policy: list.policy.into(),
            ..graph::AccountList::default()
        };
        Ok(graph::GetListReply {
            list: Some(described),
            member_ids: list.members.clone(),
        })
    }

    async fn find_lists_holding(
        &self,
        context: &Context,
        request: graph::FindListsHoldingRequest,
    ) -> Result<graph::FindListsHoldingReply> {
        context.caller().require_system()?;
        let lists = self.lists.lock().unwrap();
        let asked = lists.iter().filter(|(id, list)| {
            request.list_ids.contains(*id) && list.members.contains(&request.member_id)
        });
        let described = asked.map(|(id, list)| graph::AccountList {
            id: *id,
            owner_id: list.owner,
            replies_policy: list.policy.into(),
            ..graph::AccountList::default()
        });
        Ok(graph::FindListsHoldingReply {
            lists: described.collect(),
        })
    }

    async fn get_stats(
        &self,
        _: &Context,
        request: graph::GetStatsRequest,
    ) -> Result<graph::GetStatsReply> {
        let follows = self.follows.lock().unwrap();
        let stats = |account: &u64| graph::GraphStats {
            account_id: *account,
            followers: follows.values().filter(|pair| pair.1 == *account).count() as u64,
            following: follows.values().filter(|pair| pair.0 == *account).count() as u64,
        };
        Ok(graph::GetStatsReply {
            stats: request.account_ids.iter().map(stats).collect(),
        })
    }
}

#[async_trait]
impl StubPosts for World {
    async fn get_post_heads(
        &self,
        _: &Context,
        request: posts::GetPostHeadsRequest,
    ) -> Result<posts::GetPostHeadsReply> {
        let posts = self.posts.lock().unwrap();
        Ok(posts::GetPostHeadsReply {
            heads: request
                .ids
                .iter()
                .filter_map(|id| posts.get(id).cloned())
                .collect(),
        })
    }

    async fn list_by_followed_tags(
        &self,
        _: &Context,
        request: posts::ListByFollowedTagsRequest,
    ) -> Result<posts::ListPostsReply> {
        let posts = self.posts.lock().unwrap();
        let tagged = posts
            .iter()
            .filter(|(id, _)| self.is_tagged_for(request.account_id, **id));
        let rows = tagged.map(|(id, post)| (*id, post.clone()));
        let heads = Self::page_of(rows, request.page, posts::PAGE_LIMIT_MAX)?;
        Ok(posts::ListPostsReply { heads })
    }

    async fn find_tag_followers(
        &self,
        context: &Context,
        request: posts::FindTagFollowersRequest,
    ) -> Result<posts::FindTagFollowersReply> {
        context.caller().require_system()?;
        let followed = self.followed_tags.lock().unwrap();
        let follows = |account: &u64| {
            let mut names = request.names.iter();
            names.any(|name| followed.contains(&(*account, name.as_str())))
        };
        let accounts = request.account_ids.iter().copied();
        Ok(posts::FindTagFollowersReply {
            account_ids: accounts.filter(|account| follows(account)).collect(),
        })
    }

    async fn list_by_authors(
        &self,
        _: &Context,
        request: posts::ListByAuthorsRequest,
    ) -> Result<posts::ListPostsReply> {
        assert!(
            request.author_ids.len() <= posts::MERGED_AUTHORS_MAX,
            "at most 100 authors"
        );
        self.posts_listed.fetch_add(1, Ordering::SeqCst);
        let reply = {
            let posts = self.posts.lock().unwrap();
            let rows = posts
                .iter()
                .filter(|(_, post)| request.author_ids.contains(&post.author_id));
            let rows = rows.map(|(id, post)| (*id, post.clone()));
            Self::page_of(rows, request.page, posts::PAGE_LIMIT_MAX)
                .map(|heads| posts::ListPostsReply { heads })
        };
        self.posts_gate.pass().await;
        reply
    }
}
