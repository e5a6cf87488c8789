//! Who is told of what, once.

use business_posts_gateway::{PostHead, Visibility};
use infra_bus::outbox;
use infra_kernel::Page;
use product_notifications::Settings;
use product_notifications_gateway::{Filter, Kind, Told, topics};
use std::time::Duration;

use crate::support::{ADA, BOB, EVE, World, mentioning};

#[tokio::test]
async fn likes_follows_and_mentions_are_told_once_however_often_they_are_heard_of() {
    let world = World::new().await;
    for _ in 0..2 {
        world.liked(100, BOB, 7).await;
        world.followed(101, BOB).await;
        world.published(mentioning(9, BOB, &[ADA, EVE])).await;
    }
    let expected = [
        (Kind::Mention, BOB, 9),
        (Kind::Follow, BOB, 0),
        (Kind::Favourite, BOB, 7),
    ];
    assert_eq!(world.notified(ADA).await, expected);
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 9)]);
    assert!(world.notified(BOB).await.is_empty());
    let listed = world.list(ADA, Page::newest(1), Filter::default()).await;
    assert!(listed.unwrap()[0].created_at_us > 0);
}

#[tokio::test]
async fn who_is_replied_to_is_told_once_also_when_mentioned() {
    let world = World::new().await;
    let reply = |id, mentioned: &[u64]| PostHead {
        in_reply_to_id: 7,
        in_reply_to_author_id: ADA,
        ..mentioning(id, BOB, mentioned)
    };
    world.published(reply(8, &[])).await;
    world.published(reply(9, &[ADA, EVE])).await;
    let expected = [(Kind::Mention, BOB, 9), (Kind::Mention, BOB, 8)];
    assert_eq!(world.notified(ADA).await, expected);
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 9)]);
}

#[tokio::test]
async fn a_change_is_told_to_those_who_reshared_the_post_and_those_whom_it_mentions_since() {
    let world = World::new().await;
    let head = mentioning(9, BOB, &[ADA, EVE]);
    world.published(mentioning(9, BOB, &[ADA])).await;
    for _ in 0..2 {
        // Who reshared their own is not told, and who is mentioned is told of that alone.
        world.edited(head.clone(), &[EVE], &[EVE, ADA, BOB]).await;
    }
    let told = [(Kind::Edit, BOB, 9), (Kind::Mention, BOB, 9)];
    assert_eq!(world.notified(ADA).await, told);
    // Each change is news, told once.
    world.published(mentioning(10, BOB, &[ADA])).await;
    world.edited(head.clone(), &[], &[ADA]).await;
    let told = [(Kind::Edit, BOB, 9), (Kind::Mention, BOB, 10)];
    assert_eq!(world.notified(ADA).await[..2], told);
    world.deleted(10).await;
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 9)]);
    assert!(world.notified(BOB).await.is_empty());
    world.deleted(9).await;
    assert!(world.notified(ADA).await.is_empty());
    // What is heard of too late.
    world.edited(head, &[EVE], &[ADA]).await;
    for account in [ADA, EVE] {
        assert!(world.notified(account).await.is_empty());
    }
}

#[tokio::test]
async fn nobody_is_told_of_what_they_did_themselves() {
    let world = World::new().await;
    world.liked(100, ADA, 7).await;
    let own = PostHead {
        in_reply_to_id: 7,
        in_reply_to_author_id: ADA,
        ..mentioning(8, ADA, &[ADA])
    };
    world.published(own).await;
    world.published(mentioning(9, ADA, &[])).await;
    assert!(world.notified(ADA).await.is_empty());
    assert_eq!(world.number("SELECT count(*) FROM heard").await, 0);
}

#[tokio::test]
async fn the_oldest_go_where_there_are_too_many() {
    let settings = Settings { kept_max: 3 };
    let world = World::with(settings, Duration::from_hours(24)).await;
    world.published(mentioning(9, BOB, &[EVE])).await;
    for number in 1..=5 {
        world.followed(100 + number, 10 + number).await;
    }
    let kept = [15, 14, 13].map(|from| (Kind::Follow, from, 0));
    assert_eq!(world.notified(ADA).await, kept);
    // Heard of again, what has gone does not come back, and nothing else has to go for it.
    world.followed(101, 11).await;
    assert_eq!(world.notified(ADA).await, kept);
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 9)]);
}

#[tokio::test]
async fn what_was_heard_is_forgotten_when_it_cannot_come_again() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.deleted(8).await;
    assert_eq!(world.core.forget().await.unwrap(), 0);
    assert_eq!(world.number("SELECT count(*) FROM heard").await, 2);

    let world = World::new().await;
    for like in 0..600 {
        world.unliked(1_000 + like, BOB, 7).await;
    }
    world.liked(100, BOB, 7).await;
    world.clock.advance(Duration::from_hours(25));
    // More than one batch, and the notification stays.
    assert_eq!(world.core.forget().await.unwrap(), 601);
    assert_eq!(world.number("SELECT count(*) FROM heard").await, 0);
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, BOB, 7)]);
    // What comes again only now (a dead letter that is replayed) tells nobody: whether it was taken
    // back is forgotten.
    world.liked(1_000, EVE, 7).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, BOB, 7)]);
}

#[tokio::test]
async fn a_change_of_an_older_post_is_told_although_the_account_fills_its_share() {
    let settings = Settings { kept_max: 20 };
    let world = World::with(settings, Duration::from_hours(24)).await;
    for post in 1_000..1_010 {
        world.published(mentioning(post, BOB, &[ADA])).await;
    }
    world.edited(mentioning(9, BOB, &[ADA]), &[ADA], &[]).await;
    let told = [(Kind::Mention, BOB, 9), (Kind::Mention, BOB, 1_009)];
    assert_eq!(world.notified(ADA).await, told);
}

#[tokio::test]
async fn one_account_pushes_out_no_more_than_its_own() {
    let settings = Settings { kept_max: 20 };
    let world = World::with(settings, Duration::from_hours(24)).await;
    world.liked(100, EVE, 7).await;
    world.followed(101, EVE).await;
    for post in 1_000..1_100 {
        world.published(mentioning(post, BOB, &[ADA])).await;
    }
    let of_bob = [1_099, 1_098].map(|post| (Kind::Mention, BOB, post));
    let of_eve = [(Kind::Follow, EVE, 0), (Kind::Favourite, EVE, 7)];
    assert_eq!(world.notified(ADA).await, [of_bob, of_eve].concat());
}

#[tokio::test]
async fn a_direct_reply_tells_only_those_whom_it_mentions() {
    let world = World::new().await;
    let reply = |id, mentioned: &[u64]| PostHead {
        visibility: Visibility::Direct.into(),
        in_reply_to_id: 7,
        in_reply_to_author_id: ADA,
        ..mentioning(id, BOB, mentioned)
    };
    // They expect Bob's direct posts.
    world.follows(EVE, BOB);
    world.follows(ADA, BOB);
    world.published(reply(200, &[EVE])).await;
    assert!(world.notified(ADA).await.is_empty());
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 200)]);
    world.published(reply(201, &[ADA])).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Mention, BOB, 201)]);
}

#[tokio::test]
async fn a_restart_keeps_what_was_told_and_heard() {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.unliked(101, EVE, 7).await;
    let world = world.restarted().await;
    world.liked(100, BOB, 7).await;
    world.liked(101, EVE, 7).await;
    assert_eq!(world.notified(ADA).await, [(Kind::Favourite, BOB, 7)]);
}

#[tokio::test]
async fn an_author_is_told_of_reshares_until_they_are_taken_back() {
    let world = World::new().await;
    let reshare = |id, author_id| PostHead {
        visibility: Visibility::Public.into(),
        reshare_of_id: 7,
        reshare_of_author_id: ADA,
        ..mentioning(id, author_id, &[])
    };
    for _ in 0..2 {
        world.published(reshare(100, BOB)).await;
    }
    world.published(reshare(101, ADA)).await;
    let hidden = PostHead {
        visibility: Visibility::Private.into(),
        ..reshare(99, EVE)
    };
    world.published(hidden).await;
    world.published(reshare(102, EVE)).await;
    let both = [(Kind::Reshare, EVE, 7), (Kind::Reshare, BOB, 7)];
    assert_eq!(world.notified(ADA).await, both);
    for _ in 0..2 {
        world.deleted_as(reshare(102, EVE)).await;
    }
    assert_eq!(world.notified(ADA).await, both[1..]);
    // Heard of after it was taken back, it tells nobody; once more is another one.
    world.deleted_as(reshare(103, EVE)).await;
    world.published(reshare(103, EVE)).await;
    assert_eq!(world.notified(ADA).await, both[1..]);
    world.published(reshare(104, EVE)).await;
    assert_eq!(world.notified(ADA).await, both);
    world.deleted(7).await;
    assert!(world.notified(ADA).await.is_empty());
}

#[tokio::test]
async fn a_request_to_follow_is_told_until_it_has_ended() {
    let world = World::new().await;
    for _ in 0..2 {
        world.asked(100, BOB).await;
    }
    world.asked(101, EVE).await;
    let both = [(Kind::FollowRequest, EVE, 0), (Kind::FollowRequest, BOB, 0)];
    assert_eq!(world.notified(ADA).await, both);
    for _ in 0..2 {
        world.asked_no_longer(101, EVE).await;
    }
    world.followed(102, EVE).await;
    let now = [(Kind::Follow, EVE, 0), (Kind::FollowRequest, BOB, 0)];
    assert_eq!(world.notified(ADA).await, now);
    // Heard of after it has ended, it tells nobody.
    world.asked_no_longer(103, EVE).await;
    world.asked(103, EVE).await;
    assert_eq!(world.notified(ADA).await, now);
}

#[tokio::test]
async fn what_is_told_is_announced_once_with_what_can_be_read() {
    let world = World::new().await;
    for _ in 0..2 {
        world.liked(100, BOB, 7).await;
        world.published(mentioning(9, BOB, &[ADA, EVE])).await;
    }
    // The same again, which is told no second time: the like was taken back and is there again.
    world.liked(200, BOB, 7).await;
    let events = outbox::read(&world.database, 10).await.unwrap().events;
    assert!(events.iter().all(|event| event.topic == topics::TOLD));
    let told = events.iter().map(|event| event.decode::<Told>().unwrap());
    let told: Vec<Vec<(u64, u64)>> = told
        .map(|told| {
            let each = told.notifications.iter();
            each.map(|one| (one.account_id, one.notification_id))
                .collect()
        })
        .collect();
    let ids = async |account| {
        let listed = world
            .list(account, Page::newest(9), Filter::default())
            .await;
        listed.unwrap().iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let (adas, eves) = (ids(ADA).await, ids(EVE).await);
    let of_post = vec![(ADA, adas[0]), (EVE, eves[0])];
    assert_eq!(told, [vec![(ADA, adas[1])], of_post]);
}
