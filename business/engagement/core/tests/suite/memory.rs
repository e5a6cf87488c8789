//! What is served from memory is never behind what was acknowledged.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use business_engagement::Settings;
use business_engagement_gateway::LikeRequest;
use futures::future::FutureExt as _;

use crate::support::{World, signed_in};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_in_a_race_never_leave_something_old_behind() {
    // Hardly any room, so that readers read the disk all the time.
    let settings = Settings {
        counts_cached_max: 4,
        marks_cached_max: 4,
    };
    let world = Arc::new(World::with(settings).await);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3_u64)
        .map(|reader| {
            let (world, stop) = (world.clone(), stop.clone());
            tokio::spawn(async move {
                let mut other = 100;
                while !stop.load(Ordering::Relaxed) {
                    other = 100 + (other + 1 + reader) % 50;
                    world.counts(&[7, other]).await;
                    world.marks(1, &[7, other]).await;
                }
            })
        })
        .collect();
    for _ in 0..100 {
        world.like(1, 7).await.unwrap();
        world.bookmark(1, 7).await.unwrap();
        assert_eq!(world.counts(&[7]).await, [1]);
        assert_eq!(world.marks(1, &[7]).await, [(true, true)]);
        world.unlike(1, 7).await.unwrap();
        assert_eq!(world.counts(&[7]).await, [0]);
        assert_eq!(world.marks(1, &[7]).await, [(false, true)]);
        world.unbookmark(1, 7).await.unwrap();
        assert_eq!(world.marks(1, &[7]).await, [(false, false)]);
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_old_behind() {
    let world = World::new().await;
    assert_eq!(world.counts(&[7]).await, [0]);
    assert_eq!(world.marks(1, &[7]).await, [(false, false)]);
    let request = LikeRequest {
        account_id: 1,
        post_id: 7,
    };
    let context = signed_in(1);
    // One step: far enough to have handed the write in, then gone.
    let gone = pin!(world.engagement.like(&context, request)).now_or_never();
    assert!(gone.is_none());
    let liked = async {
        while world.counts(&[7]).await != [1] || world.marks(1, &[7]).await != [(true, false)] {
            tokio::task::yield_now().await;
        }
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, liked)
        .await
        .expect("memory stayed behind");
}
