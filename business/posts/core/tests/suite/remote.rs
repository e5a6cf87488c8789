//! Posts that were written elsewhere: none is taken in here yet, but rows may hold them.

use business_posts::Settings;
use business_posts_gateway::*;
use infra_db::DbError;
use infra_kernel::Page;

use crate::support::{World, context, fill_old, text};

/// Puts posts of an author into the table as another server would have them.
async fn take_in(world: &World, statement: &'static str) -> Result<(), DbError> {
    world
        .database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query(statement).execute(connection).await?;
                Ok(())
            })
        })
        .await
}

const REMOTE: &str = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
     media_ids, has_media, replies_count, application_id, created_at, domain, uri, content_html) VALUES \
     (10, 9, 1, 1, 'A walk', FALSE, '', '', '[]', TRUE, 0, 0, 100, 'far.example', 'https://far.example/1', \
     '<p>A <b>walk</b></p><script>alert(1)</script>')";

async fn public(world: &World, only_media: bool) -> Vec<u64> {
    let request = ListPublicRequest::new(Page::newest(10), only_media);
    let listed = world.posts.list_public(&context(), request).await.unwrap();
    listed.heads.iter().map(|head| head.id).collect()
}

#[tokio::test]
async fn a_remote_post_says_where_it_is_from_and_keeps_its_html() {
    let world = World::new().await;
    take_in(&world, REMOTE).await.unwrap();
    let post = world.get(10).await.unwrap();
    assert_eq!(
        [post.domain, post.uri, post.text],
        ["far.example", "https://far.example/1", "A walk"]
    );
    assert_eq!(
        post.content_html,
        "<p>A <b>walk</b></p><script>alert(1)</script>"
    );
    let local = world.create(text(1, "<p>Mine</p>")).await.unwrap();
    let local = world.get(local.id).await.unwrap();
    assert_eq!(
        [local.domain, local.uri, local.content_html, local.text],
        ["", "", "", "<p>Mine</p>"]
    );
}

#[tokio::test]
async fn public_lists_are_of_this_server() {
    let world = World::new().await;
    take_in(&world, REMOTE).await.unwrap();
    let local = world.create(text(1, "Mine")).await.unwrap();
    assert_eq!(public(&world, false).await, [local.id]);
    assert_eq!(public(&world, true).await, [0_u64; 0]);
}

#[tokio::test]
async fn a_uri_names_one_post() {
    let world = World::new().await;
    take_in(&world, REMOTE).await.unwrap();
    let again = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
         media_ids, has_media, replies_count, application_id, created_at, domain, uri) VALUES \
         (11, 9, 1, 1, '', FALSE, '', '', '[]', FALSE, 0, 0, 100, 'far.example', 'https://far.example/1')";
    let error = take_in(&world, again).await.unwrap_err();
    assert!(error.is_unique_violation(), "{error}");
    // Any number have none.
    for _ in 0..2 {
        world.create(text(1, "Mine")).await.unwrap();
    }
}

#[tokio::test]
async fn posts_of_before_are_local() {
    if !testing_databases::are_files() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let old = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
         media_ids, has_media, replies_count, application_id, created_at) VALUES \
         (10, 1, 4, 1, 'a', FALSE, '', '', '[]', FALSE, 0, 0, 100), \
         (11, 1, 1, 1, 'b', FALSE, '', '', '[3]', TRUE, 0, 0, 110)";
    fill_old(&folder.path().join("posts.db"), 6, old).await;
    let world = World::over(folder, Settings::default()).await;
    let post = world.get(10).await.unwrap();
    assert_eq!((post.revision, post.text.as_str()), (4, "a"));
    assert_eq!([post.domain, post.uri, post.content_html], ["", "", ""]);
    assert_eq!(public(&world, false).await, [11, 10]);
    assert_eq!(public(&world, true).await, [11]);
}
