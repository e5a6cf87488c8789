//! Bookmarks, which are nobody else's business.

use business_engagement_gateway::PAGE_LIMIT_MAX;
use infra_kernel::{ErrorCode, Page};

use crate::support::{POSTS, World};

#[tokio::test]
async fn a_bookmark_is_there_once_and_nobody_is_told() {
    let world = World::new().await;
    assert!(world.bookmark(1, 7).await.unwrap());
    assert!(!world.bookmark(1, 7).await.unwrap());
    assert_eq!(world.marks(1, &[7]).await, [(false, true)]);
    assert_eq!(world.marks(2, &[7]).await, [(false, false)]);
    let listed = world
        .bookmarks_of(1, Page::newest(PAGE_LIMIT_MAX))
        .await
        .unwrap();
    let listed: Vec<_> = listed.iter().map(|bookmark| bookmark.post_id).collect();
    assert_eq!(listed, [7]);
    assert!(world.unbookmark(1, 7).await.unwrap());
    assert!(!world.unbookmark(1, 7).await.unwrap());
    assert_eq!(world.marks(1, &[7]).await, [(false, false)]);
    assert_eq!(world.counts(&[7]).await, [0]);
    assert!(world.events().await.is_empty());
}

#[tokio::test]
async fn a_like_and_a_bookmark_of_one_post_do_not_disturb_each_other() {
    let world = World::new().await;
    world.like(1, 7).await.unwrap();
    world.bookmark(1, 7).await.unwrap();
    world.bookmark(1, 8).await.unwrap();
    assert_eq!(
        world.marks(1, &[8, 7, 9]).await,
        [(false, true), (true, true), (false, false)]
    );
    world.unlike(1, 7).await.unwrap();
    assert_eq!(world.marks(1, &[7]).await, [(false, true)]);
    assert!(!world.unbookmark(1, 9).await.unwrap());
}

#[tokio::test]
async fn a_post_that_is_not_there_is_not_bookmarked() {
    let world = World::new().await;
    let error = world.bookmark(1, POSTS + 1).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotFound);
    assert_eq!(world.number("SELECT count(*) FROM bookmarks").await, 0);
}

#[tokio::test]
async fn pages_stay_where_they_are_while_more_is_bookmarked() {
    let world = World::new().await;
    for post in 1..=4 {
        world.bookmark(1, post).await.unwrap();
        world.bookmark(2, post).await.unwrap();
    }
    let first = world.bookmarks_of(1, Page::newest(2)).await.unwrap();
    world.bookmark(1, 5).await.unwrap();
    // Bookmarked again, it stays where it was.
    world.bookmark(1, 2).await.unwrap();
    let second = Page {
        before: first[1].id,
        ..Page::newest(2)
    };
    let second = world.bookmarks_of(1, second).await.unwrap();
    let pages = first.iter().chain(&second).map(|bookmark| bookmark.post_id);
    assert_eq!(pages.collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert!(second.iter().all(|bookmark| bookmark.account_id == 1));
}
