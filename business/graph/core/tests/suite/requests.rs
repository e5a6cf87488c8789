//! Asking to follow accounts that decide about each follower.

use business_graph::Settings;
use business_graph_gateway::{
    AcceptFollowRequest, BlockRequest, CountFollowRequestsRequest, Follow, FollowReply,
    FollowRequest, FollowRequestEnded, FollowRequested, ListFollowRequestsRequest,
    RejectFollowRequest, topics,
};
use infra_db::DbError;
use infra_kernel::{AccountId, ErrorCode, Page, Result};
use prost::Message as _;

use crate::support::{World, context};

impl World {
    async fn ask(&self, follower_id: u64, followee_id: u64) -> Result<FollowReply> {
        let request = FollowRequest {
            follower_id,
            followee_id,
            show_reblogs: Some(false),
            notify: None,
        };
        self.graph.follow(&context(), request).await
    }

    async fn accept(&self, account_id: u64, follower_id: u64) -> bool {
        let request = AcceptFollowRequest {
            account_id,
            follower_id,
        };
        let reply = self.graph.accept_follow(&context(), request).await;
        reply.unwrap().accepted
    }

    async fn reject(&self, account_id: u64, follower_id: u64) -> bool {
        let request = RejectFollowRequest {
            account_id,
            follower_id,
        };
        let reply = self.graph.reject_follow(&context(), request).await;
        reply.unwrap().rejected
    }

    async fn asking(&self, account: u64, page: Page) -> Vec<Follow> {
        let request = ListFollowRequestsRequest::new(AccountId::new(account), page);
        let reply = self.graph.list_follow_requests(&context(), request).await;
        reply.unwrap().requests
    }

    async fn count(&self, account_id: u64) -> u64 {
        let request = CountFollowRequestsRequest { account_id };
        let reply = self.graph.count_follow_requests(&context(), request).await;
        reply.unwrap().count
    }

    async fn topics(&self) -> Vec<String> {
        let events = self.events().await.into_iter();
        events.map(|(topic, _)| topic).collect()
    }
}

#[tokio::test]
async fn a_locked_account_is_asked_and_lets_in_or_turns_away() {
    let world = World::new().await;
    world.lock(1, true).await;
    for created in [true, false] {
        let reply = world.ask(2, 1).await.unwrap();
        assert_eq!((reply.requested, reply.created), (true, created));
    }
    let there = world.relationship(2, 1).await;
    assert!(there.requested && !there.following && !there.requested_by);
    assert!(!there.show_reblogs && !there.notify);
    assert!(world.relationship(1, 2).await.requested_by);
    assert_eq!((world.stats(1).await, world.count(1).await), ((0, 0), 1));
    let asked = world.asking(1, Page::newest(9)).await;
    assert_eq!((asked[0].follower_id, asked[0].show_reblogs), (2, false));
    assert!(world.asking(2, Page::newest(9)).await.is_empty());

    assert!(!world.accept(2, 1).await, "the other way round");
    assert!(world.accept(1, 2).await);
    assert!(!world.accept(1, 2).await && !world.reject(1, 2).await);
    let there = world.relationship(2, 1).await;
    assert!(there.following && !there.requested && !there.show_reblogs);
    assert_eq!((world.stats(1).await, world.count(1).await), ((1, 0), 0));
    // Who follows already is not asked about again.
    assert!(!world.ask(2, 1).await.unwrap().requested);

    world.ask(3, 1).await.unwrap();
    assert!(world.reject(1, 3).await);
    let there = world.relationship(3, 1).await;
    assert!(!there.following && !there.requested);
    let (requested, ended) = (topics::FOLLOW_REQUESTED, topics::FOLLOW_REQUEST_ENDED);
    let expected = [requested, ended, topics::FOLLOWED, requested, ended];
    assert_eq!(world.topics().await, expected);
    let events = world.events().await;
    let begun = FollowRequested::decode(events[0].1.as_slice()).unwrap();
    let over = FollowRequestEnded::decode(events[1].1.as_slice()).unwrap();
    assert_eq!((begun.follower_id, begun.followee_id), (2, 1));
    assert_eq!((over.request_id, over.follower_id), (begun.request_id, 2));
}

#[tokio::test]
async fn what_is_taken_back_or_blocked_asks_no_longer() {
    let world = World::new().await;
    world.lock(1, true).await;
    for follower in [2, 3] {
        world.ask(follower, 1).await.unwrap();
    }
    world.unfollow(2, 1).await;
    assert_eq!(world.count(1).await, 1);
    let block = BlockRequest {
        blocker_id: 1,
        blockee_id: 3,
    };
    world.graph.block(&context(), block).await.unwrap();
    assert_eq!(world.count(1).await, 0);
    assert!(!world.accept(1, 3).await);
    assert!(!world.relationship(3, 1).await.requested);
    let refused = world.ask(3, 1).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden);
    let ended = world.topics().await;
    let ended = ended
        .iter()
        .filter(|topic| *topic == topics::FOLLOW_REQUEST_ENDED);
    assert_eq!(ended.count(), 2);
}

#[tokio::test]
async fn an_account_that_opens_lets_in_everyone_who_asked() {
    let world = World::new().await;
    world.lock(1, true).await;
    for follower in 2..=230 {
        world.ask(follower, 1).await.unwrap();
    }
    // A change of something else lets in nobody.
    world.lock(1, true).await;
    assert_eq!((world.stats(1).await.0, world.count(1).await), (0, 229));
    let page = world.asking(1, Page::newest(3)).await;
    let followers: Vec<u64> = page.iter().map(|asked| asked.follower_id).collect();
    assert_eq!(followers, [230, 229, 228]);
    let older = Page {
        before: page[2].id,
        ..Page::newest(1)
    };
    assert_eq!(world.asking(1, older).await[0].follower_id, 227);
    for _ in 0..2 {
        world.lock(1, false).await;
        assert_eq!((world.stats(1).await.0, world.count(1).await), (229, 0));
    }
    assert!(world.relationship(2, 1).await.following);
    assert!(!world.ask(231, 1).await.unwrap().requested);
}

#[tokio::test]
async fn nobody_asks_more_than_they_may_follow() {
    let settings = Settings {
        following_max: 2,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    for account in 1..=4 {
        world.lock(account, true).await;
    }
    for account in [1, 2] {
        world.ask(9, account).await.unwrap();
    }
    let refused = world.ask(9, 3).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    assert!(refused.public().contains("ask to follow 2 accounts"));
    world.unfollow(9, 2).await;
    world.ask(9, 3).await.unwrap();
    assert!(world.accept(1, 9).await);
    world.lock(2, false).await;
    world.follow(9, 2).await.unwrap();
    // Nobody could let in one who follows as many as can be.
    let refused = world.ask(9, 4).await.unwrap_err();
    assert!(
        refused.public().contains("You follow 2 accounts"),
        "{refused}"
    );
    // One who follows as many as can be stays asking; the account is told why.
    let request = AcceptFollowRequest {
        account_id: 3,
        follower_id: 9,
    };
    let refused = world.graph.accept_follow(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Conflict);
    world.lock(3, false).await;
    assert_eq!((world.count(3).await, world.stats(9).await), (1, (0, 2)));
    // Once there is room, following the account that has opened needs nobody's leave.
    world.unfollow(9, 1).await;
    let reply = world.ask(9, 3).await.unwrap();
    assert!(!reply.requested && reply.created);
    assert_eq!((world.count(3).await, world.stats(3).await), (0, (1, 0)));
}

/// As a program leaves it that knows no requests and was at home in between.
#[tokio::test]
async fn a_block_or_a_follow_beside_a_request_is_respected() {
    let world = World::new().await;
    world.lock(1, true).await;
    for follower in [2, 3, 4] {
        world.ask(follower, 1).await.unwrap();
    }
    let beside = [
        "INSERT INTO blocks (id, blocker_id, blockee_id, created_at) VALUES (1, 1, 2, 0)",
        "INSERT INTO follows (id, follower_id, followee_id, show_reblogs, notify, created_at) \
         VALUES (1, 3, 1, TRUE, FALSE, 0)",
    ];
    let written = world.database.write(move |connection| {
        Box::pin(async move {
            for statement in beside {
                infra_db::query(statement).execute(&mut *connection).await?;
            }
            Ok::<_, DbError>(())
        })
    });
    written.await.unwrap();
    world.lock(1, false).await;
    assert_eq!(world.count(1).await, 0);
    let follows = [2, 3, 4].map(|follower| world.relationship(follower, 1));
    let follows = futures::future::join_all(follows).await;
    let follows: Vec<bool> = follows.iter().map(|there| there.following).collect();
    assert_eq!(follows, [false, true, true]);
}
