//! What is left of a post that was deleted is removed, however often that is heard of.

use business_engagement_gateway::PAGE_LIMIT_MAX;
use business_posts_gateway::{PostDeleted, PostHead, topics};
use infra_bus::Event;
use infra_domain::Domain as _;
use infra_kernel::{Caller, IdGenerator, Page, SystemClock};
use std::sync::Arc;

use crate::support::{World, by};

/// Delivers the event as the bus does.
async fn deliver_deleted(world: &World, post: u64) {
    let context = by(Caller::system());
    let ids = IdGenerator::new(1, Arc::new(SystemClock));
    let head = PostHead {
        id: post,
        ..PostHead::default()
    };
    let deleted = PostDeleted {
        head: Some(head),
        ..PostDeleted::default()
    };
    let event = Event::new(&context, &ids, topics::DELETED, post, &deleted);
    let consumers = world.core.consumers();
    let taking = consumers
        .iter()
        .filter(|consumer| consumer.subscription.topics.contains(&topics::DELETED));
    for consumer in taking {
        consumer.handler.handle(&context, &event).await.unwrap();
    }
}

#[tokio::test]
async fn likes_counts_and_bookmarks_go_and_others_stay() {
    let world = World::new().await;
    for account in 1..=20 {
        world.like(account, 7).await.unwrap();
        world.like(account, 8).await.unwrap();
        world.bookmark(account, 7).await.unwrap();
    }
    // Only bookmarked, by more than one batch.
    for account in 1_000..1_010 {
        world.bookmark(account, 7).await.unwrap();
    }
    assert_eq!(world.marks(1, &[7]).await, [(true, true)]);
    let events = world.events().await.len();
    for _ in 0..2 {
        deliver_deleted(&world, 7).await;
        assert_eq!(world.counts(&[7, 8]).await, [0, 20]);
        assert_eq!(
            world.marks(1, &[7, 8]).await,
            [(false, false), (true, false)]
        );
        assert_eq!(world.marks(1_009, &[7]).await, [(false, false)]);
        let left = world
            .likes_of(1, Page::newest(PAGE_LIMIT_MAX))
            .await
            .unwrap();
        assert_eq!(
            left.iter().map(|like| like.post_id).collect::<Vec<_>>(),
            [8]
        );
    }
    let rows = "SELECT (SELECT count(*) FROM likes) + (SELECT count(*) FROM bookmarks) \
        + (SELECT count(*) FROM like_counts)";
    assert_eq!(world.number(rows).await, 20 + 1);
    // The post is gone, and nobody took back a like.
    assert_eq!(world.events().await.len(), events);
}

#[tokio::test]
async fn more_than_one_batch_goes() {
    let world = World::new().await;
    let insert = |statement: &'static str| {
        world
            .database
            .write::<_, infra_db::DbError, _>(move |connection| {
                Box::pin(async move {
                    infra_db::query(statement).execute(connection).await?;
                    Ok(())
                })
            })
    };
    insert(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1700) \
         INSERT INTO likes (id, account_id, post_id, created_at) SELECT n, n, 7, 0 FROM n",
    )
    .await
    .unwrap();
    insert("INSERT INTO like_counts (post_id, likes) VALUES (7, 1700)")
        .await
        .unwrap();
    deliver_deleted(&world, 7).await;
    assert_eq!(world.number("SELECT count(*) FROM likes").await, 0);
    assert_eq!(world.number("SELECT count(*) FROM like_counts").await, 0);
    assert_eq!(world.counts(&[7]).await, [0]);
}
