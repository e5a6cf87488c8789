//! Pages, filters and counts.

use infra_kernel::{Direction, ErrorCode, Page};
use product_notifications_gateway::{
    ClearNotificationsRequest, CountUnreadRequest, Filter, GetNotificationRequest, Kind,
    PAGE_LIMIT_MAX, UNREAD_MAX,
};

use crate::support::{ADA, BOB, EVE, World, mentioning, signed_in};

const ALL: Page = Page::newest(PAGE_LIMIT_MAX);

fn only(kinds: &[Kind]) -> Filter {
    Filter {
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
        ..Filter::default()
    }
}

fn without(kinds: &[Kind]) -> Filter {
    Filter {
        unwanted_kinds: only(kinds).kinds,
        ..Filter::default()
    }
}

fn of(from_id: u64) -> Filter {
    Filter {
        from_id,
        ..Filter::default()
    }
}

async fn count(world: &World, after_id: u64, limit: u32, filter: Filter) -> u32 {
    let request = CountUnreadRequest {
        account_id: ADA,
        after_id,
        filter: Some(filter),
        limit,
    };
    let context = signed_in(ADA);
    let reply = world.notifications.count_unread(&context, request);
    reply.await.unwrap().count
}

/// A like, a follow and a mention of Ada by Bob, and a like by Eve.
async fn four() -> World {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.followed(101, BOB).await;
    world.published(mentioning(9, BOB, &[ADA])).await;
    world.liked(102, EVE, 7).await;
    world
}

#[tokio::test]
async fn kinds_and_people_are_wanted_and_unwanted() {
    let world = four().await;
    let both = Filter {
        from_id: BOB,
        ..only(&[Kind::Favourite, Kind::Follow])
    };
    let neither = Filter {
        unwanted_kinds: only(&[Kind::Follow]).kinds,
        ..only(&[Kind::Follow])
    };
    for (filter, expected) in [
        (Filter::default(), vec![7, 9, 0, 7]),
        (only(&[Kind::Favourite]), vec![7, 7]),
        (only(&[Kind::Favourite, Kind::Mention]), vec![7, 9, 7]),
        (without(&[Kind::Favourite]), vec![9, 0]),
        (without(&Kind::ALL), vec![]),
        (neither, vec![]),
        (of(EVE), vec![7]),
        (of(99), vec![]),
        (both, vec![0, 7]),
    ] {
        let listed = world.list(ADA, ALL, filter.clone()).await.unwrap();
        let posts: Vec<_> = listed.iter().map(|one| one.post_id).collect();
        assert_eq!(posts, expected, "{filter:?}");
        let counted = count(&world, 0, UNREAD_MAX, filter).await;
        assert_eq!(counted as usize, expected.len());
    }
}

#[tokio::test]
async fn pages_stay_where_they_are_while_more_is_told() {
    let world = four().await;
    let ids = async |page| {
        let listed = world.list(ADA, page, Filter::default()).await.unwrap();
        listed.iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let all = ids(ALL).await;
    let first = ids(Page::newest(2)).await;
    world.followed(103, EVE).await;
    let second = Page {
        before: first[1],
        ..Page::newest(2)
    };
    assert_eq!([first, ids(second).await].concat(), all);
    let newer = Page {
        after: all[3],
        direction: Direction::Newer,
        ..Page::newest(2)
    };
    assert_eq!(ids(newer).await, all[1..3]);
    for limit in [0, PAGE_LIMIT_MAX + 1] {
        let refused = world
            .list(ADA, Page::newest(limit), Filter::default())
            .await;
        let error = refused.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("page"))
        );
    }
}

#[tokio::test]
async fn what_is_unread_is_counted_up_to_a_limit() {
    let world = four().await;
    let listed = world.list(ADA, ALL, Filter::default()).await.unwrap();
    for (after, limit, expected) in [
        (0, UNREAD_MAX, 4),
        (listed[3].id, UNREAD_MAX, 3),
        (listed[0].id, UNREAD_MAX, 0),
        (u64::MAX, UNREAD_MAX, 0),
        (0, 3, 3),
    ] {
        assert_eq!(
            count(&world, after, limit, Filter::default()).await,
            expected
        );
    }
    for limit in [0, UNREAD_MAX + 1] {
        let request = CountUnreadRequest {
            account_id: ADA,
            limit,
            ..CountUnreadRequest::default()
        };
        let refused = world
            .notifications
            .count_unread(&signed_in(ADA), request)
            .await;
        assert_eq!(refused.unwrap_err().field(), Some("limit"));
    }
}

#[tokio::test]
async fn one_is_shown_and_all_are_removed_for_its_account_alone() {
    let world = four().await;
    world.published(mentioning(10, BOB, &[ADA, EVE])).await;
    let newest = world
        .list(ADA, ALL, Filter::default())
        .await
        .unwrap()
        .remove(0);
    let get = async |account_id| {
        let request = GetNotificationRequest {
            account_id,
            notification_id: newest.id,
        };
        let context = signed_in(account_id);
        let reply = world.notifications.get_notification(&context, request);
        reply.await.map(|reply| reply.notification.unwrap())
    };
    assert_eq!(get(ADA).await.unwrap(), newest);
    assert_eq!(get(EVE).await.unwrap_err().code(), ErrorCode::NotFound);
    for _ in 0..2 {
        let request = ClearNotificationsRequest { account_id: ADA };
        let context = signed_in(ADA);
        let cleared = world.notifications.clear_notifications(&context, request);
        cleared.await.unwrap();
        assert!(world.notified(ADA).await.is_empty());
    }
    assert_eq!(get(ADA).await.unwrap_err().code(), ErrorCode::NotFound);
    assert_eq!(world.notified(EVE).await, [(Kind::Mention, BOB, 10)]);
    // Heard of again, it stays removed.
    world.liked(100, BOB, 7).await;
    assert!(world.notified(ADA).await.is_empty());
}
