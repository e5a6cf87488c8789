//! What is served from memory is never behind what was acknowledged.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use business_graph::Settings;
use business_graph_gateway::FollowRequest;
use futures::future::FutureExt as _;

use crate::support::{World, context};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_in_a_race_never_leave_something_old_behind() {
    // Hardly any room, so that readers read the disk all the time.
    let world = Arc::new(
        World::with(Settings {
            relationships_cached_max: 64 * 8,
            ..Settings::default()
        })
        .await,
    );
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3_u64)
        .map(|reader| {
            let (world, stop) = (world.clone(), stop.clone());
            tokio::spawn(async move {
                let mut other = 100;
                while !stop.load(Ordering::Relaxed) {
                    world.relationship(1, 2).await;
                    world.relationship(2, 1).await;
                    world.stats(1 + reader % 2).await;
                    other = 100 + (other + 1) % 50;
                    world.relationship(1, other).await;
                }
            })
        })
        .collect();
    for _ in 0..150 {
        world.follow(1, 2).await.unwrap();
        assert!(world.relationship(1, 2).await.following);
        assert!(world.relationship(2, 1).await.followed_by);
        assert_eq!((world.stats(1).await.1, world.stats(2).await.0), (1, 1));
        world.unfollow(1, 2).await;
        assert!(!world.relationship(1, 2).await.following);
        assert!(!world.relationship(2, 1).await.followed_by);
        assert_eq!((world.stats(1).await.1, world.stats(2).await.0), (0, 0));
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_old_behind() {
    let world = World::new().await;
    assert!(!world.relationship(1, 2).await.following);
    assert_eq!(world.stats(2).await, (0, 0));
    let request = FollowRequest {
        follower_id: 1,
        followee_id: 2,
        show_reblogs: None,
        notify: None,
    };
    let context = context();
    // One step: far enough to have handed the write in, then gone.
    assert!(
        pin!(world.graph.follow(&context, request))
            .now_or_never()
            .is_none()
    );
    let followed = async {
        while !world.relationship(1, 2).await.following || world.stats(2).await != (1, 0) {
            tokio::task::yield_now().await;
        }
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, followed)
        .await
        .expect("memory stayed behind");
}
