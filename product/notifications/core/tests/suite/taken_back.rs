//! What was taken back or deleted is gone, in whatever order it is heard of.

use product_notifications_gateway::{DismissNotificationRequest, Filter, Kind};

use infra_kernel::Page;

use crate::support::{ADA, BOB, EVE, World, mentioning, signed_in};

#[tokio::test]
async fn a_like_that_is_taken_back_goes_also_when_that_is_heard_first() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.liked(101, EVE, 7).await;
    for _ in 0..2 {
        world.unliked(100, BOB, 7).await;
        assert_eq!(world.notified(ADA).await, [(Kind::Favourite, EVE, 7)]);
    }
    world.liked(100, BOB, 7).await;
    world.unliked(102, BOB, 8).await;
    world.liked(102, BOB, 8).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, EVE, 7)]);
}

#[tokio::test]
async fn a_like_after_one_that_was_taken_back_is_told_in_every_order() {
    // The first like, that it was taken back, and the second.
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let world = World::new().await;
        for event in order {
            match event {
                0 => world.liked(100, BOB, 7).await,
                1 => world.unliked(100, BOB, 7).await,
                _ => world.liked(101, BOB, 7).await,
            }
        }
        let told = world.notified(ADA).await;
        assert_eq!(told, [(Kind::Favourite, BOB, 7)], "{order:?}");
        world.unliked(101, BOB, 7).await;
        assert!(world.notified(ADA).await.is_empty(), "{order:?}");
    }
}

#[tokio::test]
async fn a_follow_that_ended_goes_also_when_that_is_heard_first() {
    let world = World::new().await;
    world.followed(100, BOB).await;
    world.unfollowed(101, EVE).await;
    world.followed(101, EVE).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Follow, BOB, 0)]);
    world.unfollowed(100, BOB).await;
    assert!(world.notified(ADA).await.is_empty());
    world.followed(102, BOB).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Follow, BOB, 0)]);
}

#[tokio::test]
async fn a_like_and_a_follow_of_the_same_number_do_not_disturb_each_other() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.followed(100, BOB).await;
    world.published(mentioning(100, BOB, &[ADA])).await;
    world.unliked(100, BOB, 7).await;
    let left = [(Kind::Mention, BOB, 100), (Kind::Follow, BOB, 0)];
    assert_eq!(world.notified(ADA).await, left);
}

#[tokio::test]
async fn all_about_a_deleted_post_goes_and_nothing_comes_after_it() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.liked(101, BOB, 8).await;
    world.published(mentioning(7, BOB, &[ADA, EVE])).await;
    for _ in 0..2 {
        world.deleted(7).await;
        assert_eq!(world.notified(ADA).await, [(Kind::Favourite, BOB, 8)]);
        assert!(world.notified(EVE).await.is_empty());
        world.liked(102, EVE, 7).await;
        world.published(mentioning(7, BOB, &[ADA, EVE])).await;
    }
    world.deleted(9).await;
    world.published(mentioning(9, BOB, &[ADA])).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, BOB, 8)]);
}

#[tokio::test]
async fn more_than_one_batch_goes() {
    let world = World::new().await;
    let insert = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1700) \
         INSERT INTO notifications \
         (id, account_id, kind, from_id, post_id, source_id, created_at) \
         SELECT n, 1, 1, n, 7, n, 0 FROM n";
    let insert = world
        .database
        .write::<_, infra_db::DbError, _>(move |connection| {
            Box::pin(async move { infra_db::query(insert).execute(connection).await })
        });
    insert.await.unwrap();
    world.deleted(7).await;
    assert_eq!(world.number("SELECT count(*) FROM notifications").await, 0);
}

#[tokio::test]
async fn what_was_dismissed_does_not_come_back() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.liked(101, EVE, 7).await;
    let listed = world
        .list(ADA, Page::newest(10), Filter::default())
        .await
        .unwrap();
    let dismiss = || DismissNotificationRequest {
        account_id: ADA,
        notification_id: listed[1].id,
    };
    for removed in [true, false] {
        let reply = world
            .notifications
            .dismiss_notification(&signed_in(ADA), dismiss())
            .await;
        assert_eq!(reply.unwrap().removed, removed);
    }
    world.liked(100, BOB, 7).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, EVE, 7)]);
}
