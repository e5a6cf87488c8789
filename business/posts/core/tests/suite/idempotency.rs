//! One key, one post.

use std::time::Duration;

use business_media_gateway::MediaState;
use business_posts::Settings;
use business_posts_gateway::CreatePostRequest;
use futures::future::join_all;
use infra_domain::Domain as _;
use infra_kernel::ErrorCode;
use tokio_util::sync::CancellationToken;

use crate::support::{World, context, photos, reply_to, text};

fn keyed(key: &str, request: CreatePostRequest) -> CreatePostRequest {
    CreatePostRequest {
        idempotency_key: key.into(),
        ..request
    }
}

async fn create(world: &World, request: CreatePostRequest) -> (u64, bool) {
    let reply = world.posts.create_post(&context(), request).await.unwrap();
    (reply.post.unwrap().id, reply.created)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn equal_keys_at_the_same_time_give_one_post() {
    let world = World::new().await;
    for round in 0..20 {
        let key = format!("key {round}");
        let requests = (0..16).map(|_| {
            let (posts, request) = (world.posts.clone(), keyed(&key, text(1, "once")));
            tokio::spawn(async move { posts.create_post(&context(), request).await.unwrap() })
        });
        let replies: Vec<_> = join_all(requests)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        let first = replies[0].post.as_ref().unwrap();
        assert!(
            replies
                .iter()
                .all(|reply| reply.post.as_ref() == Some(first))
        );
        assert_eq!(replies.iter().filter(|reply| reply.created).count(), 1);
    }
    assert_eq!(
        (world.rows("posts").await, world.events().await.len()),
        (20, 20)
    );
    assert_eq!(world.stats(1).await.0, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_photo_at_the_same_time_is_shown_by_one_post() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    let requests = (0..16).map(|_| {
        let posts = world.posts.clone();
        tokio::spawn(async move { posts.create_post(&context(), photos(1, &[1])).await })
    });
    let replies: Vec<_> = join_all(requests)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(replies.iter().filter(|reply| reply.is_ok()).count(), 1);
    for error in replies.into_iter().filter_map(Result::err) {
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("media_ids"))
        );
    }
    assert_eq!(world.rows("posts").await, 1);
}

#[tokio::test]
async fn a_repeat_is_answered_whatever_has_happened_since() {
    let mut world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    let parent = world.create(text(2, "parent")).await.unwrap();
    let with_photo = keyed("photo", photos(1, &[1]));
    let a_reply = keyed("answer", reply_to(1, parent.id));
    let (photo, _) = create(&world, with_photo.clone()).await;
    let (reply_post, _) = create(&world, a_reply.clone()).await;
    world.delete(2, parent.id).await.unwrap();
    world.restart().await;
    // The photo is attached by now, and its parent is gone: a first try would be refused.
    assert_eq!(create(&world, with_photo).await, (photo, false));
    assert_eq!(create(&world, a_reply).await, (reply_post, false));
    // A key is its author's own.
    assert!(create(&world, keyed("photo", text(2, "another"))).await.1);
}

#[tokio::test]
async fn a_key_counts_for_a_day_and_as_long_as_its_post() {
    let world = World::new().await;
    let request = || keyed("key", text(1, "a"));
    let (first, _) = create(&world, request()).await;
    world.clock.advance(Duration::from_secs(24 * 60 * 60 - 1));
    assert_eq!(create(&world, request()).await, (first, false));
    world.clock.advance(Duration::from_secs(2));
    let (second, created) = create(&world, request()).await;
    assert!(created && second != first);
    assert_eq!(create(&world, request()).await, (second, false));
    world.delete(1, second).await.unwrap();
    assert!(create(&world, request()).await.1);
}

#[tokio::test]
async fn a_key_that_cannot_be_stored_is_refused() {
    let world = World::new().await;
    let refused = world.create(keyed("a\0b", text(1, "a"))).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.field()),
        (ErrorCode::Invalid, Some("idempotency_key"))
    );
    assert_eq!(world.rows("posts").await, 0);
}

#[tokio::test]
async fn old_keys_are_swept_and_young_ones_stay() {
    let world = World::new().await;
    let keys: Vec<String> = (0..1_500).map(|number| number.to_string()).collect();
    join_all(
        keys.iter()
            .map(|key| create(&world, keyed(key, text(1, "a")))),
    )
    .await;
    world.clock.advance(Duration::from_secs(25 * 60 * 60));
    create(&world, keyed("young", text(1, "a"))).await;
    let stop = CancellationToken::new();
    let (core, stopped) = (world.core.clone(), stop.clone());
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    let swept = async {
        while world.rows("idempotency_keys").await > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), swept)
        .await
        .expect("not swept");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(30), jobs)
        .await
        .expect("not stopped")
        .unwrap();
    let left: Vec<String> = infra_db::query_scalar("SELECT key FROM idempotency_keys")
        .fetch_all(world.database.reader())
        .await
        .unwrap();
    assert_eq!(left, ["young"]);
    assert_eq!(world.rows("posts").await, 1_501);
}

#[tokio::test]
async fn a_day_holds_so_many_posts_and_a_repeat_is_none() {
    let world = World::with(Settings {
        posts_per_day_max: 3,
        ..Settings::default()
    })
    .await;
    let request = |author_id, key: &str| CreatePostRequest {
        idempotency_key: key.into(),
        ..text(author_id, "a")
    };
    let first = world.create(request(1, "k")).await.unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    for _ in 0..2 {
        world.create(request(1, "")).await.unwrap();
    }
    let error = world.create(request(1, "other")).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(23 * 3_600)));
    let again = world
        .posts
        .create_post(&context(), request(1, "k"))
        .await
        .unwrap();
    assert_eq!((again.created, again.post.unwrap().id), (false, first.id));
    world.create(request(2, "")).await.unwrap();
    world.clock.advance(Duration::from_secs(23 * 3_600));
    world.create(request(1, "")).await.unwrap();
    assert!(world.create(request(1, "")).await.is_err());
}
