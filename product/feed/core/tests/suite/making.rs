//! Timelines are made when they are missing, once, and nothing published meanwhile is lost.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::future::join_all;
use product_feed::Settings;

use crate::bench::Bench;
use crate::world::NOTHING;

const ANN: u64 = 1;
const BEN: u64 = 2;

#[tokio::test]
async fn readers_who_come_at_the_same_time_wait_for_one_making() {
    let bench = Bench::new().await;
    bench.world.follow(BEN, ANN);
    let (post, _) = bench.world.publish(ANN);
    let homes = join_all((0..50).map(|_| bench.home(BEN))).await;
    assert!(homes.iter().all(|home| *home == [post]));
    assert_eq!(bench.world.following_listed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_post_published_while_a_timeline_is_made_is_not_lost() {
    let bench = Arc::new(Bench::new().await);
    bench.world.follow(BEN, ANN);
    let (early, _) = bench.world.publish(ANN);
    let gate = bench.world.posts_gate.close().await;
    let reader = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.home(BEN).await }
    });
    // The posts have been read and are on their way; this one is not among them.
    bench.world.posts_gate.arrival().await;
    let (late, event) = bench.world.publish(ANN);
    bench.handle(&event).await;
    drop(gate);
    assert_eq!(reader.await.unwrap(), [late, early]);
    assert_eq!(bench.home(BEN).await, [late, early]);
}

#[tokio::test]
async fn a_follow_during_the_making_is_not_lost() {
    let bench = Arc::new(Bench::new().await);
    let (post, _) = bench.world.publish(ANN);
    let gate = bench.world.posts_gate.close().await;
    let reader = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.home(BEN).await }
    });
    bench.world.posts_gate.arrival().await;
    let event = bench.world.follow(BEN, ANN);
    let follow = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.handle(&event).await }
    });
    drop(gate);
    assert_eq!(reader.await.unwrap(), NOTHING);
    follow.await.unwrap();
    assert_eq!(bench.home(BEN).await, [post]);
}

#[tokio::test]
async fn a_post_deleted_while_a_timeline_is_made_does_not_come_back() {
    let bench = Arc::new(Bench::new().await);
    bench.world.follow(BEN, ANN);
    let (kept, _) = bench.world.publish(ANN);
    let (deleted, _) = bench.world.publish(ANN);
    let gate = bench.world.posts_gate.close().await;
    let reader = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.home(BEN).await }
    });
    bench.world.posts_gate.arrival().await;
    bench.delete(deleted).await;
    drop(gate);
    assert_eq!(reader.await.unwrap(), [kept]);
    assert_eq!(bench.home(BEN).await, [kept]);
}

#[tokio::test]
async fn a_timeline_dropped_while_it_is_made_is_made_again() {
    let bench = Arc::new(Bench::new().await);
    bench.world.follow(BEN, ANN);
    let (post, _) = bench.world.publish(ANN);
    let gate = bench.world.posts_gate.close().await;
    let reader = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.home(BEN).await }
    });
    bench.world.posts_gate.arrival().await;
    assert_eq!(bench.rebuild(0).await, 1);
    drop(gate);
    assert_eq!(reader.await.unwrap(), [post]);
}

#[tokio::test]
async fn a_timeline_whose_making_was_cut_off_is_made_by_the_next_reader() {
    let mut bench = Bench::new().await;
    bench.world.follow(BEN, ANN);
    let (post, _) = bench.world.publish(ANN);
    {
        let bench = &bench;
        let gate = bench.world.posts_gate.close().await;
        let mut reading = Box::pin(bench.home(BEN));
        tokio::select! {
            _ = &mut reading => panic!("the gate is closed"),
            () = bench.world.posts_gate.arrival() => {}
        }
        drop(reading);
        drop(gate);
    }
    assert_eq!(bench.home(BEN).await, [post]);
    bench.restart().await;
    assert_eq!(bench.home(BEN).await, [post]);
}

#[tokio::test]
async fn dropping_and_rebuilding_gives_the_same_result() {
    let settings = Settings {
        timeline_entries_max: 20,
        ..Settings::default()
    };
    let bench = Bench::with(settings).await;
    for author in 10..15 {
        bench.follow(BEN, author).await;
    }
    bench.home(BEN).await;
    for round in 0..12 {
        for author in 10..16 {
            let post = bench.publish(author).await;
            if (round + author) % 5 == 0 {
                bench.delete(post).await;
            }
        }
    }
    let before = bench.whole(BEN, 7).await;
    assert_eq!(before, bench.world.expected(BEN));
    assert_eq!(bench.rebuild(BEN).await, 20, "as many as a timeline holds");
    assert_eq!(bench.whole(BEN, 7).await, before);
    assert_eq!(bench.rebuild(0).await, 1);
    assert!(!bench.is_kept(BEN).await);
    assert_eq!(bench.whole(BEN, 7).await, before);
}

#[tokio::test]
async fn whom_one_follows_may_be_more_than_one_batch() {
    let bench = Bench::new().await;
    for author in 1_000..1_730 {
        bench.world.follow(BEN, author);
        bench.world.publish(author);
        bench.world.publish(author);
    }
    assert_eq!(bench.whole(BEN, 40).await, bench.world.expected(BEN));
}
