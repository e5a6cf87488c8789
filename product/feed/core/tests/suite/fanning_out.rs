//! The fan-out: chunks, repetition, and what overtakes it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use business_posts_gateway::Visibility;
use futures::{StreamExt as _, stream};
use infra_bus::{Event, HandlerError};
use product_feed::Settings;

use crate::bench::Bench;
use crate::world::{NOTHING, context};

const ANN: u64 = 1;
const BEN: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_followers_are_reached_in_chunks_and_a_redelivery_repeats_nothing() {
    const FOLLOWERS: u64 = 10_000;
    let bench = Bench::new().await;
    for follower in 2..2 + FOLLOWERS {
        bench.world.follow(follower, ANN);
    }
    let last = 1 + FOLLOWERS;
    // Nobody but the last one reads in this test: the others are kept as if they had.
    bench.home(last).await;
    bench.keep(2..last, last).await;
    let (post, event) = bench.world.publish(ANN);
    let begun = Instant::now();
    bench.handle(&event).await;
    println!(
        "fanned out to {FOLLOWERS} timelines in {:?}",
        begun.elapsed()
    );
    assert_eq!(
        bench.world.followers_listed.load(Ordering::SeqCst),
        11,
        "ten full chunks and an empty one"
    );
    assert_eq!(bench.holding(post).await, FOLLOWERS);
    bench.handle(&event).await;
    assert_eq!(bench.holding(post).await, FOLLOWERS);
    assert_eq!(bench.home(last).await, [post]);
    bench.delete(post).await;
    assert_eq!(bench.holding(post).await, 0);
    assert_eq!(bench.home(last).await, NOTHING);
}

#[tokio::test]
async fn a_direct_post_reaches_those_whom_it_mentions_since_it_was_edited() {
    const EVE: u64 = 3;
    const STRANGER: u64 = 4;
    let bench = Bench::new().await;
    for follower in [BEN, EVE] {
        bench.follow(follower, ANN).await;
    }
    for reader in [BEN, EVE, STRANGER] {
        assert_eq!(bench.home(reader).await, NOTHING);
    }
    let direct = |mentioned| {
        bench
            .world
            .publish_as(ANN, Visibility::Direct, mentioned, None)
    };
    let (post, event) = direct(&[BEN]);
    bench.handle(&event).await;
    assert_eq!(bench.home(EVE).await, NOTHING);
    let edited = bench.world.edit(post, &[EVE, STRANGER]);
    for _ in 0..2 {
        bench.handle(&edited).await;
        assert_eq!(bench.home(BEN).await, [post]);
        assert_eq!(bench.home(EVE).await, [post]);
        assert_eq!(bench.home(STRANGER).await, NOTHING);
    }
    // One that is deleted meanwhile comes to nobody.
    let (gone, event) = direct(&[]);
    bench.handle(&event).await;
    let edited = bench.world.edit(gone, &[EVE]);
    bench.delete(gone).await;
    bench.handle(&edited).await;
    assert_eq!(bench.home(EVE).await, [post]);
}

#[tokio::test]
async fn a_fan_out_that_is_cut_off_is_completed_by_its_redelivery() {
    let settings = Settings {
        fan_out_chunk: 2,
        ..Settings::default()
    };
    let bench = Arc::new(Bench::with(settings).await);
    let followers = 2..9;
    for follower in followers.clone() {
        bench.follow(follower, ANN).await;
        bench.home(follower).await;
    }
    let (post, event) = bench.world.publish(ANN);
    let gate = bench.world.followers_gate.close().await;
    let handler = tokio::spawn({
        let (bench, event) = (Arc::clone(&bench), event.clone());
        async move { bench.try_handle(&event).await }
    });
    bench.world.followers_gate.arrival().await;
    handler.abort();
    assert!(handler.await.unwrap_err().is_cancelled());
    drop(gate);
    bench.handle(&event).await;
    bench.handle(&event).await;
    for follower in followers {
        assert_eq!(bench.home(follower).await, [post]);
    }
}

/// Runs the fan-out until it has listed the followers, then something else, which may list them,
/// too, then the rest of the fan-out.
async fn overtake(bench: &Arc<Bench>, event: Event, by: &[Event]) {
    let gate = bench.world.followers_gate.close_for_one().await;
    let handler = tokio::spawn({
        let bench = Arc::clone(bench);
        async move { bench.try_handle(&event).await }
    });
    bench.world.followers_gate.arrival().await;
    for event in by {
        bench.handle(event).await;
    }
    drop(gate);
    handler.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_unfollow_that_overtakes_a_fan_out_wins() {
    let bench = Arc::new(Bench::new().await);
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let (_, published) = bench.world.publish(ANN);
    let world = Arc::clone(&bench.world);
    let gate = world.followers_gate.close().await;
    let handler = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.try_handle(&published).await }
    });
    world.followers_gate.arrival().await;
    let unfollowed = world.unfollow(BEN, ANN);
    bench.handle(&unfollowed).await;
    drop(gate);
    handler.await.unwrap().unwrap();
    assert_eq!(bench.home(BEN).await, NOTHING);
    let mut bench = Arc::try_unwrap(bench).ok().unwrap();
    bench.restart().await;
    assert_eq!(bench.home(BEN).await, NOTHING, "nor is it in the database");
    bench.follow(BEN, ANN).await;
    assert_eq!(
        bench.home(BEN).await,
        bench.world.expected(BEN),
        "and following again brings it back"
    );
}

#[tokio::test]
async fn a_deletion_that_overtakes_a_fan_out_wins() {
    let bench = Arc::new(Bench::new().await);
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let (post, published) = bench.world.publish(ANN);
    // The post is still there when the fan-out looks, and gone before it writes.
    let head = bench
        .world
        .posts
        .lock()
        .unwrap()
        .get(&post)
        .cloned()
        .unwrap();
    let deleted = bench.world.delete(post);
    bench.world.posts.lock().unwrap().insert(post, head);
    overtake(&bench, published.clone(), &[deleted]).await;
    assert_eq!(bench.home(BEN).await, NOTHING);
    bench.world.posts.lock().unwrap().remove(&post);
    bench.handle(&published).await;
    assert_eq!(
        bench.home(BEN).await,
        NOTHING,
        "a late redelivery does not bring it back either"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_published_at_the_same_time_all_arrive_while_readers_read() {
    let bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let events: Vec<_> = (0..100).map(|_| bench.world.publish(ANN).1).collect();
    let writes = stream::iter(&events).for_each_concurrent(8, |event| bench.handle(event));
    let reads = async {
        for _ in 0..200 {
            bench.home(BEN).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writes, reads);
    assert_eq!(bench.whole(BEN, 30).await, bench.world.expected(BEN));
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_rejected_and_not_tried_again() {
    let bench = Bench::new().await;
    let (_, mut event) = bench.world.publish(ANN);
    event.payload = vec![0xff; 3];
    assert!(matches!(
        bench.try_handle(&event).await,
        Err(HandlerError::Reject(_))
    ));
    event.payload = vec![];
    assert!(matches!(
        bench.try_handle(&event).await,
        Err(HandlerError::Reject(_))
    ));
}

#[tokio::test]
async fn when_the_database_is_closed_the_event_is_to_be_tried_again() {
    let bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    let (_, event) = bench.world.publish(ANN);
    bench.database.close().await;
    assert!(matches!(
        bench.try_handle(&event).await,
        Err(HandlerError::Unavailable(_))
    ));
    let request = product_feed_gateway::GetHomeRequest {
        account_id: BEN,
        page: Some(infra_kernel::Page::newest(20).into()),
    };
    let error = bench.feed.get_home(&context(), request).await.unwrap_err();
    assert_eq!(error.code(), infra_kernel::ErrorCode::Unavailable);
}
