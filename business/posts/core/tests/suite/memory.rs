//! What is served from memory is never behind what was acknowledged.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use business_posts::Settings;
use business_posts_gateway::ListByAuthorRequest;
use futures::future::FutureExt as _;
use infra_kernel::Page;

use crate::support::{World, context, reply_to, text};

async fn newest(world: &World, author_id: u64) -> Option<u64> {
    let request = ListByAuthorRequest {
        author_id,
        page: Some(Page::newest(1).into()),
        ..Default::default()
    };
    let reply = world.posts.list_by_author(&context(), request).await;
    reply.unwrap().heads.first().map(|head| head.id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_in_a_race_never_leave_something_old_behind() {
    // Hardly any room, so that readers read the disk all the time.
    let settings = Settings {
        posts_cached_max: 2,
        authors_cached_max: 1,
        ..Settings::default()
    };
    let world = Arc::new(World::with(settings).await);
    let root = world.create(text(1, "root")).await.unwrap().id;
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (world, stop) = (world.clone(), stop.clone());
            tokio::spawn(async move {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    round += 1;
                    world.heads(vec![root, round]).await;
                    newest(&world, 2).await;
                    world.stats(2).await;
                    world.count().await;
                }
            })
        })
        .collect();
    for _ in 1..=150 {
        let post = world.create(reply_to(2, root)).await.unwrap();
        assert_eq!(world.get(post.id).await, Some(post.clone()));
        assert_eq!(world.heads(vec![root]).await[0].replies_count, 1);
        assert_eq!(newest(&world, 2).await, Some(post.id));
        assert_eq!((world.stats(2).await.0, world.count().await), (1, 2));
        world.delete(2, post.id).await.unwrap();
        assert_eq!(world.get(post.id).await, None);
        let parent = world.get(root).await.unwrap();
        assert_eq!((parent.replies_count, parent.revision), (0, 1));
        assert_eq!(newest(&world, 2).await, None);
        assert_eq!((world.stats(2).await.0, world.count().await), (0, 1));
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_old_behind() {
    let world = World::new().await;
    let root = world.create(text(1, "root")).await.unwrap().id;
    assert_eq!((newest(&world, 2).await, world.count().await), (None, 1));
    let context = context();
    // One step: far enough to have handed the write in, then gone.
    let creating = pin!(world.posts.create_post(&context, reply_to(2, root))).now_or_never();
    assert!(creating.is_none());
    let seen = async {
        while newest(&world, 2).await.is_none()
            || world.count().await != 2
            || world.get(root).await.unwrap().replies_count != 1
        {
            tokio::task::yield_now().await;
        }
    };
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, seen)
        .await
        .expect("memory stayed behind");
}
