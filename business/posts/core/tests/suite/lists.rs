//! Lists against the plain list of all posts.

use business_media_gateway::MediaState;
use business_posts_gateway::{
    CreatePostRequest, ListByAuthorRequest, ListByAuthorsRequest, ListPublicRequest, PostHead,
    Visibility,
};
use futures::future::join_all;
use infra_kernel::{AccountId, Direction, ErrorCode, Page};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{World, context, text};

/// More than one author's posts in memory hold.
const POSTS: u64 = 700;

/// Posts of four authors, of every kind; the first has most of them. Newest first.
async fn publish(world: &World) -> Vec<PostHead> {
    let root = world.create(text(9, "root")).await.unwrap();
    let requests = (0..POSTS).map(|number| {
        let has_media = number % 3 == 0;
        if has_media {
            world.album.add(10_000 + number, 1, MediaState::Ready);
            let mut items = world.album.items.lock().unwrap();
            items.get_mut(&(10_000 + number)).unwrap().owner_id = author(number);
        }
        CreatePostRequest {
            media_ids: Vec::from_iter(has_media.then_some(10_000 + number)),
            visibility: [1, 2, 3, 4, 1, 1, 2][number as usize % 7],
            in_reply_to_id: if number % 5 == 0 { root.id } else { 0 },
            ..text(author(number), "a")
        }
    });
    let created = join_all(requests.map(|request| world.create(request))).await;
    let mut posts: Vec<_> = created.into_iter().map(Result::unwrap).collect();
    for post in posts.iter().step_by(11) {
        world.delete(post.author_id, post.id).await.unwrap();
    }
    let mut index = 0;
    posts.retain(|_| {
        index += 1;
        (index - 1) % 11 != 0
    });
    let mut heads: Vec<_> = posts
        .iter()
        .map(business_posts_gateway::Post::head)
        .collect();
    heads.push(world.get(root.id).await.unwrap().head());
    heads.sort_by_key(|head| std::cmp::Reverse(head.id));
    heads
}

fn author(number: u64) -> u64 {
    [1, 1, 1, 1, 2, 2, 3][(number / 7 % 7) as usize]
}

fn oracle(all: &[PostHead], page: &Page, takes: impl Fn(&PostHead) -> bool) -> Vec<PostHead> {
    let within = |head: &&PostHead| head.id < page.before && head.id > page.after && takes(head);
    let mut taken: Vec<PostHead> = all.iter().filter(within).cloned().collect();
    let excess = taken.len().saturating_sub(page.limit as usize);
    match page.direction {
        Direction::Older => taken.truncate(page.limit as usize),
        Direction::Newer => drop(taken.drain(..excess)),
    }
    taken
}

fn pages(all: &[PostHead]) -> impl Strategy<Value = Page> + use<> {
    let cursors: Vec<u64> = all.iter().flat_map(|head| [head.id, head.id + 1]).collect();
    let before = prop_oneof![Just(u64::MAX), prop::sample::select(cursors.clone())];
    let after = prop_oneof![Just(0), prop::sample::select(cursors)];
    (before, after, any::<bool>(), 1_u32..120).prop_map(|(before, after, newer, limit)| Page {
        before,
        after,
        direction: if newer {
            Direction::Newer
        } else {
            Direction::Older
        },
        limit,
    })
}

// The closures are written where they are passed.
#[allow(clippy::needless_pass_by_value)]
fn check<S: Strategy>(
    strategy: impl FnOnce(&[PostHead]) -> S,
    list: impl AsyncFn(&World, &S::Value) -> Vec<PostHead>,
    expected: impl Fn(&[PostHead], &S::Value) -> Vec<PostHead>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut world = runtime.block_on(World::new());
    let all = runtime.block_on(publish(&world));
    runtime.block_on(world.restart());
    TestRunner::new(Config::with_cases(250))
        .run(&strategy(&all), |request| {
            let listed = runtime.block_on(list(&world, &request));
            prop_assert_eq!(listed, expected(&all, &request));
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_page_of_an_author_is_the_page_of_all_that_are_wanted() {
    let visibilities = prop::sample::select(vec![
        vec![],
        vec![Visibility::Public],
        vec![Visibility::Public, Visibility::Unlisted],
        vec![Visibility::Direct],
        Visibility::ALL.to_vec(),
    ]);
    check(
        |all| {
            (
                pages(all),
                1_u64..=4,
                any::<bool>(),
                any::<bool>(),
                visibilities,
            )
        },
        async |world, (page, author_id, only_media, exclude_replies, visibilities)| {
            let request = ListByAuthorRequest {
                author_id: *author_id,
                page: Some((*page).into()),
                only_media: *only_media,
                exclude_replies: *exclude_replies,
                visibilities: visibilities.iter().map(|it| (*it).into()).collect(),
                ..ListByAuthorRequest::default()
            };
            world
                .posts
                .list_by_author(&context(), request)
                .await
                .unwrap()
                .heads
        },
        |all, (page, author, only_media, exclude_replies, visibilities)| {
            oracle(all, page, |head| {
                head.author_id == *author
                    && (!only_media || head.has_media)
                    && (!exclude_replies || head.in_reply_to_id == 0)
                    && (visibilities.is_empty() || visibilities.contains(&head.visibility()))
            })
        },
    );
}

#[test]
fn any_page_of_several_authors_is_the_page_of_their_posts_together() {
    check(
        |all| (pages(all), proptest::collection::vec(1_u64..=5, 0..6)),
        async |world, (page, authors)| {
            let authors = authors.iter().copied().map(AccountId::new);
            let request = ListByAuthorsRequest::new(authors, *page);
            world
                .posts
                .list_by_authors(&context(), request)
                .await
                .unwrap()
                .heads
        },
        |all, (page, authors)| oracle(all, page, |head| authors.contains(&head.author_id)),
    );
}

#[test]
fn any_page_of_the_public_is_the_page_of_public_posts_that_answer_nothing() {
    check(
        |all| (pages(all), any::<bool>()),
        async |world, (page, only_media)| {
            let request = ListPublicRequest::new(*page, *only_media);
            world
                .posts
                .list_public(&context(), request)
                .await
                .unwrap()
                .heads
        },
        |all, (page, only_media)| {
            oracle(all, page, |head| {
                head.visibility() == Visibility::Public
                    && head.in_reply_to_id == 0
                    && (!only_media || head.has_media)
            })
        },
    );
}

#[tokio::test]
async fn lists_are_bounded() {
    let world = World::new().await;
    let page = |limit| {
        Some(infra_rpc::v1::Page {
            limit,
            ..Default::default()
        })
    };
    for limit in [0, 501] {
        let request = ListPublicRequest {
            page: page(limit),
            only_media: false,
        };
        let error = world
            .posts
            .list_public(&context(), request)
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("page"))
        );
    }
    let request = |authors: u64| ListByAuthorsRequest {
        author_ids: (1..=authors).collect(),
        page: page(20),
    };
    assert!(
        world
            .posts
            .list_by_authors(&context(), request(100))
            .await
            .is_ok()
    );
    let error = world
        .posts
        .list_by_authors(&context(), request(101))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::Invalid, Some("author_ids"))
    );
    for visibility in [0, 5] {
        let request = ListByAuthorRequest {
            author_id: 1,
            page: page(20),
            visibilities: vec![visibility],
            ..Default::default()
        };
        let error = world
            .posts
            .list_by_author(&context(), request)
            .await
            .unwrap_err();
        assert_eq!(error.field(), Some("visibilities"));
    }
}

#[tokio::test]
async fn who_is_mentioned_is_listed_what_they_may_see_and_nothing_else() {
    let world = World::new().await;
    world
        .accounts
        .0
        .lock()
        .unwrap()
        .extend([(7, "ada"), (8, "bob")]);
    let mut ids = Vec::new();
    for (visibility, words) in [
        (Visibility::Public, "open"),
        (Visibility::Direct, "@ada #one"),
        (Visibility::Direct, "@bob"),
        (Visibility::Private, "@ada @ada"),
        (Visibility::Private, "for followers"),
        (Visibility::Unlisted, "@ada #one"),
        (Visibility::Direct, "@bob @ada"),
    ] {
        let request = CreatePostRequest {
            visibility: visibility.into(),
            ..text(1, words)
        };
        ids.push(world.create(request).await.unwrap().id);
    }
    let open = [Visibility::Public, Visibility::Unlisted];
    let listed = async |mentioned_id, tag: &str, page: Page| -> Vec<usize> {
        let request = ListByAuthorRequest {
            author_id: 1,
            page: Some(page.into()),
            visibilities: open.map(i32::from).to_vec(),
            mentioned_id,
            tag: tag.into(),
            ..ListByAuthorRequest::default()
        };
        let reply = world.posts.list_by_author(&context(), request).await;
        let heads = reply.unwrap().heads;
        let index = |head: &PostHead| ids.iter().position(|id| *id == head.id).unwrap();
        heads.iter().map(index).collect()
    };
    assert_eq!(listed(0, "", Page::newest(10)).await, [5, 0]);
    assert_eq!(listed(7, "", Page::newest(10)).await, [6, 5, 3, 1, 0]);
    assert_eq!(listed(8, "", Page::newest(10)).await, [6, 5, 2, 0]);
    assert_eq!(listed(9, "", Page::newest(10)).await, [5, 0]);
    assert_eq!(listed(7, "one", Page::newest(10)).await, [5, 1]);
    assert_eq!(listed(7, "", Page::newest(2)).await, [6, 5]);
    let below = Page {
        before: ids[5],
        ..Page::newest(2)
    };
    assert_eq!(listed(7, "", below).await, [3, 1]);
    let above = Page {
        after: ids[0],
        direction: Direction::Newer,
        ..Page::newest(2)
    };
    assert_eq!(listed(7, "", above).await, [3, 1]);
    world.delete(1, ids[6]).await.unwrap();
    assert_eq!(listed(7, "", Page::newest(2)).await, [5, 3]);
    assert_eq!(world.rows("hidden_mentions").await, 3);
}
