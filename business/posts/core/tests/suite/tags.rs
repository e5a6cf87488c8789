//! Hashtags: what stands under one, how it is used, and the names that begin so.

use std::time::Duration;

use business_media_gateway::MediaState;
use business_posts_gateway::{
    CreatePostRequest, GetTagsRequest, ListByTagRequest, SearchTagsRequest, TAG_DAYS, TagUse,
    Visibility,
};
use infra_kernel::{ErrorCode, Page};

use crate::support::{World, context, photos, text};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY_US: i64 = 86_400_000_000;

fn seen_by(visibility: Visibility, request: CreatePostRequest) -> CreatePostRequest {
    CreatePostRequest {
        visibility: visibility.into(),
        ..request
    }
}

fn public(author: u64, words: &str) -> CreatePostRequest {
    seen_by(Visibility::Public, text(author, words))
}

async fn listed(world: &World, tag: &str, page: Page, only_media: bool) -> Vec<u64> {
    let request = ListByTagRequest {
        tag: tag.into(),
        page: Some(page.into()),
        only_media,
    };
    let reply = world.posts.list_by_tag(&context(), request).await.unwrap();
    reply.heads.iter().map(|head| head.id).collect()
}

async fn found(world: &World, query: &str, limit: u32, offset: u32) -> Vec<String> {
    let request = SearchTagsRequest {
        query: query.into(),
        limit,
        offset,
    };
    let reply = world.posts.search_tags(&context(), request).await;
    reply.unwrap().names
}

async fn used(world: &World, names: &[&str]) -> Vec<TagUse> {
    let names = names.iter().map(|name| (*name).into()).collect();
    let request = GetTagsRequest { names };
    world
        .posts
        .get_tags(&context(), request)
        .await
        .unwrap()
        .tags
}

#[tokio::test]
async fn a_hashtag_holds_the_public_posts_that_have_it() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for number in 0..9 {
        let visibility = [
            Visibility::Public,
            Visibility::Unlisted,
            Visibility::Private,
        ][number % 3];
        let words = format!("a walk #Sea #n{number}");
        let request = seen_by(visibility, text(number as u64 % 2 + 1, &words));
        let post = world.create(request).await.unwrap();
        expected.extend((visibility == Visibility::Public).then_some(post.id));
    }
    world.create(public(1, "no #seaside")).await.unwrap();
    world.album.add(77, 1, MediaState::Ready);
    let mut request = photos(1, &[77]);
    request.text = "#SEA".into();
    let pictured = world
        .create(seen_by(Visibility::Public, request))
        .await
        .unwrap();
    expected.push(pictured.id);
    expected.reverse();
    for written in ["sea", "#Sea", "\u{FF33}EA"] {
        assert_eq!(
            listed(&world, written, Page::newest(40), false).await,
            expected
        );
    }
    assert_eq!(
        listed(&world, "sea", Page::newest(40), true).await,
        [pictured.id]
    );
    // Page by page, down and up.
    let first = listed(&world, "sea", Page::newest(2), false).await;
    assert_eq!(first, expected[..2]);
    let below = Page {
        before: first[1],
        ..Page::newest(2)
    };
    assert_eq!(listed(&world, "sea", below, false).await, expected[2..]);
    let up = Page::from_cursors(None, None, Some(expected[3]), 2);
    assert_eq!(listed(&world, "sea", up, false).await, expected[1..3]);
    world.delete(1, pictured.id).await.unwrap();
    assert_eq!(
        listed(&world, "sea", Page::newest(40), false).await,
        expected[1..]
    );
    assert!(listed(&world, "", Page::newest(40), false).await.is_empty());
    assert!(
        listed(&world, "two words", Page::newest(40), false)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn names_are_found_by_their_beginning_the_last_used_first() {
    let world = World::new().await;
    for words in [
        "#sea",
        "#seaside #Sealion",
        "#seal",
        "#SEAside again",
        "#se",
        "#sunset",
    ] {
        world.create(public(1, words)).await.unwrap();
    }
    let all = ["sea", "seaside", "seal", "sealion"];
    assert_eq!(found(&world, "#Sea", 40, 0).await, all);
    assert_eq!(found(&world, "sea", 2, 1).await, all[1..3]);
    assert_eq!(found(&world, "seali", 40, 0).await, ["sealion"]);
    assert_eq!(found(&world, "su", 40, 0).await, ["sunset"]);
    for nothing in ["", "#", "two words", "seb", "%", "s_a"] {
        assert!(found(&world, nothing, 40, 0).await.is_empty(), "{nothing}");
    }
    for limit in [0, 41] {
        let request = SearchTagsRequest {
            query: "sea".into(),
            limit,
            offset: 0,
        };
        let refused = world.posts.search_tags(&context(), request).await;
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Invalid);
    }
}

#[tokio::test]
async fn a_name_that_stands_in_hidden_posts_alone_is_not_revealed() {
    let world = World::new().await;
    for visibility in [
        Visibility::Unlisted,
        Visibility::Private,
        Visibility::Direct,
    ] {
        let request = seen_by(visibility, text(1, "#surprise"));
        world.create(request).await.unwrap();
    }
    assert!(found(&world, "sur", 40, 0).await.is_empty());
    assert!(
        used(&world, &["surprise"]).await[0]
            .days
            .iter()
            .all(|day| day.posts == 0)
    );
    assert_eq!(world.rows("public_hashtags").await, 0);
    let open = world.create(public(1, "#surprise")).await.unwrap();
    assert_eq!(found(&world, "sur", 40, 0).await, ["surprise"]);
    world.delete(1, open.id).await.unwrap();
    assert!(found(&world, "sur", 40, 0).await.is_empty());
    assert_eq!(world.rows("public_hashtags").await, 0);
}

#[tokio::test]
async fn the_use_of_a_hashtag_is_counted_by_days() {
    let world = World::new().await;
    for author in [1, 1, 2] {
        world.create(public(author, "#sea")).await.unwrap();
    }
    world.clock.advance(2 * DAY);
    world.create(public(3, "#sea")).await.unwrap();
    let tags = used(&world, &["#Sea", "nowhere", "not one"]).await;
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["sea", "nowhere"]);
    let days = &tags[0].days;
    let counts: Vec<_> = days.iter().map(|day| (day.posts, day.authors)).collect();
    assert_eq!(counts[..4], [(1, 1), (0, 0), (3, 2), (0, 0)]);
    assert_eq!(days.len(), TAG_DAYS);
    assert!(days.iter().all(|day| day.begins_at_us % DAY_US == 0));
    assert!(days.is_sorted_by(|newer, older| newer.begins_at_us - DAY_US == older.begins_at_us));
    assert!(
        tags[1]
            .days
            .iter()
            .all(|day| (day.posts, day.authors) == (0, 0))
    );
    world.clock.advance(7 * DAY);
    assert!(
        used(&world, &["sea"]).await[0]
            .days
            .iter()
            .all(|day| day.posts == 0)
    );
    let names = vec!["a".to_owned(); 21];
    let refused = world
        .posts
        .get_tags(&context(), GetTagsRequest { names })
        .await;
    assert_eq!(refused.unwrap_err().code(), ErrorCode::Invalid);
}
