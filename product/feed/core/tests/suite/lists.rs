//! The timeline of a list holds what those who are on it post.

use business_graph_gateway::RepliesPolicy;
use business_posts_gateway::Visibility;
use infra_kernel::{ErrorCode, Page};
use product_feed_gateway::GetListTimelineRequest;

use crate::bench::Bench;
use crate::paging::expected_page;
use crate::world::{List, context};

const READER: u64 = 1;
const ANN: u64 = 2;
const BEN: u64 = 3;
const CLEO: u64 = 4;
const STRANGER: u64 = 77;
const LIST: u64 = 50;

impl Bench {
    fn set_list(&self, policy: RepliesPolicy, members: &[u64]) {
        let list = List {
            owner: READER,
            policy,
            members: members.to_vec(),
        };
        self.world.lists.lock().unwrap().insert(LIST, list);
    }

    async fn list(&self, page: Page) -> Vec<u64> {
        let request = GetListTimelineRequest {
            account_id: READER,
            list_id: LIST,
            page: Some(page.into()),
        };
        let reply = self.feed.get_list_timeline(&context(), request).await;
        let entries = reply.unwrap().entries;
        entries.iter().map(|entry| entry.post_id).collect()
    }

    async fn publish_as(
        &self,
        author: u64,
        visibility: Visibility,
        mentioned: &[u64],
        replies: Option<u64>,
    ) -> u64 {
        let (post, event) = self
            .world
            .publish_as(author, visibility, mentioned, replies);
        self.handle(&event).await;
        post
    }
}

#[tokio::test]
async fn a_list_holds_the_posts_of_those_on_it_page_by_page() {
    let bench = Bench::new().await;
    for followee in [ANN, BEN, CLEO] {
        bench.follow(READER, followee).await;
    }
    bench.set_list(RepliesPolicy::List, &[ANN, BEN]);
    let mut expected = Vec::new();
    for round in 0..12 {
        let author = [ANN, BEN, CLEO, READER][round % 4];
        let post = bench.publish(author).await;
        if author == ANN || author == BEN {
            expected.push(post);
        }
    }
    let hidden = bench.publish_as(ANN, Visibility::Direct, &[STRANGER], None);
    hidden.await;
    let told = bench.publish_as(BEN, Visibility::Direct, &[READER], None);
    expected.push(told.await);
    expected.reverse();
    assert_eq!(bench.list(Page::newest(40)).await, expected);
    let cursors = [0, 2, 5];
    for (before, after) in [(None, None), (Some(expected[1]), None)] {
        for index in cursors {
            for page in [
                Page::from_cursors(before, after, None, 3),
                Page::from_cursors(None, Some(expected[index]), None, 3),
                Page::from_cursors(None, None, Some(expected[index]), 2),
            ] {
                let list = bench.list(page).await;
                assert_eq!(list, expected_page(&expected, &page), "{page:?}");
            }
        }
    }
    bench.set_list(RepliesPolicy::List, &[]);
    assert!(bench.list(Page::newest(40)).await.is_empty());
}

#[tokio::test]
async fn which_replies_stand_in_it_is_the_lists_own() {
    let bench = Bench::new().await;
    for followee in [ANN, BEN, CLEO] {
        bench.follow(READER, followee).await;
    }
    let mut asked = Vec::new();
    for author in [READER, ANN, BEN, CLEO, STRANGER] {
        asked.push(bench.publish(author).await);
    }
    let mut replies = Vec::new();
    for post in &asked {
        let reply = bench.publish_as(ANN, Visibility::Public, &[], Some(*post));
        replies.push(reply.await);
    }
    let [to_reader, to_herself, to_ben, to_cleo, _] = replies[..] else {
        panic!("one reply to each");
    };
    let own = [asked[2], asked[1]];
    for (policy, shown) in [
        (RepliesPolicy::None, &[to_herself, to_reader][..]),
        (RepliesPolicy::List, &[to_ben, to_herself, to_reader]),
        (
            RepliesPolicy::Followed,
            &[to_cleo, to_ben, to_herself, to_reader],
        ),
    ] {
        bench.set_list(policy, &[ANN, BEN]);
        let expected = [shown, &own].concat();
        assert_eq!(bench.list(Page::newest(40)).await, expected, "{policy:?}");
    }
}

/// More than the posts' domain lists at once.
#[tokio::test]
async fn many_may_be_on_a_list() {
    let bench = Bench::new().await;
    let members: Vec<u64> = (100..350).collect();
    bench.set_list(RepliesPolicy::List, &members);
    let mut expected = Vec::new();
    for author in members.iter().step_by(10) {
        expected.push(bench.world.publish(*author).0);
    }
    expected.reverse();
    assert_eq!(bench.list(Page::newest(40)).await, expected);
}

#[tokio::test]
async fn a_list_of_somebody_else_is_none() {
    let bench = Bench::new().await;
    bench.set_list(RepliesPolicy::List, &[ANN]);
    for (account_id, list_id) in [(ANN, LIST), (READER, LIST + 1)] {
        let request = GetListTimelineRequest {
            account_id,
            list_id,
            page: Some(Page::newest(20).into()),
        };
        let refused = bench.feed.get_list_timeline(&context(), request).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::NotFound);
    }
}
