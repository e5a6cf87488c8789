//! Likes and reshares of one post, and follows, told as one.

use std::time::Duration;

use business_posts_gateway::{PostHead, Visibility};
use infra_kernel::{Clock as _, Direction, ErrorCode, Page, Result, Timestamp};
use product_notifications_gateway::{
    DismissGroupRequest, Filter, GROUPED_MAX, GROUPS_LIMIT_MAX, Group, Kind, ListGroupRequest,
    ListGroupsRequest, Notification,
};

use crate::support::{ADA, BOB, EVE, World, mentioning, signed_in};

const ALL: Page = Page::newest(GROUPS_LIMIT_MAX);
const HOUR_US: i64 = 3_600_000_000;

/// What stands on a page: its group's kind and post (none for what stands by itself), and who did
/// it, the latest first.
type Stands = (Option<(Kind, u64)>, Vec<u64>);

async fn listed(world: &World, page: Page, filter: Filter, grouped: &[Kind]) -> Vec<(u64, Stands)> {
    let request = ListGroupsRequest {
        account_id: ADA,
        page: Some(page.into()),
        filter: Some(filter),
        grouped_kinds: grouped.iter().map(|kind| (*kind).into()).collect(),
    };
    let context = signed_in(ADA);
    let reply = world.notifications.list_groups(&context, request).await;
    let groups = reply.unwrap().groups.into_iter();
    let stands = groups.map(|one| {
        assert!(
            one.notifications
                .is_sorted_by(|one, other| one.id > other.id)
        );
        let of_group = |told: &Notification| one.group.is_none() || told.group() == one.group;
        assert!(one.notifications.iter().all(of_group));
        let group = one.group.map(|group| (group.kind(), group.post_id));
        let from = one.notifications.iter().map(|told| told.from_id);
        (one.position_id, (group, from.collect()))
    });
    stands.collect()
}

async fn stand(world: &World, page: Page) -> Vec<Stands> {
    let all = listed(world, page, Filter::default(), &Kind::GROUPED).await;
    all.into_iter().map(|(_, stands)| stands).collect()
}

async fn of_ada(world: &World) -> Vec<Notification> {
    let all = world.list(ADA, Page::newest(200), Filter::default());
    all.await.unwrap()
}

fn reshare(id: u64, author_id: u64, post: u64) -> PostHead {
    PostHead {
        visibility: Visibility::Public.into(),
        reshare_of_id: post,
        reshare_of_author_id: ADA,
        ..mentioning(id, author_id, &[])
    }
}

/// Bob and Eve like a post of Ada's, reshare it and follow her; Bob likes another post, and
/// mentions her twice.
async fn much() -> World {
    let world = World::new().await;
    world.liked(100, BOB, 7).await;
    world.followed(101, BOB).await;
    world.published(mentioning(50, BOB, &[ADA])).await;
    world.liked(102, EVE, 7).await;
    world.published(reshare(51, BOB, 7)).await;
    world.liked(103, BOB, 8).await;
    world.published(reshare(52, EVE, 7)).await;
    world.published(mentioning(53, BOB, &[ADA])).await;
    world.followed(104, EVE).await;
    world
}

#[tokio::test]
async fn likes_and_reshares_of_a_post_and_follows_are_one_each() {
    let world = much().await;
    let expected = [
        (Some((Kind::Follow, 0)), vec![EVE, BOB]),
        (None, vec![BOB]),
        (Some((Kind::Reshare, 7)), vec![EVE, BOB]),
        (Some((Kind::Favourite, 8)), vec![BOB]),
        (Some((Kind::Favourite, 7)), vec![EVE, BOB]),
        (None, vec![BOB]),
    ];
    assert_eq!(stand(&world, ALL).await, expected);
    // Only reshares: of the others each stands by itself.
    let some = listed(&world, ALL, Filter::default(), &[Kind::Reshare]).await;
    let grouped = some.iter().filter(|(_, (group, _))| group.is_some());
    assert_eq!((some.len(), grouped.count()), (8, 1));
    // What is told by itself is never one.
    let all = listed(&world, ALL, Filter::default(), &Kind::ALL).await;
    assert_eq!(all.len(), expected.len());
    let likes = Filter {
        kinds: vec![Kind::Favourite.into()],
        from_id: BOB,
        ..Filter::default()
    };
    let likes = listed(&world, ALL, likes, &Kind::GROUPED).await;
    let likes: Vec<_> = likes.into_iter().map(|(_, stands)| stands).collect();
    let of_bob = [8, 7].map(|post| (Some((Kind::Favourite, post)), vec![BOB]));
    assert_eq!(likes, of_bob);
}

#[tokio::test]
async fn a_group_is_of_twelve_hours_from_its_first() {
    let world = World::new().await;
    let now = world.clock.now().microseconds();
    // The beginning of an hour that is not too long ago to be heard of.
    let start = now - now % HOUR_US - 20 * HOUR_US;
    let at = |minutes: i64| Timestamp::from_microseconds(start + minutes * 60_000_000);
    for (like, minutes) in [
        (1, 30),
        (2, 5),
        (3, 11 * 60 + 59),
        (4, 12 * 60),
        (5, 19 * 60),
    ] {
        world.liked_at(100 + like, 10 + like, 7, at(minutes)).await;
    }
    // Late, it joins the group that is there.
    world.liked_at(106, 16, 7, at(60)).await;
    let second = vec![16, 15, 14];
    let first = vec![13, 12, 11];
    let group = Some((Kind::Favourite, 7));
    assert_eq!(stand(&world, ALL).await, [(group, second), (group, first)]);
    let hours: Vec<u32> = of_ada(&world)
        .await
        .iter()
        .map(|one| one.group_hour)
        .collect();
    let hour = u32::try_from(start / HOUR_US).unwrap();
    assert_eq!(hours, [hour + 12, hour + 12, hour + 12, hour, hour, hour]);
    // It is kept, and a like that is heard of again changes nothing.
    world.clock.advance(Duration::from_secs(60));
    world.liked_at(101, 11, 7, at(30)).await;
    assert_eq!(stand(&world, ALL).await.len(), 2);
}

#[tokio::test]
async fn pages_hold_each_group_once_and_stay_where_they_are_while_more_is_told() {
    let world = much().await;
    let all = of_ada(&world).await;
    let page = async |page| listed(&world, page, Filter::default(), &Kind::GROUPED).await;
    let first = page(Page::newest(3)).await;
    let ids: Vec<u64> = first.iter().map(|(position, _)| *position).collect();
    assert_eq!(ids, [all[0].id, all[1].id, all[2].id]);
    let below = Page {
        before: ids[2],
        ..Page::newest(3)
    };
    let second = page(below).await;
    let expected = [
        (Some((Kind::Favourite, 8)), vec![BOB]),
        // The older part of what the first page had.
        (Some((Kind::Reshare, 7)), vec![BOB]),
        (Some((Kind::Favourite, 7)), vec![EVE, BOB]),
    ];
    let stands = |page: &[(u64, Stands)]| -> Vec<Stands> {
        page.iter().map(|(_, stands)| stands.clone()).collect()
    };
    assert_eq!(stands(&second), expected);
    world.liked(110, 20, 7).await;
    world.followed(111, 20).await;
    assert_eq!(page(below).await, second);
    let newest = page(Page::newest(2)).await;
    let expected = [
        (Some((Kind::Follow, 0)), vec![20, EVE, BOB]),
        (Some((Kind::Favourite, 7)), vec![20, EVE, BOB]),
    ];
    assert_eq!(stands(&newest), expected);
    // Upwards a group stands by its oldest, and has nothing above a full page.
    let above = Page {
        after: all[0].id,
        direction: Direction::Newer,
        ..Page::newest(1)
    };
    let expected = [(Some((Kind::Favourite, 7)), vec![20, EVE, BOB])];
    assert_eq!(stands(&page(above).await), expected);
    let from_the_oldest = Page { after: 0, ..above };
    let expected = [(Some((Kind::Favourite, 7)), vec![BOB])];
    assert_eq!(stands(&page(from_the_oldest).await), expected);
    let end = Page { before: 1, ..ALL };
    assert!(page(end).await.is_empty());
}

#[tokio::test]
async fn the_groups_of_a_page_are_bounded_and_each_has_its_newest() {
    let world = World::new().await;
    let insert = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500) \
         INSERT INTO notifications \
         (id, account_id, kind, from_id, post_id, source_id, created_at, group_hour) \
         SELECT n, 1, 1, n, CASE WHEN n <= 100 THEN 8 ELSE 7 END, n, 0, 5 FROM n";
    let insert = world
        .database
        .write::<_, infra_db::DbError, _>(move |connection| {
            Box::pin(async move { infra_db::query(insert).execute(connection).await })
        });
    insert.await.unwrap();
    let groups = stand(&world, ALL).await;
    let counts: Vec<usize> = groups.iter().map(|(_, from)| from.len()).collect();
    assert_eq!(counts, [900, 100]);
    assert_eq!(counts.iter().sum::<usize>(), GROUPED_MAX as usize);
    let newest: Vec<u64> = groups.iter().map(|(_, from)| from[0]).collect();
    assert_eq!(newest, [1_500, 100]);
}

#[tokio::test]
async fn one_group_is_listed_and_removed_for_its_account_alone() {
    let world = much().await;
    let all = of_ada(&world).await;
    let is_like = |one: &&Notification| one.kind() == Kind::Favourite && one.post_id == 7;
    let group = all.iter().find(is_like).unwrap().group();
    let page = async |account_id, page: Page, group: Option<Group>| -> Result<Vec<u64>> {
        let request = ListGroupRequest {
            account_id,
            group,
            page: Some(page.into()),
        };
        let context = signed_in(account_id);
        let listed = world.notifications.list_group(&context, request).await?;
        let listed = listed.notifications.iter().map(|one| one.from_id);
        Ok(listed.collect())
    };
    assert_eq!(page(ADA, ALL, group).await.unwrap(), [EVE, BOB]);
    assert_eq!(page(ADA, Page::newest(1), group).await.unwrap(), [EVE]);
    let upwards = Page {
        direction: Direction::Newer,
        ..Page::newest(1)
    };
    assert_eq!(page(ADA, upwards, group).await.unwrap(), [BOB]);
    assert!(page(BOB, ALL, group).await.unwrap().is_empty());
    // What stands by itself is no group, also when it is asked for as one.
    let alone = Group {
        kind: Kind::Mention.into(),
        post_id: 53,
        hour: 0,
    };
    assert!(page(ADA, ALL, Some(alone)).await.unwrap().is_empty());
    let refused = page(ADA, ALL, None).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.field()),
        (ErrorCode::Invalid, Some("group"))
    );
    let dismiss = async |account_id, group| {
        let request = DismissGroupRequest { account_id, group };
        let context = signed_in(account_id);
        world
            .notifications
            .dismiss_group(&context, request)
            .await
            .unwrap();
        of_ada(&world).await.len()
    };
    assert_eq!(dismiss(BOB, group).await, all.len());
    assert_eq!(dismiss(ADA, Some(alone)).await, all.len());
    assert_eq!(dismiss(ADA, group).await, all.len() - 2);
    assert_eq!(dismiss(ADA, group).await, all.len() - 2);
    // Taken back and done again, it is told again.
    world.liked(120, EVE, 7).await;
    assert_eq!(stand(&world, Page::newest(1)).await[0].1, [EVE]);
}

#[tokio::test]
async fn a_page_of_groups_is_bounded() {
    let world = World::new().await;
    for limit in [0, GROUPS_LIMIT_MAX + 1] {
        let request = ListGroupsRequest {
            account_id: ADA,
            page: Some(Page::newest(limit).into()),
            ..ListGroupsRequest::default()
        };
        let context = signed_in(ADA);
        let refused = world.notifications.list_groups(&context, request).await;
        assert_eq!(refused.unwrap_err().field(), Some("page"));
    }
}
