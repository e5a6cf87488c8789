//! Blocking: it ends what was between two accounts, and keeps it ended.

use std::collections::BTreeSet;

use business_graph::Settings;
use business_graph_gateway::{
    BlockRequest, ListBlocksRequest, RemoveFollowerRequest, UnblockRequest, topics,
};
use infra_kernel::{AccountId, ErrorCode, Page, Result};
use proptest::prelude::*;

use crate::support::{ACCOUNTS, World, context, open};

impl World {
    async fn block(&self, blocker_id: u64, blockee_id: u64) -> Result<bool> {
        let request = BlockRequest {
            blocker_id,
            blockee_id,
        };
        Ok(self.graph.block(&context(), request).await?.created)
    }

    async fn unblock(&self, blocker_id: u64, blockee_id: u64) {
        let request = UnblockRequest {
            blocker_id,
            blockee_id,
        };
        self.graph.unblock(&context(), request).await.unwrap();
    }

    async fn blocked_by(&self, blocker: u64, page: Page) -> Vec<(u64, u64)> {
        let request = ListBlocksRequest::new(AccountId::new(blocker), page);
        let reply = self.graph.list_blocks(&context(), request).await.unwrap();
        let blocks = reply.blocks.iter();
        blocks.map(|block| (block.id, block.blockee_id)).collect()
    }
}

#[tokio::test]
async fn a_block_ends_both_follows_and_is_reported_as_their_end() {
    let world = World::new().await;
    world.follow(1, 2).await.unwrap();
    world.follow(2, 1).await.unwrap();
    assert!(world.block(1, 2).await.unwrap());
    assert!(!world.block(1, 2).await.unwrap());
    let there = world.relationship(1, 2).await;
    assert!(there.blocking && !there.blocked_by && !there.following && !there.followed_by);
    let back = world.relationship(2, 1).await;
    assert!(!back.blocking && back.blocked_by && !back.following && !back.followed_by);
    assert_eq!(
        (world.stats(1).await, world.stats(2).await),
        ((0, 0), (0, 0))
    );
    let events = world.events().await;
    let told: Vec<_> = events.iter().map(|(topic, _)| topic.as_str()).collect();
    let (begun, ended) = (topics::FOLLOWED, topics::UNFOLLOWED);
    assert_eq!(told, [begun, begun, ended, ended]);

    for (follower, followee) in [(1, 2), (2, 1)] {
        let refused = world.follow(follower, followee).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Forbidden);
        assert_eq!(refused.public(), "This action is not allowed");
    }
    world.unblock(1, 2).await;
    world.unblock(1, 2).await;
    assert!(!world.relationship(2, 1).await.blocked_by);
    assert!(world.follow(2, 1).await.unwrap());
}

#[tokio::test]
async fn whom_one_blocks_is_listed_the_latest_first() {
    let world = World::new().await;
    for blockee in [4, 2, 3] {
        world.block(1, blockee).await.unwrap();
    }
    world.block(2, 1).await.unwrap();
    let all = world.blocked_by(1, Page::newest(40)).await;
    let blockees: Vec<u64> = all.iter().map(|(_, blockee)| *blockee).collect();
    assert_eq!(blockees, [3, 2, 4]);
    let below = Page {
        before: all[0].0,
        ..Page::newest(1)
    };
    assert_eq!(world.blocked_by(1, below).await, all[1..2]);
    let up = Page::from_cursors(None, None, Some(all[2].0), 1);
    assert_eq!(world.blocked_by(1, up).await, all[1..2]);
}

#[tokio::test]
async fn nobody_blocks_themselves_or_who_is_not_there() {
    let world = World::new().await;
    let refused = world.block(1, 1).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    let refused = world.block(1, ACCOUNTS + 1).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_follower_can_be_removed_without_a_block() {
    let world = World::new().await;
    world.follow(2, 1).await.unwrap();
    let request = RemoveFollowerRequest {
        followee_id: 1,
        follower_id: 2,
    };
    for _ in 0..2 {
        world
            .graph
            .remove_follower(&context(), request)
            .await
            .unwrap();
    }
    assert!(!world.relationship(1, 2).await.followed_by);
    assert_eq!(world.stats(1).await, (0, 0));
    assert!(world.follow(2, 1).await.unwrap());
}

#[tokio::test]
async fn as_many_as_may_be_are_blocked_and_no_more() {
    let settings = Settings {
        blocking_max: 2,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    for blockee in [2, 3, 3] {
        world.block(1, blockee).await.unwrap();
    }
    world.follow(4, 1).await.unwrap();
    let refused = world.block(1, 4).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    assert!(
        refused.public().contains("You block 2 accounts"),
        "{refused:?}"
    );
    // Nothing of it was done.
    assert!(world.relationship(4, 1).await.following);
    world.unblock(1, 2).await;
    world.block(1, 4).await.unwrap();
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Follow(u64, u64),
    Unfollow(u64, u64),
    Block(u64, u64),
    Unblock(u64, u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let pair = (1_u64..4, 1_u64..4).prop_filter("two accounts", |(one, other)| one != other);
    let act = (0..4, pair).prop_map(|(kind, (one, other))| match kind {
        0 => Act::Follow(one, other),
        1 => Act::Unfollow(one, other),
        2 => Act::Block(one, other),
        _ => Act::Unblock(one, other),
    });
    prop::collection::vec(act, 1..30)
}

/// What is to come of it, by the rules alone.
#[derive(Default)]
struct Oracle {
    follows: BTreeSet<(u64, u64)>,
    blocks: BTreeSet<(u64, u64)>,
}

impl Oracle {
    fn act(&mut self, act: Act) {
        match act {
            Act::Follow(one, other) => {
                let is_blocked = |pair| self.blocks.contains(&pair);
                if !is_blocked((one, other)) && !is_blocked((other, one)) {
                    self.follows.insert((one, other));
                }
            }
            Act::Unfollow(one, other) => drop(self.follows.remove(&(one, other))),
            Act::Block(one, other) => {
                self.blocks.insert((one, other));
                self.follows.remove(&(one, other));
                self.follows.remove(&(other, one));
            }
            Act::Unblock(one, other) => drop(self.blocks.remove(&(one, other))),
        }
    }
}

async fn acted(world: &World, act: Act) {
    match act {
        // Refused where one blocks the other.
        Act::Follow(one, other) => drop(world.follow(one, other).await),
        Act::Unfollow(one, other) => world.unfollow(one, other).await,
        Act::Block(one, other) => drop(world.block(one, other).await.unwrap()),
        Act::Unblock(one, other) => world.unblock(one, other).await,
    }
}

async fn check(world: &World, oracle: &Oracle) {
    for one in 1..4 {
        for other in (1..4).filter(|other| *other != one) {
            let relation = world.relationship(one, other).await;
            let (there, back) = ((one, other), (other, one));
            assert_eq!(relation.following, oracle.follows.contains(&there));
            assert_eq!(relation.followed_by, oracle.follows.contains(&back));
            assert_eq!(relation.blocking, oracle.blocks.contains(&there));
            assert_eq!(relation.blocked_by, oracle.blocks.contains(&back));
        }
        let followers = oracle
            .follows
            .iter()
            .filter(|(_, followee)| *followee == one);
        let following = oracle
            .follows
            .iter()
            .filter(|(follower, _)| *follower == one);
        let counted = (followers.count() as u64, following.count() as u64);
        assert_eq!(world.stats(one).await, counted);
    }
}

#[test]
fn any_order_of_follows_and_blocks_ends_as_the_rules_say() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    proptest!(ProptestConfig::with_cases(24), |(acts in acts())| {
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut oracle = Oracle::default();
            for act in acts {
                acted(&world, act).await;
                oracle.act(act);
                check(&world, &oracle).await;
            }
            // As another process reads it, with nothing in memory.
            world.database.close().await;
            (world.database, world.graph) = open(world.folder.path(), Settings::default()).await;
            check(&world, &oracle).await;
        });
    });
}
