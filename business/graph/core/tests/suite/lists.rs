//! Pages of followers and followed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use business_graph_gateway::{Follow, FollowRequest, ListFollowsRequest};
use futures::future::join_all;
use infra_kernel::{
    AccountId, Caller, CallerKey, Direction, ErrorCode, Identity, Page, SystemClock,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{World, context};

async fn followers(world: &World, account: u64, page: Page) -> Vec<Follow> {
    let request = ListFollowsRequest::new(AccountId::new(account), page);
    world
        .graph
        .list_followers(&context(), request)
        .await
        .unwrap()
        .follows
}

async fn following(world: &World, account: u64, page: Page) -> Vec<Follow> {
    let request = ListFollowsRequest::new(AccountId::new(account), page);
    world
        .graph
        .list_following(&context(), request)
        .await
        .unwrap()
        .follows
}

fn oracle(all: &[Follow], page: &Page) -> Vec<Follow> {
    let within = |follow: &&Follow| follow.id < page.before && follow.id > page.after;
    let mut taken: Vec<Follow> = all.iter().filter(within).copied().collect();
    let excess = taken.len().saturating_sub(page.limit as usize);
    match page.direction {
        Direction::Older => taken.truncate(page.limit as usize),
        Direction::Newer => drop(taken.drain(..excess)),
    }
    taken
}

fn pages(ids: &[u64]) -> impl Strategy<Value = Page> + use<> {
    let cursors: Vec<u64> = ids.iter().flat_map(|id| [id - 1, *id, id + 1]).collect();
    let before = prop_oneof![Just(u64::MAX), prop::sample::select(cursors.clone())];
    let after = prop_oneof![Just(0), prop::sample::select(cursors)];
    (before, after, any::<bool>(), 1_u32..200).prop_map(|(before, after, newer, limit)| Page {
        before,
        after,
        direction: if newer {
            Direction::Newer
        } else {
            Direction::Older
        },
        limit,
    })
}

#[test]
fn any_page_is_the_page_of_the_whole_list() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::new());
    runtime.block_on(async {
        for result in join_all((2..152).map(|follower| world.follow(follower, 1))).await {
            result.unwrap();
        }
        for result in join_all((200..350).map(|followee| world.follow(1, followee))).await {
            result.unwrap();
        }
    });
    let whole = Page::newest(1_000);
    let all_followers = runtime.block_on(followers(&world, 1, whole));
    let all_following = runtime.block_on(following(&world, 1, whole));
    assert_eq!((all_followers.len(), all_following.len()), (150, 150));
    assert!(all_followers.is_sorted_by(|one, other| one.id > other.id));
    assert!(all_followers.iter().all(|follow| follow.followee_id == 1));
    assert!(all_following.iter().all(|follow| follow.follower_id == 1));
    let ids: Vec<u64> = all_followers
        .iter()
        .chain(&all_following)
        .map(|follow| follow.id)
        .collect();
    let mut runner = TestRunner::new(Config::with_cases(200));
    runner
        .run(&pages(&ids), |page| {
            let (followers, following) = runtime.block_on(async {
                (
                    followers(&world, 1, page).await,
                    following(&world, 1, page).await,
                )
            });
            prop_assert_eq!(followers, oracle(&all_followers, &page));
            prop_assert_eq!(following, oracle(&all_following, &page));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn a_page_is_bounded() {
    let world = World::new().await;
    for limit in [0, 1_001] {
        let page = infra_rpc::v1::Page {
            limit,
            ..Default::default()
        };
        let request = ListFollowsRequest {
            account_id: 1,
            page: Some(page),
        };
        let error = world
            .graph
            .list_followers(&context(), request)
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("page"))
        );
    }
}

/// Has the accounts of these numbers follow the first.
async fn follow_in_turn(world: &World, first: u64, last: u64) {
    let insert = infra_db::query(
        "WITH RECURSIVE numbers (n) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < $2) \
         INSERT INTO follows (id, follower_id, followee_id, show_reblogs, notify, created_at) \
         SELECT n, n, 1, TRUE, FALSE, 0 FROM numbers",
    );
    let insert = insert.bind(first as i64).bind(last as i64);
    let written = world
        .database
        .write::<_, infra_db::DbError, _>(|connection| {
            Box::pin(async move { insert.execute(connection).await.map(drop) })
        });
    written.await.unwrap();
}

/// Fan-out reads them all, in chunks, for every post of a popular author.
#[tokio::test]
async fn a_hundred_thousand_followers_are_read_quickly() {
    const FOLLOWERS: u64 = 100_000;
    const FOLLOWERS_AT_ONCE: usize = 5_000;
    let world = World::new().await;
    // Part by part: a server ends a statement that takes too long, whatever else it is at.
    for first in (2..=FOLLOWERS + 1).step_by(FOLLOWERS_AT_ONCE) {
        let last = first + FOLLOWERS_AT_ONCE as u64 - 1;
        follow_in_turn(&world, first, last).await;
    }
    let started = Instant::now();
    let (mut met, mut page) = (HashSet::new(), Page::newest(1_000));
    loop {
        let follows = followers(&world, 1, page).await;
        let Some(last) = follows.last() else { break };
        page.before = last.id;
        met.extend(follows.iter().map(|follow| follow.follower_id));
    }
    assert_eq!(met.len() as u64, FOLLOWERS);
    // A second on an idle machine even without optimisation; by offsets it would be minutes.
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );
}

fn signed_in(account: u64) -> Caller {
    CallerKey::new(&[1; 32], Arc::new(SystemClock)).mint(Identity {
        account_id: Some(AccountId::new(account)),
        ..Identity::default()
    })
}

/// Who of an account's followers wants to be told of each of its posts, page by page of two.
async fn notified(world: &World, account: u64) -> Vec<u64> {
    let mut page = Page::newest(2);
    let mut all = Vec::new();
    loop {
        let request = ListFollowsRequest::new(AccountId::new(account), page);
        let context = context().with_caller(Caller::system());
        let reply = world.graph.list_notified_followers(&context, request);
        let follows = reply.await.unwrap().follows;
        assert!(
            follows
                .iter()
                .all(|one| one.notify && one.followee_id == account)
        );
        all.extend(follows.iter().map(|one| one.follower_id));
        match follows.last() {
            Some(last) if follows.len() == 2 => page.before = last.id,
            _ => return all,
        }
    }
}

#[tokio::test]
async fn who_wants_to_be_told_of_each_post_is_known_to_the_server_alone() {
    let world = World::new().await;
    let follow = async |follower_id, notify| {
        let request = FollowRequest {
            follower_id,
            followee_id: 1,
            show_reblogs: None,
            notify: Some(notify),
        };
        world.graph.follow(&context(), request).await.unwrap();
    };
    for follower in 2..=7 {
        follow(follower, follower % 2 == 0).await;
    }
    assert_eq!(notified(&world, 1).await, [6, 4, 2]);
    // Another choice leaves the follow where it is.
    follow(4, false).await;
    follow(5, true).await;
    assert_eq!(notified(&world, 1).await, [6, 5, 2]);
    world.unfollow(6, 1).await;
    assert_eq!(notified(&world, 1).await, [5, 2]);
    assert!(notified(&world, 2).await.is_empty());
    for caller in [Caller::anonymous(), signed_in(1), signed_in(2)] {
        let request = ListFollowsRequest::new(AccountId::new(1), Page::newest(2));
        let context = context().with_caller(caller);
        let refused = world.graph.list_notified_followers(&context, request);
        assert_eq!(refused.await.unwrap_err().code(), ErrorCode::Forbidden);
    }
}
