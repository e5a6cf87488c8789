//! What is read out of a text: hashtags, mentions; and its language.

use business_posts_gateway::{CreatePostRequest, ListByAuthorRequest, Post};
use infra_domain::Domain as _;
use infra_kernel::Page;

use crate::support::{World, context, fill_old, text};

#[tokio::test]
async fn languages_are_kept_in_one_form_and_refuse_no_post() {
    let world = World::new().await;
    for (written, kept) in [
        ("en_GB.UTF-8", "en-GB"),
        ("iw", "he"),
        ("not a tag", ""),
        ("", ""),
    ] {
        let request = CreatePostRequest {
            language: written.into(),
            ..text(1, "a")
        };
        assert_eq!(world.create(request).await.unwrap().language, kept);
    }
}

#[tokio::test]
async fn hashtags_are_kept_and_listed_however_they_are_written() {
    let mut world = World::new().await;
    let tagged =
        async |author, written: &str| world.create(text(author, written)).await.unwrap().id;
    let first = tagged(
        1,
        "#Sunset over #写真 #sunset #2024 https://a.example/#night",
    )
    .await;
    tagged(1, "sunset, and no hashtag").await;
    tagged(2, "#sunset").await;
    let last = tagged(1, "＃ＳＵＮＳＥＴ").await;
    world.restart().await;
    let names = |post: &Post| -> Vec<(String, String)> {
        let tags = post.tags.iter();
        tags.map(|tag| (tag.name.clone(), tag.written.clone()))
            .collect()
    };
    let post = world.get(first).await.unwrap();
    let expected = [("sunset", "Sunset"), ("写真", "写真")];
    assert_eq!(
        names(&post),
        expected.map(|(name, written)| (name.into(), written.into()))
    );
    let listed = async |world: &World, tag: &str, limit| {
        let request = ListByAuthorRequest {
            author_id: 1,
            page: Some(Page::newest(limit).into()),
            tag: tag.into(),
            ..ListByAuthorRequest::default()
        };
        let heads = world
            .posts
            .list_by_author(&context(), request)
            .await
            .unwrap()
            .heads;
        heads.iter().map(|head| head.id).collect::<Vec<_>>()
    };
    for tag in ["sunset", "#Sunset", "SUNSET"] {
        assert_eq!(listed(&world, tag, 10).await, [last, first], "{tag}");
    }
    assert_eq!(listed(&world, "sunset", 1).await, [last]);
    assert_eq!(listed(&world, "写真", 10).await, [first]);
    for nothing in ["2024", "night", "sun", "sunset x", "%"] {
        assert!(listed(&world, nothing, 10).await.is_empty(), "{nothing}");
    }
    world.delete(1, first).await.unwrap();
    assert_eq!(listed(&world, "sunset", 10).await, [last]);
    assert_eq!(world.rows("hashtags").await, 2);
}

#[tokio::test]
async fn hashtags_of_posts_from_before_are_made_up_for() {
    if !testing_databases::are_files() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let posts = "WITH RECURSIVE ids (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < 450) \
         INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
         media_ids, has_media, replies_count, application_id, created_at) \
         SELECT id, 1, 1, 1, '#Old', FALSE, '', '', '[]', FALSE, 0, 0, 100 FROM ids";
    fill_old(&folder.path().join("posts.db"), 2, posts).await;
    let world = World::over(folder, business_posts::Settings::default()).await;
    let post = world.get(1).await.unwrap();
    assert_eq!(
        post.tags[0].name, "old",
        "shown before the job has been there"
    );
    // One that is gone again leaves nothing behind.
    world.delete(1, 450).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let job = world.core.run_jobs(stop.clone());
    let done = async {
        while world.rows("hashtag_backfill").await > 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, async { tokio::join!(job, done) })
        .await
        .expect("the job did not come to its end");
    assert_eq!(world.rows("hashtags").await, 449);
    assert_eq!(world.rows("public_hashtags").await, 449);
}

#[tokio::test]
async fn mentions_with_our_own_domain_are_of_people_here() {
    let world = World::new().await;
    world.accounts.0.lock().unwrap().push((7, "ada"));
    for (written, mentioned) in [
        ("@ada@photos.example", true),
        ("@ADA@Photos.Exampleさん", true),
        ("@ada@elsewhere.example", false),
        ("https://photos.example/x,@ada", false),
    ] {
        let request = CreatePostRequest {
            site_domain: "photos.example".into(),
            ..text(1, written)
        };
        let post = world.create(request).await.unwrap();
        assert_eq!(!post.mentions.is_empty(), mentioned, "{written}");
    }
}
