//! Posts that are changed: what they say now, what they said before, and what follows from it.

use std::time::Duration;

use business_media_gateway::MediaState;
use business_posts_gateway::{
    CreatePostRequest, EDITS_MAX, EditPostRequest, ListByAuthorRequest, ListByTagRequest,
    ListVersionsRequest, MediaChange, MediaList, Post, PostEdited, PostVersion, ReshareRequest,
    Visibility, topics,
};
use infra_domain::Domain as _;
use infra_kernel::{ErrorCode, Page, Result};

use crate::support::{World, context, photos, reply_to, text};

impl World {
    pub(crate) async fn edit(&self, request: EditPostRequest) -> Result<Post> {
        self.clock.advance(Duration::from_secs(1));
        let reply = self.posts.edit_post(&context(), request).await?;
        Ok(reply.post.unwrap())
    }

    pub(crate) async fn versions(&self, post_id: u64) -> Vec<PostVersion> {
        let request = ListVersionsRequest {
            post_id,
            before_revision: 0,
        };
        let reply = self.posts.list_versions(&context(), request).await;
        reply.unwrap().versions
    }

    pub(crate) async fn with_tag(&self, tag: &str) -> Vec<u64> {
        let request = ListByTagRequest {
            tag: tag.to_owned(),
            page: Some(Page::newest(10).into()),
            only_media: false,
        };
        let reply = self.posts.list_by_tag(&context(), request).await.unwrap();
        reply.heads.iter().map(|head| head.id).collect()
    }

    async fn last_edit(&self) -> PostEdited {
        let events = self.events().await;
        let last = events.iter().rfind(|event| event.topic == topics::EDITED);
        last.unwrap().decode().unwrap()
    }
}

/// What the post says already.
pub(crate) fn same(post: &Post) -> EditPostRequest {
    EditPostRequest {
        author_id: post.author_id,
        post_id: post.id,
        sensitive: post.sensitive,
        spoiler_text: post.spoiler_text.clone(),
        ..EditPostRequest::default()
    }
}

pub(crate) fn saying(post: &Post, words: &str) -> EditPostRequest {
    EditPostRequest {
        text: Some(words.to_owned()),
        ..same(post)
    }
}

pub(crate) fn list(ids: &[u64]) -> Option<MediaList> {
    Some(MediaList { ids: ids.to_vec() })
}

pub(crate) fn described(media_id: u64, description: &str) -> MediaChange {
    MediaChange {
        media_id,
        description: Some(description.to_owned()),
        ..MediaChange::default()
    }
}

#[tokio::test]
async fn what_a_post_says_changes_and_what_it_said_is_kept() {
    let mut world = World::new().await;
    let post = world.create(text(1, "a lake at dawn")).await.unwrap();
    assert!(world.versions(post.id).await.is_empty());
    let request = EditPostRequest {
        sensitive: true,
        spoiler_text: "water".to_owned(),
        language: Some("en".to_owned()),
        ..saying(&post, "a lake at dusk")
    };
    let edited = world.edit(request).await.unwrap();
    let expected = Post {
        revision: 2,
        text: "a lake at dusk".to_owned(),
        sensitive: true,
        spoiler_text: "water".to_owned(),
        language: "en".to_owned(),
        edited_at_us: post.created_at_us + 1_000_000,
        ..post.clone()
    };
    assert_eq!(edited, expected);
    let again = world.edit(saying(&post, "a lake")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.get(post.id).await.as_ref(), Some(&again));
        let versions = world.versions(post.id).await;
        let said: Vec<_> = versions
            .iter()
            .map(|it| (&*it.text, &*it.spoiler_text, it.sensitive, it.created_at_us))
            .collect();
        let expected = [
            ("a lake at dawn", "", false, post.created_at_us),
            ("a lake at dusk", "water", true, edited.edited_at_us),
        ];
        assert_eq!(said, expected);
        world.restart().await;
    }
    world.delete(1, post.id).await.unwrap();
    assert_eq!(world.rows("post_versions").await, 0);
    assert!(world.versions(post.id).await.is_empty());
}

#[tokio::test]
async fn saying_the_same_again_is_no_change() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    let request = CreatePostRequest {
        text: "#lake @bob".to_owned(),
        ..photos(1, &[1])
    };
    let post = world.create(request).await.unwrap();
    let request = EditPostRequest {
        media_changes: vec![described(1, "")],
        ..same(&post)
    };
    let reply = world.posts.edit_post(&context(), request).await.unwrap();
    assert!(!reply.changed);
    assert_eq!(reply.post.unwrap(), post);
    assert!(world.versions(post.id).await.is_empty());
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn only_the_author_changes_a_post_and_only_within_its_bounds() {
    let world = World::new().await;
    let post = world.create(text(1, "words")).await.unwrap();
    let reshare = ReshareRequest {
        account_id: 1,
        post_id: post.id,
        visibility: Visibility::Public.into(),
    };
    let reshare = world.posts.reshare(&context(), reshare).await.unwrap();
    world.album.add(1, 1, MediaState::Ready);
    world.album.add(2, 2, MediaState::Ready);
    let shown = world.create(photos(1, &[1])).await.unwrap();
    let refused = |request, code| {
        let world = &world;
        async move {
            let error = world.edit(request).await.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        }
    };
    let by_another = EditPostRequest {
        author_id: 2,
        ..saying(&post, "mine")
    };
    refused(by_another, ErrorCode::NotFound).await;
    refused(
        saying(&reshare.reshare.unwrap(), "mine"),
        ErrorCode::NotFound,
    )
    .await;
    for (words, media_ids) in [
        (String::new(), vec![]),
        ("x".repeat(2_201), vec![]),
        ("words".to_owned(), vec![1]),
        ("words".to_owned(), vec![2]),
        ("words".to_owned(), vec![3]),
    ] {
        let request = EditPostRequest {
            media: list(&media_ids),
            ..saying(&post, &words)
        };
        refused(request, ErrorCode::Invalid).await;
    }
    // As in Mastodon, what is said of other photos is skipped.
    let elsewhere = EditPostRequest {
        media_changes: vec![described(2, "of another")],
        ..same(&shown)
    };
    assert_eq!(world.edit(elsewhere).await.unwrap(), shown);
    assert_eq!(world.album.items.lock().unwrap()[&2].description, "");
    assert_eq!(world.get(post.id).await.unwrap().revision, 1);
    assert_eq!(world.rows("post_versions").await, 0);
}

#[tokio::test]
async fn a_post_changes_so_often_and_no_more() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    let request = CreatePostRequest {
        text: "0".to_owned(),
        ..photos(1, &[1])
    };
    let post = world.create(request).await.unwrap();
    for number in 1..=EDITS_MAX {
        world
            .edit(saying(&post, &number.to_string()))
            .await
            .unwrap();
    }
    let request = EditPostRequest {
        media_changes: vec![described(1, "too late")],
        ..saying(&post, "once more")
    };
    let refused = world.edit(request).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    assert_eq!(world.get(post.id).await.unwrap().text, "100");
    assert_eq!(world.versions(post.id).await.len(), 100);
    // What is refused changes nothing anywhere.
    assert_eq!(world.album.items.lock().unwrap()[&1].description, "");
}

#[tokio::test]
async fn what_is_kept_of_a_post_is_bounded_in_bytes() {
    let world = World::new().await;
    // As many bytes as characters may take up.
    let long = |last: usize| format!("a{}{last}", "\u{301}".repeat(30_000));
    let post = world.create(text(1, &long(0))).await.unwrap();
    let mut edits = 0;
    let refused = loop {
        match world.edit(saying(&post, &long(edits + 1))).await {
            Ok(_) => edits += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused.code(), ErrorCode::Invalid);
    let bytes = world.versions(post.id).await;
    let bytes: usize = bytes.iter().map(|version| version.text.len()).sum();
    assert!(bytes <= 1024 * 1024 && edits > 10, "{bytes} in {edits}");
}

#[tokio::test]
async fn hashtags_and_mentions_follow_the_text() {
    let mut world = World::new().await;
    *world.accounts.0.lock().unwrap() = vec![(2, "bob"), (3, "eve")];
    let post = world.create(text(1, "#lake @bob")).await.unwrap();
    // Both are in memory before.
    assert_eq!(world.with_tag("lake").await, [post.id]);
    assert!(world.with_tag("sea").await.is_empty());
    let edited = world.edit(saying(&post, "#Sea @bob @eve")).await.unwrap();
    let names: Vec<_> = edited.mentions.iter().map(|it| &*it.username).collect();
    assert_eq!(names, ["bob", "eve"]);
    assert_eq!(world.last_edit().await.newly_mentioned_ids, [3]);
    for _ in 0..2 {
        assert!(world.with_tag("lake").await.is_empty());
        assert_eq!(world.with_tag("sea").await, [post.id]);
        assert_eq!(world.get(post.id).await.as_ref(), Some(&edited));
        world.restart().await;
    }
    world.edit(saying(&post, "plain")).await.unwrap();
    world.restart().await;
    assert!(world.get(post.id).await.unwrap().mentions.is_empty());
    for table in ["hashtags", "public_hashtags", "mentions"] {
        assert_eq!(world.rows(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_hidden_post_is_listed_for_those_whom_it_mentions_now() {
    let world = World::new().await;
    *world.accounts.0.lock().unwrap() = vec![(2, "bob"), (3, "eve")];
    let request = CreatePostRequest {
        visibility: Visibility::Direct.into(),
        ..text(1, "@bob psst")
    };
    let post = world.create(request).await.unwrap();
    world.edit(saying(&post, "@eve psst")).await.unwrap();
    for (account, expected) in [(2, vec![]), (3, vec![post.id])] {
        let request = ListByAuthorRequest {
            author_id: 1,
            page: Some(Page::newest(10).into()),
            visibilities: vec![Visibility::Public.into()],
            mentioned_id: account,
            ..ListByAuthorRequest::default()
        };
        let listed = world.posts.list_by_author(&context(), request).await;
        let heads = listed.unwrap().heads;
        let ids: Vec<u64> = heads.iter().map(|head| head.id).collect();
        assert_eq!(ids, expected, "{account}");
    }
    world.delete(1, post.id).await.unwrap();
    assert_eq!(world.rows("hidden_mentions").await, 0);
}

#[tokio::test]
async fn counts_pins_and_reshares_outlive_a_change() {
    let mut world = World::new().await;
    let post = world.create(text(1, "words")).await.unwrap();
    world.create(reply_to(2, post.id)).await.unwrap();
    for (account_id, visibility) in [(2, Visibility::Public), (3, Visibility::Private)] {
        let request = ReshareRequest {
            account_id,
            post_id: post.id,
            visibility: visibility.into(),
        };
        world.posts.reshare(&context(), request).await.unwrap();
    }
    world.edit(saying(&post, "other words")).await.unwrap();
    for _ in 0..2 {
        let edited = world.get(post.id).await.unwrap();
        assert_eq!((edited.replies_count, edited.reshares_count), (1, 1));
        world.restart().await;
    }
    // Also of who reshared it for followers alone.
    assert_eq!(world.last_edit().await.reshared_by_ids, [3, 2]);
    assert_eq!(world.stats(1).await.0, 1);
}

#[tokio::test]
async fn only_what_was_said_before_a_revision_is_asked_for() {
    let world = World::new().await;
    let post = world.create(text(1, "one")).await.unwrap();
    world.edit(saying(&post, "two")).await.unwrap();
    world.edit(saying(&post, "three")).await.unwrap();
    let request = ListVersionsRequest {
        post_id: post.id,
        before_revision: 2,
    };
    let reply = world.posts.list_versions(&context(), request).await;
    let said: Vec<String> = reply
        .unwrap()
        .versions
        .into_iter()
        .map(|version| version.text)
        .collect();
    assert_eq!(said, ["one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_the_same_time_come_one_after_the_other() {
    let world = World::new().await;
    let post = world.create(text(1, "#start")).await.unwrap();
    let edits = (1..=4).map(|number| {
        let request = saying(&post, &format!("#tag{number}"));
        let posts = world.core.gateway();
        tokio::spawn(async move { posts.edit_post(&context(), request).await })
    });
    let edits: Vec<_> = edits.collect();
    let mut made = 0;
    for edit in edits {
        match edit.await.unwrap() {
            Ok(_) => made += 1,
            // Overtaken each time.
            Err(error) => assert_eq!(error.code(), ErrorCode::Unavailable),
        }
    }
    let now = world.get(post.id).await.unwrap();
    assert_eq!(now.revision, 1 + made);
    assert_eq!(world.versions(post.id).await.len() as u64, made);
    assert_eq!(world.rows("public_hashtags").await, 1);
    assert_eq!(world.with_tag(&now.text).await, [post.id]);
}
