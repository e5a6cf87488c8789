//! Liking, taking it back, and the lists and counts of it.

use business_engagement_gateway::{Liked, PAGE_LIMIT_MAX, Unliked, topics};
use futures::future::join_all;
use infra_kernel::{Direction, ErrorCode, Page};
use prost::Message as _;

use crate::support::{AUTHOR, POSTS, World};

const ALL: Page = Page::newest(PAGE_LIMIT_MAX);

#[tokio::test]
async fn a_like_is_counted_and_announced_once_however_often_it_is_repeated() {
    let world = World::new().await;
    for (created, likes) in [(true, 1), (false, 1), (false, 1)] {
        let reply = world.like(1, 7).await.unwrap();
        assert_eq!((reply.created, reply.likes), (created, likes));
    }
    let [like] = &*world.likes_of_post(7, ALL).await.unwrap() else {
        panic!("one like");
    };
    assert_eq!((like.account_id, like.post_id), (1, 7));
    assert_eq!(
        world.marks(1, &[7, 8]).await,
        [(true, false), (false, false)]
    );
    for (removed, likes) in [(true, 0), (false, 0)] {
        let reply = world.unlike(1, 7).await.unwrap();
        assert_eq!((reply.removed, reply.likes), (removed, likes));
    }
    assert_eq!(world.counts(&[7]).await, [0]);
    assert_eq!(world.marks(1, &[7]).await, [(false, false)]);

    let [liked, unliked] = &*world.events().await else {
        panic!("two events");
    };
    assert_eq!((&*liked.0, &*unliked.0), (topics::LIKED, topics::UNLIKED));
    let liked = Liked::decode(&*liked.1).unwrap();
    let expected = Liked {
        like_id: like.id,
        account_id: 1,
        post_id: 7,
        author_id: AUTHOR,
    };
    assert_eq!(liked, expected);
    let unliked = Unliked::decode(&*unliked.1).unwrap();
    assert_eq!(
        (unliked.like_id, unliked.account_id, unliked.post_id),
        (like.id, 1, 7)
    );
}

#[tokio::test]
async fn taking_back_before_liking_changes_nothing() {
    let world = World::new().await;
    assert!(!world.unlike(1, 7).await.unwrap().removed);
    assert!(world.like(1, 7).await.unwrap().created);
    assert!(world.unlike(1, 7).await.unwrap().removed);
    assert!(world.like(1, 7).await.unwrap().created);
    assert_eq!(world.counts(&[7]).await, [1]);
    assert_eq!(world.events().await.len(), 3);
}

#[tokio::test]
async fn a_post_that_is_not_there_is_not_liked() {
    let world = World::new().await;
    world.posts.deleted.lock().unwrap().insert(9);
    for post in [POSTS + 1, 9] {
        let error = world.like(1, post).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotFound);
        // What is left of it may still be taken back.
        assert!(!world.unlike(1, post).await.unwrap().removed);
        assert_eq!(world.counts(&[post]).await, [0]);
    }
    assert!(world.events().await.is_empty());
}

#[tokio::test]
async fn pages_stay_where_they_are_while_others_like() {
    let world = World::new().await;
    for account in 1..=5 {
        world.like(account, 7).await.unwrap();
        world.like(account, 8).await.unwrap();
    }
    let accounts = async |page| {
        let likes = world.likes_of_post(7, page).await.unwrap();
        assert!(likes.is_sorted_by(|one, other| one.id > other.id));
        likes.iter().map(|like| like.account_id).collect::<Vec<_>>()
    };
    let first = world.likes_of_post(7, Page::newest(2)).await.unwrap();
    assert_eq!(
        first.iter().map(|like| like.account_id).collect::<Vec<_>>(),
        [5, 4]
    );
    world.like(6, 7).await.unwrap();
    world.unlike(5, 7).await.unwrap();
    let second = Page {
        before: first[1].id,
        ..Page::newest(2)
    };
    assert_eq!(accounts(second).await, [3, 2]);
    let newer = Page {
        after: first[1].id,
        direction: Direction::Newer,
        ..Page::newest(2)
    };
    assert_eq!(accounts(newer).await, [6]);

    let posts = async |page| {
        let likes = world.likes_of(4, page).await.unwrap();
        likes.iter().map(|like| like.post_id).collect::<Vec<_>>()
    };
    assert_eq!(posts(Page::newest(1)).await, [8]);
    assert_eq!(posts(ALL).await, [8, 7]);
}

#[tokio::test]
async fn pages_have_bounds() {
    let world = World::new().await;
    for limit in [0, PAGE_LIMIT_MAX + 1] {
        let page = Page::newest(limit);
        for error in [
            world.likes_of_post(7, page).await.unwrap_err(),
            world.likes_of(1, page).await.unwrap_err(),
            world.bookmarks_of(1, page).await.unwrap_err(),
        ] {
            assert_eq!(
                (error.code(), error.field()),
                (ErrorCode::Invalid, Some("page"))
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_that_likes_and_takes_back_is_counted_exactly() {
    let world = World::new().await;
    // Each twice concurrently; every third takes it back, twice concurrently too.
    let likes = (1..=90).chain(1..=90).map(|account| world.like(account, 7));
    let created = join_all(likes).await.into_iter();
    assert_eq!(
        created
            .filter(|reply| reply.as_ref().unwrap().created)
            .count(),
        90
    );
    let back = (1..=90).chain(1..=90).filter(|account| account % 3 == 0);
    let removed = join_all(back.map(|account| world.unlike(account, 7)))
        .await
        .into_iter();
    assert_eq!(
        removed
            .filter(|reply| reply.as_ref().unwrap().removed)
            .count(),
        30
    );

    assert_eq!(world.counts(&[7]).await, [60]);
    assert_eq!(world.likes_of_post(7, ALL).await.unwrap().len(), 60);
    assert_eq!(world.events().await.len(), 90 + 30);
    let world = world.restarted().await;
    assert_eq!(world.counts(&[7]).await, [60]);
    assert_eq!(world.marks(3, &[7]).await, [(false, false)]);
    assert_eq!(world.marks(4, &[7]).await, [(true, false)]);
}
