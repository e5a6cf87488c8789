//! Who may ask for what.

use business_engagement_gateway::{
    BookmarkRequest, GetCountsRequest, GetMarksRequest, LikeRequest, ListBookmarksRequest,
    ListLikesOfAccountRequest, POSTS_MAX, UnbookmarkRequest, UnlikeRequest,
};
use infra_kernel::{AccountId, Caller, Context, Error, ErrorCode, Page};

use crate::support::{World, by, signed_in};

/// How changes of what account 1 makes of post 7 are refused.
async fn changes_refused(world: &World, context: &Context) -> [Option<Error>; 4] {
    let (account_id, post_id) = (1, 7);
    let gateway = &world.engagement;
    let like = LikeRequest {
        account_id,
        post_id,
    };
    let unlike = UnlikeRequest {
        account_id,
        post_id,
    };
    let bookmark = BookmarkRequest {
        account_id,
        post_id,
    };
    let unbookmark = UnbookmarkRequest {
        account_id,
        post_id,
    };
    [
        gateway.like(context, like).await.err(),
        gateway.unlike(context, unlike).await.err(),
        gateway.bookmark(context, bookmark).await.err(),
        gateway.unbookmark(context, unbookmark).await.err(),
    ]
}

/// How looks at what account 1 has made of posts are refused.
async fn looks_refused(world: &World, context: &Context) -> [Option<Error>; 3] {
    let (account, page) = (AccountId::new(1), Page::newest(10));
    let gateway = &world.engagement;
    let likes = ListLikesOfAccountRequest::new(account, page);
    let bookmarks = ListBookmarksRequest::new(account, page);
    let marks = GetMarksRequest {
        viewer_id: 1,
        post_ids: vec![7],
    };
    [
        gateway.list_likes_of_account(context, likes).await.err(),
        gateway.list_bookmarks(context, bookmarks).await.err(),
        gateway.get_marks(context, marks).await.err(),
    ]
}

#[tokio::test]
async fn what_is_an_accounts_own_is_refused_to_others() {
    let world = World::new().await;
    world.like(1, 7).await.unwrap();
    world.bookmark(1, 7).await.unwrap();
    for (context, code) in [
        (signed_in(2), ErrorCode::Forbidden),
        (by(Caller::anonymous()), ErrorCode::Unauthenticated),
    ] {
        let changes = changes_refused(&world, &context).await;
        let looks = looks_refused(&world, &context).await;
        for error in changes.into_iter().chain(looks) {
            assert_eq!(error.map(|error| error.code()), Some(code));
        }
    }
    assert_eq!(world.marks(1, &[7]).await, [(true, true)]);
}

#[tokio::test]
async fn as_many_posts_as_may_be_are_asked_for_at_once_and_no_more() {
    let world = World::new().await;
    let ids: Vec<u64> = (1..=POSTS_MAX as u64).collect();
    world.like(1, 1).await.unwrap();
    world.like(1, ids.len() as u64).await.unwrap();
    let counts = world.counts(&ids).await;
    assert_eq!(
        (counts.iter().sum::<u64>(), counts[0], counts[POSTS_MAX - 1]),
        (2, 1, 1)
    );
    let liked = world.marks(1, &ids).await;
    assert_eq!(liked.iter().filter(|(liked, _)| *liked).count(), 2);

    let post_ids: Vec<u64> = (0..=POSTS_MAX as u64).collect();
    let marks = GetMarksRequest {
        viewer_id: 1,
        post_ids: post_ids.clone(),
    };
    let counts = GetCountsRequest { post_ids };
    let context = signed_in(1);
    for error in [
        world
            .engagement
            .get_counts(&context, counts)
            .await
            .unwrap_err(),
        world
            .engagement
            .get_marks(&context, marks)
            .await
            .unwrap_err(),
    ] {
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("post_ids"))
        );
    }
}

#[tokio::test]
async fn a_post_that_is_asked_for_twice_is_answered_twice() {
    let world = World::new().await;
    world.like(1, 7).await.unwrap();
    assert_eq!(world.counts(&[7, 8, 7]).await, [1, 0, 1]);
    assert_eq!(
        world.marks(1, &[7, 7]).await,
        [(true, false), (true, false)]
    );
    assert_eq!(world.counts(&[]).await, [0_u64; 0]);
}
