//! Publishing: what is taken, what is refused, what is stored and published.

use business_media_gateway::MediaState;
use business_posts_gateway::{CreatePostRequest, PostPublished, Visibility, topics};
use infra_kernel::{ErrorCode, Timestamp};

use crate::support::{World, context, fill_old, photos, reply_to, text};

#[tokio::test]
async fn a_post_comes_back_as_it_was_written() {
    let mut world = World::new().await;
    world
        .accounts
        .0
        .lock()
        .unwrap()
        .extend([(7, "Ada"), (8, "bob")]);
    for id in [30, 10, 20] {
        world.album.add(id, 1, MediaState::Ready);
    }
    let parent = world.create(text(2, "the first")).await.unwrap();
    let request = CreatePostRequest {
        author_id: 1,
        text: " @bob and @ADA: \u{1F33B} \"it's\" <b>@nobody</b>\n".into(),
        media_ids: vec![30, 10, 20],
        visibility: Visibility::Private.into(),
        sensitive: true,
        spoiler_text: "flowers".into(),
        language: "pt-BR".into(),
        in_reply_to_id: parent.id,
        application_id: 99,
        ..CreatePostRequest::default()
    };
    let post = world.create(request.clone()).await.unwrap();
    assert_eq!(post.text, request.text);
    assert_eq!(
        (post.author_id, post.revision, post.replies_count),
        (1, 1, 0)
    );
    assert_eq!(post.visibility(), Visibility::Private);
    assert_eq!(
        (post.sensitive, post.spoiler_text.as_str()),
        (true, "flowers")
    );
    assert_eq!((post.language.as_str(), post.application_id), ("pt-BR", 99));
    assert_eq!(post.media_ids, [30, 10, 20]);
    let mentions: Vec<_> = post
        .mentions
        .iter()
        .map(|it| (it.account_id, it.username.as_str()))
        .collect();
    assert_eq!(mentions, [(8, "bob"), (7, "Ada")]);
    assert_eq!(
        (post.in_reply_to_id, post.in_reply_to_author_id),
        (parent.id, 2)
    );
    assert_eq!(
        post.created_at(),
        Timestamp::from_milliseconds(1_800_000_000_000)
    );
    assert_eq!(world.get(post.id).await.unwrap(), post);
    assert_eq!(world.heads(vec![post.id]).await, [post.head()]);

    let event = world.events().await.pop().unwrap();
    let told: PostPublished = event.decode().unwrap();
    assert_eq!(
        (event.topic.as_str(), event.key),
        (topics::PUBLISHED, post.id)
    );
    assert_eq!(
        (told.head, told.media_ids),
        (Some(post.head()), vec![30, 10, 20])
    );

    world.restart().await;
    assert_eq!(world.get(post.id).await.unwrap(), post);
    let replied_to = world.get(parent.id).await.unwrap();
    assert_eq!((replied_to.replies_count, replied_to.revision), (0, 1));
}

async fn check_refused(world: &World, request: CreatePostRequest, field: &str, words: &str) {
    let error = world.create(request).await.unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::Invalid, Some(field)),
        "{error}"
    );
    assert!(error.public().contains(words), "{error}");
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_with_a_reason_and_leaves_nothing() {
    let world = World::new().await;
    let with = |change: fn(&mut CreatePostRequest)| {
        let mut request = text(1, "a");
        change(&mut request);
        request
    };
    for id in 1..=21 {
        world.album.add(id, 1, MediaState::Ready);
    }
    world.album.add(50, 1, MediaState::Uploaded);
    world.album.add(51, 1, MediaState::Failed);
    world.album.add(52, 2, MediaState::Ready);
    world.album.add(53, 1, MediaState::Ready);
    world
        .album
        .items
        .lock()
        .unwrap()
        .get_mut(&53)
        .unwrap()
        .attached = true;
    let all: Vec<u64> = (1..=21).collect();

    check_refused(
        &world,
        text(1, &"a".repeat(2_201)),
        "text",
        "2200 characters; this one has 2201",
    )
    .await;
    check_refused(&world, text(1, " \n"), "text", "text or a photo").await;
    check_refused(
        &world,
        with(|it| it.spoiler_text = "a".repeat(501)),
        "spoiler_text",
        "500",
    )
    .await;
    check_refused(&world, with(|it| it.visibility = 5), "visibility", "public").await;
    check_refused(
        &world,
        with(|it| it.idempotency_key = "k".repeat(256)),
        "idempotency_key",
        "255",
    )
    .await;
    check_refused(
        &world,
        photos(1, &all),
        "media_ids",
        "at most 20 photos; this one has 21",
    )
    .await;
    check_refused(&world, photos(1, &[1, 2, 1]), "media_ids", "only once").await;
    check_refused(&world, photos(1, &[1, 999]), "media_ids", "not there").await;
    check_refused(&world, photos(1, &[52]), "media_ids", "not there").await;
    check_refused(
        &world,
        photos(1, &[50]),
        "media_ids",
        "not finished processing",
    )
    .await;
    check_refused(
        &world,
        photos(1, &[51]),
        "media_ids",
        "The file is cut off.",
    )
    .await;
    check_refused(&world, photos(1, &[53]), "media_ids", "already shown").await;
    let error = world.create(reply_to(1, 12_345)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::NotFound, Some("in_reply_to_id"))
    );

    for table in [
        "posts",
        "mentions",
        "shown_media",
        "author_stats",
        "idempotency_keys",
        "outbox",
    ] {
        assert_eq!(world.rows(table).await, 0, "{table}");
    }
    // The bounds themselves are within.
    world.create(photos(1, &all[..20])).await.unwrap();
    let request = CreatePostRequest {
        spoiler_text: "w".repeat(500),
        idempotency_key: "k".repeat(255),
        ..text(1, &"ü".repeat(2_200))
    };
    world.create(request).await.unwrap();
}

#[tokio::test]
async fn visibility_is_public_when_nothing_is_said() {
    let world = World::new().await;
    let post = world.create(text(1, "a")).await.unwrap();
    assert_eq!(post.visibility(), Visibility::Public);
}

#[tokio::test]
async fn mentions_are_bounded_and_each_counts_once() {
    let world = World::new().await;
    let names: Vec<&'static str> = (0..60).map(|n| &*format!("n{n}").leak()).collect();
    let accounts = names
        .iter()
        .enumerate()
        .map(|(index, name)| (1_000 + index as u64, *name));
    world.accounts.0.lock().unwrap().extend(accounts);
    let all: Vec<String> = names.iter().map(|name| format!("@{name}")).collect();
    let post = world
        .create(text(1, &format!("@N0 {}", all.join(" "))))
        .await
        .unwrap();
    let ids: Vec<u64> = post
        .mentions
        .iter()
        .map(|mention| mention.account_id)
        .collect();
    assert_eq!(ids, (1_000..1_050).collect::<Vec<_>>());
    assert!(
        post.head()
            .is_mentioned(infra_kernel::AccountId::new(1_049))
    );
    assert_eq!(world.rows("mentions").await, 50);
}

#[tokio::test]
async fn numbers_of_authors_are_kept() {
    let world = World::new().await;
    assert_eq!((world.count().await, world.stats(1).await), (0, (0, 0)));
    world.create(text(1, "a")).await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(9));
    let last = world.create(text(1, "b")).await.unwrap();
    world.create(text(2, "c")).await.unwrap();
    assert_eq!(world.stats(1).await, (2, last.created_at_us));
    assert_eq!(
        (
            world.stats(2).await.0,
            world.stats(3).await,
            world.count().await
        ),
        (1, (0, 0), 3)
    );
}

#[tokio::test]
async fn numbers_reveal_no_post_that_not_everyone_may_see() {
    let world = World::new().await;
    let open = world.create(text(1, "a")).await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(9));
    let before = (world.author_stats(1).await, world.count().await);
    let mut hidden = Vec::new();
    for visibility in [Visibility::Private, Visibility::Direct] {
        for in_reply_to_id in [0, open.id] {
            let request = CreatePostRequest {
                visibility: visibility.into(),
                in_reply_to_id,
                ..text(1, "b")
            };
            hidden.push(world.create(request).await.unwrap().id);
        }
    }
    let check = async || {
        assert_eq!((world.author_stats(1).await, world.count().await), before);
        let post = world.get(open.id).await.unwrap();
        assert_eq!((post.replies_count, post.revision), (0, 1));
    };
    check().await;
    for id in hidden {
        world.delete(1, id).await.unwrap();
        check().await;
    }
    let request = CreatePostRequest {
        visibility: Visibility::Direct.into(),
        ..reply_to(1, 12_345)
    };
    let error = world.create(request).await.unwrap_err();
    assert_eq!(error.field(), Some("in_reply_to_id"));
}

#[tokio::test]
async fn numbers_from_before_are_counted_again() {
    if !testing_databases::are_files() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // (id, author, visibility, parent), as they were counted before: every one.
    let posts = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
         media_ids, has_media, replies_count, application_id, created_at, in_reply_to_id) VALUES \
         (10, 1, 4, 1, 'a', FALSE, '', '', '[]', FALSE, 3, 0, 100, NULL), \
         (11, 2, 1, 2, 'b', FALSE, '', '', '[]', FALSE, 0, 0, 110, 10), \
         (12, 1, 1, 3, 'c', FALSE, '', '', '[]', FALSE, 0, 0, 120, 10), \
         (13, 2, 1, 4, 'd', FALSE, '', '', '[]', FALSE, 0, 0, 130, 10), \
         (14, 3, 1, 4, 'e', FALSE, '', '', '[]', FALSE, 0, 0, 140, NULL); \
         INSERT INTO author_stats (author_id, posts, last_posted_at) VALUES (0, 5, 140), (1, 2, 120), (2, 2, 130), (3, 1, 140)";
    fill_old(&folder.path().join("posts.db"), 2, posts).await;
    let world = World::over(folder, business_posts::Settings::default()).await;
    let mut found = Vec::new();
    for author in 1..=3 {
        let stats = world.author_stats(author).await;
        found.push((stats.posts, stats.top_level_posts, stats.last_posted_at_us));
    }
    assert_eq!(found, [(1, 1, 100), (1, 0, 110), (0, 0, 0)]);
    assert_eq!(world.count().await, 2);
    let post = world.get(10).await.unwrap();
    assert_eq!((post.replies_count, post.revision), (1, 5));
}

#[tokio::test]
async fn asking_for_too_many_is_refused() {
    let world = World::new().await;
    let ids: Vec<u64> = (1..=501).collect();
    let posts = &world.posts;
    let request = business_posts_gateway::GetPostsRequest { ids: ids.clone() };
    let error = posts.get_posts(&context(), request).await.unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::Invalid, Some("ids"))
    );
    let request = business_posts_gateway::GetAuthorStatsRequest { author_ids: ids };
    let error = posts
        .get_author_stats(&context(), request)
        .await
        .unwrap_err();
    assert_eq!(error.field(), Some("author_ids"));
}
