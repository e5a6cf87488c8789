//! Two processes that want the feed's tables on a server (ADR 0026).

use std::sync::Arc;

use infra_kernel::{ErrorCode, Page};
use product_feed::DATABASE;
use product_feed_gateway::GetHomeRequest;
use testing_databases::Contest;

use crate::bench::Bench;
use crate::world::{World, context};

const ANN: u64 = 1;
const BEN: u64 = 2;

#[tokio::test]
async fn a_home_that_was_lost_leaves_no_timeline_that_it_was_making() {
    let Some(contest) = Contest::of(&DATABASE) else {
        return;
    };
    let world = World::new();
    world.follow(BEN, ANN);
    let (kept, _) = world.publish(ANN);
    let (gone, _) = world.publish(ANN);
    let first = Bench::at(contest.first().await, Arc::clone(&world)).await;
    let gate = world.posts_gate.close_for_one().await;
    let making = tokio::spawn({
        let feed = Arc::clone(&first.feed);
        let request = GetHomeRequest {
            account_id: BEN,
            page: Some(Page::newest(40).into()),
        };
        async move { feed.get_home(&context(), request).await }
    });
    // The first has read both posts, and holds its lock of the account.
    world.posts_gate.arrival().await;
    let second = Bench::at(contest.take_over().await, Arc::clone(&world)).await;
    second.delete(gone).await;
    assert_eq!(second.home(BEN).await, [kept]);
    drop(gate);
    let refused = making.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    // Nor does it record anything else: whose posts are merged, or what came in.
    let (late, event) = world.publish(ANN);
    assert!(first.try_handle(&event).await.is_err());
    second.handle(&event).await;
    assert_eq!(second.home(BEN).await, [late, kept]);
    let third = contest.end(&first.database, &second.database).await;
    let third = Bench::at(third, world).await;
    assert_eq!(third.home(BEN).await, [late, kept]);
    assert_eq!(third.holding(gone).await, 0);
}
