//! Two processes that want the graph's database on a server (ADR 0026).

use std::sync::Arc;

use business_graph::{DATABASE, Settings};
use business_graph_gateway::{
    AcceptFollowRequest, AddToListRequest, BlockRequest, CreateListRequest, FollowRequest, Graph,
    MuteRequest,
};
use testing_databases::{Contest, compete};

use crate::support::{context, locked_over, over};

#[tokio::test]
async fn follows_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let graph = |database| over(database, Settings::default());
    let follow = async |graph: &Arc<dyn Graph>, number: u64| {
        let request = FollowRequest {
            follower_id: 2 * number,
            followee_id: 2 * number + 1,
            show_reblogs: None,
            notify: None,
        };
        graph.follow(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM follows WHERE id > $1 ORDER BY id";
    compete(&contest, graph, follow, ids).await;
}

#[tokio::test]
async fn blocks_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let graph = |database| over(database, Settings::default());
    let block = async |graph: &Arc<dyn Graph>, number: u64| {
        let request = BlockRequest {
            blocker_id: 2 * number,
            blockee_id: 2 * number + 1,
        };
        graph.block(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM blocks WHERE id > $1 ORDER BY id";
    compete(&contest, graph, block, ids).await;
}

#[tokio::test]
async fn mutes_are_numbered_in_the_order_of_their_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let graph = |database| over(database, Settings::default());
    let mute = async |graph: &Arc<dyn Graph>, number: u64| {
        let request = MuteRequest {
            muter_id: 2 * number,
            mutee_id: 2 * number + 1,
            notifications: true,
            duration_s: 0,
        };
        graph.mute(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM mutes WHERE id > $1 ORDER BY id";
    compete(&contest, graph, mute, ids).await;
}

#[tokio::test]
async fn who_is_on_lists_is_numbered_in_the_order_of_the_commits_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let graph = |database| over(database, Settings::default());
    // Each on a list of its own.
    let add = async |graph: &Arc<dyn Graph>, number: u64| {
        let (owner_id, member) = (2 * number, 2 * number + 1);
        let request = FollowRequest {
            follower_id: owner_id,
            followee_id: member,
            show_reblogs: None,
            notify: None,
        };
        graph.follow(&context(), request).await?;
        let request = CreateListRequest {
            owner_id,
            title: "Friends".to_owned(),
            ..CreateListRequest::default()
        };
        let list = graph.create_list(&context(), request).await?.list;
        let request = AddToListRequest {
            owner_id,
            list_id: list.unwrap().id,
            member_ids: vec![member],
        };
        graph.add_to_list(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM list_members WHERE id > $1 ORDER BY id";
    compete(&contest, graph, add, ids).await;
}

#[tokio::test]
async fn what_is_let_in_is_numbered_as_follows_are_over_a_take_over() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let graph = |database| locked_over(database, Settings::default());
    let follow = async |graph: &Arc<dyn Graph>, number: u64| {
        let (follower_id, account_id) = (2 * number, 2 * number + 1);
        let request = FollowRequest {
            follower_id,
            followee_id: account_id,
            show_reblogs: None,
            notify: None,
        };
        graph.follow(&context(), request).await?;
        let request = AcceptFollowRequest {
            account_id,
            follower_id,
        };
        graph.accept_follow(&context(), request).await.map(drop)
    };
    let ids = "SELECT id FROM follows WHERE id > $1 ORDER BY id";
    compete(&contest, graph, follow, ids).await;
}
