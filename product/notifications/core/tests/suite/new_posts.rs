//! New posts of those whom one follows to be told of.

use business_posts_gateway::{PostHead, Visibility};
use infra_kernel::{ErrorCode, Page};
use product_notifications_gateway::{ClearNotificationsRequest, Filter, Kind};

use crate::support::{ADA, BOB, EVE, World, mentioning, signed_in};

/// A post of Bob's.
fn post(id: u64) -> PostHead {
    PostHead {
        visibility: Visibility::Public.into(),
        ..mentioning(id, BOB, &[])
    }
}

/// Ada and Eve want to be told of what Bob posts, and Ada of what Eve does.
async fn told_of_bob() -> World {
    let world = World::new().await;
    world.wants_to_be_told(501, ADA, BOB);
    world.wants_to_be_told(502, EVE, BOB);
    world.wants_to_be_told(503, ADA, EVE);
    world
}

#[tokio::test]
async fn those_who_want_it_are_told_of_each_post_once() {
    let world = told_of_bob().await;
    for _ in 0..2 {
        world.published(post(7)).await;
    }
    world.published(post(8)).await;
    let both = [(Kind::NewPost, BOB, 8), (Kind::NewPost, BOB, 7)];
    assert_eq!(world.notified(ADA).await, both);
    assert_eq!(world.notified(EVE).await, both);
    assert!(world.notified(BOB).await.is_empty());
    world.deleted(8).await;
    assert_eq!(world.notified(ADA).await, both[1..]);
    // Heard of after it was deleted, it tells nobody.
    world.deleted(9).await;
    for gone in [8, 9] {
        world.published(post(gone)).await;
    }
    assert_eq!(world.notified(ADA).await, both[1..]);
    assert_eq!(world.notified(EVE).await, both[1..]);
}

#[tokio::test]
async fn of_what_is_not_for_followers_they_are_not_told() {
    let world = told_of_bob().await;
    let seen_as = |id, visibility: Visibility| PostHead {
        visibility: visibility.into(),
        ..post(id)
    };
    let reply = |id, author| PostHead {
        in_reply_to_id: 1,
        in_reply_to_author_id: author,
        ..post(id)
    };
    let reshare = PostHead {
        reshare_of_id: 1,
        reshare_of_author_id: 99,
        ..post(14)
    };
    for head in [
        seen_as(10, Visibility::Unlisted),
        seen_as(11, Visibility::Private),
        seen_as(12, Visibility::Direct),
        seen_as(13, Visibility::Unspecified),
        reshare,
        reply(15, 99),
        reply(16, BOB),
    ] {
        world.published(head).await;
    }
    let expected = [16, 11, 10].map(|post| (Kind::NewPost, BOB, post));
    assert_eq!(world.notified(EVE).await, expected);
}

#[tokio::test]
async fn who_is_mentioned_is_told_of_that_alone() {
    let world = told_of_bob().await;
    let mentioning = PostHead {
        mentioned_ids: vec![EVE],
        ..post(7)
    };
    world.published(mentioning).await;
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 7)]);
    assert_eq!(world.notified(ADA).await, [(Kind::NewPost, BOB, 7)]);
}

#[tokio::test]
async fn many_are_told_in_batches_and_a_failure_in_between_tells_nobody_twice() {
    let world = World::new().await;
    for follow in 0..250 {
        world.wants_to_be_told(1_000 + follow, 100 + follow, BOB);
    }
    let count = "SELECT count(*) FROM notifications";
    // The graph responds once, and the newest of the followers are told.
    *world.followers.responds.lock().unwrap() = Some(1);
    let failed = world.try_published(post(7)).await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::Unavailable);
    assert_eq!(world.number(count).await, 100);
    let newest = 349;
    let of_newest = world.list(newest, Page::newest(10), Filter::default());
    assert_eq!(of_newest.await.unwrap().len(), 1);
    let clear = ClearNotificationsRequest { account_id: newest };
    let context = signed_in(newest);
    let cleared = world.notifications.clear_notifications(&context, clear);
    cleared.await.unwrap();
    *world.followers.responds.lock().unwrap() = None;
    for _ in 0..2 {
        world.published(post(7)).await;
        assert_eq!(world.number(count).await, 249);
        assert!(world.notified(newest).await.is_empty());
    }
    world.deleted(7).await;
    assert_eq!(world.number(count).await, 0);
}

#[tokio::test]
async fn a_post_that_is_deleted_between_two_batches_tells_nobody_more() {
    let world = World::new().await;
    for follow in 0..250 {
        world.wants_to_be_told(1_000 + follow, 100 + follow, BOB);
    }
    *world.followers.responds.lock().unwrap() = Some(2);
    world.try_published(post(7)).await.unwrap_err();
    let count = "SELECT count(*) FROM notifications";
    assert_eq!(world.number(count).await, 200);
    world.deleted(7).await;
    *world.followers.responds.lock().unwrap() = None;
    world.published(post(7)).await;
    assert_eq!(world.number(count).await, 0);
}
