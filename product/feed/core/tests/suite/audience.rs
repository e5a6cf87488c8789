//! Who is told of a post as it happens: those in whose timelines it then stands, and no others.

use business_graph_gateway::RepliesPolicy;
use business_posts_gateway::Visibility;
use infra_kernel::{Caller, ErrorCode};
use product_feed_gateway::{AUDIENCE_MAX, FindAudienceReply, FindAudienceRequest};

use crate::bench::Bench;
use crate::world::{List, NOTHING, context};

const ANN: u64 = 1;
const BEN: u64 = 2;
const CLEO: u64 = 3;
const STRANGER: u64 = 77;
const EVERYONE: [u64; 4] = [ANN, BEN, CLEO, STRANGER];
/// Lists of Cleo's, by what they show of replies.
const LISTS: [(u64, RepliesPolicy); 3] = [
    (50, RepliesPolicy::List),
    (51, RepliesPolicy::Followed),
    (52, RepliesPolicy::None),
];

impl Bench {
    async fn audience(&self, post: u64) -> FindAudienceReply {
        let head = self.world.posts.lock().unwrap()[&post].clone();
        let tag = self.world.tags.lock().unwrap().get(&post).copied();
        let request = FindAudienceRequest {
            author_id: head.author_id,
            in_reply_to_author_id: head.in_reply_to_author_id,
            direct: head.visibility() == Visibility::Direct,
            mentioned_ids: head.mentioned_ids,
            tag_names: tag.map(str::to_owned).into_iter().collect(),
            account_ids: EVERYONE.to_vec(),
            list_ids: LISTS.map(|(id, _)| id).to_vec(),
        };
        let reply = self.feed.find_audience(&context(), request).await;
        reply.unwrap()
    }

    /// Of everyone, in whose timeline a post stands when they look.
    async fn found_at_home(&self, post: u64) -> Vec<u64> {
        let mut found = Vec::new();
        for reader in EVERYONE {
            if self.home(reader).await.contains(&post) {
                found.push(reader);
            }
        }
        found
    }

    fn set_cleos_list(&self, id: u64, policy: RepliesPolicy, members: &[u64]) {
        let list = List {
            owner: CLEO,
            policy,
            members: members.to_vec(),
        };
        self.world.lists.lock().unwrap().insert(id, list);
    }
}

#[tokio::test]
async fn it_is_those_at_whose_home_the_post_is_found() {
    let bench = Bench::new().await;
    for (follower, followee) in [(BEN, ANN), (CLEO, ANN), (CLEO, BEN)] {
        bench.follow(follower, followee).await;
    }
    let tagged = (STRANGER, "sea");
    bench.world.followed_tags.lock().unwrap().push(tagged);
    let mut posts = vec![bench.publish(ANN).await, bench.publish(STRANGER).await];
    let bens = bench.publish(BEN).await;
    for (author, visibility, mentioned, replies) in [
        (ANN, Visibility::Private, &[][..], None),
        (ANN, Visibility::Direct, &[BEN, STRANGER], None),
        // For Cleo, who follows both, and Ben.
        (ANN, Visibility::Public, &[], Some(bens)),
        (BEN, Visibility::Public, &[], Some(posts[1])),
        (BEN, Visibility::Unspecified, &[], Some(posts[0])),
    ] {
        let published = bench
            .world
            .publish_as(author, visibility, mentioned, replies);
        bench.handle(&published.1).await;
        // Of a kind that is not known here nobody asks.
        if visibility != Visibility::Unspecified {
            posts.push(published.0);
        }
    }
    let with_tag = bench.publish(ANN).await;
    bench.world.tags.lock().unwrap().insert(with_tag, "sea");
    posts.push(with_tag);
    for post in posts {
        let expected = bench.found_at_home(post).await;
        assert_eq!(bench.audience(post).await.account_ids, expected, "{post}");
        assert!(!expected.is_empty());
    }
}

#[tokio::test]
async fn a_list_takes_the_replies_that_its_timeline_shows() {
    let bench = Bench::new().await;
    for followee in [ANN, BEN, STRANGER] {
        bench.follow(CLEO, followee).await;
    }
    bench.unfollow(CLEO, STRANGER).await;
    for (id, policy) in LISTS {
        bench.set_cleos_list(id, policy, &[ANN]);
    }
    let [first, bens] = [bench.publish(ANN).await, bench.publish(BEN).await];
    let strangers = bench.publish(STRANGER).await;
    let reply = |to| {
        bench
            .world
            .publish_as(ANN, Visibility::Public, &[], Some(to))
            .0
    };
    let replies = [reply(first), reply(bens), reply(strangers)];
    for (post, expected) in [
        (first, &[50, 51, 52][..]),
        (replies[0], &[50, 51, 52]),
        (replies[1], &[51]),
        (replies[2], &NOTHING),
        // On none of them.
        (bens, &NOTHING),
    ] {
        assert_eq!(bench.audience(post).await.list_ids, expected, "{post}");
    }
    bench.set_cleos_list(50, RepliesPolicy::List, &[ANN, BEN]);
    assert_eq!(bench.audience(replies[1]).await.list_ids, [50, 51]);
}

#[tokio::test]
async fn the_server_alone_asks_and_of_a_bounded_number() {
    let bench = Bench::new().await;
    let request = FindAudienceRequest {
        account_ids: vec![ANN; AUDIENCE_MAX + 1],
        ..FindAudienceRequest::default()
    };
    let refused = bench.feed.find_audience(&context(), request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Invalid);
    let by_anyone = context().with_caller(Caller::anonymous());
    let request = FindAudienceRequest::default();
    let refused = bench.feed.find_audience(&by_anyone, request).await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Forbidden);
}
