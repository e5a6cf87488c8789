//! Which post shows what, across crashes and in any order of deliveries.

use std::sync::atomic::Ordering;

use business_media_gateway::MediaState;
use business_posts::Settings;
use business_posts_gateway::{CreatePostRequest, topics};
use infra_bus::HandlerError;
use infra_domain::Domain as _;

use crate::support::{World, fill_old, photos};

#[tokio::test]
async fn what_others_get_of_the_photos_is_kept_as_it_was_chosen() {
    let mut world = World::new().await;
    let choices = [(false, false), (true, false), (false, true), (true, true)];
    let mut posts = Vec::new();
    for (id, (originals_shared, camera_shown)) in (1..).zip(choices) {
        world.album.add(id, 1, MediaState::Ready);
        let request = CreatePostRequest {
            originals_shared,
            camera_shown,
            ..photos(1, &[id])
        };
        posts.push(world.create(request).await.unwrap());
    }
    // From the database, not from memory.
    world.restart().await;
    for (post, chosen) in posts.iter().zip(choices) {
        let kept = world.get(post.id).await.unwrap();
        assert_eq!((kept.originals_shared, kept.camera_shown), chosen);
        assert_eq!(&kept, post);
    }
}

#[tokio::test]
async fn a_post_from_before_the_choice_shares_nothing_more() {
    if !testing_databases::are_files() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("posts.db");
    let insert = "INSERT INTO posts (id, author_id, revision, visibility, text, sensitive, spoiler_text, language, \
         media_ids, has_media, replies_count, application_id, created_at) \
         VALUES (5, 1, 1, 1, 'old', FALSE, '', '', '[7]', TRUE, 0, 0, 0)";
    fill_old(&path, 1, insert).await;
    let world = World::over(folder, Settings::default()).await;
    let post = world.get(5).await.unwrap();
    assert_eq!(post.media_ids, [7]);
    assert!(!post.originals_shared && !post.camera_shown);
}

#[tokio::test]
async fn media_is_attached_at_once_and_again_without_harm() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    world.album.add(2, 1, MediaState::Ready);
    let post = world.create(photos(1, &[2, 1])).await.unwrap();
    assert_eq!(world.album.held_by(post.id), [1, 2]);
    for event in world.events().await {
        world.deliver(&event).await.unwrap();
        world.deliver(&event).await.unwrap();
    }
    assert_eq!(world.album.held_by(post.id), [1, 2]);
}

#[tokio::test]
async fn a_crash_between_commit_and_attachment_is_made_good() {
    let mut world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    world.album.is_down.store(true, Ordering::SeqCst);
    let post = world.create(photos(1, &[1])).await.unwrap();
    assert!(world.album.held_by(post.id).is_empty());
    world.restart().await;
    let event = world.events().await.pop().unwrap();
    let refused = world.deliver(&event).await.unwrap_err();
    assert!(
        matches!(refused, HandlerError::Unavailable(_)),
        "{refused:?}"
    );
    // Nobody else can take the photo meanwhile.
    assert!(world.create(photos(1, &[1])).await.is_err());
    world.album.is_down.store(false, Ordering::SeqCst);
    world.deliver(&event).await.unwrap();
    assert_eq!(world.album.held_by(post.id), [1]);
}

#[tokio::test]
async fn deletion_releases_even_when_it_is_delivered_first() {
    let world = World::new().await;
    for id in 1..=2 {
        world.album.add(id, 1, MediaState::Ready);
    }
    let in_order = world.create(photos(1, &[1])).await.unwrap();
    world.album.is_down.store(true, Ordering::SeqCst);
    let overtaken = world.create(photos(1, &[2])).await.unwrap();
    world.album.is_down.store(false, Ordering::SeqCst);
    world.delete(1, in_order.id).await.unwrap();
    world.delete(1, overtaken.id).await.unwrap();
    let mut events = world.events().await;
    events.sort_by_key(|event| (event.key == in_order.id, event.topic != topics::DELETED));
    for event in events.iter().chain(&events) {
        world.deliver(event).await.unwrap();
    }
    assert!(world.album.holders.lock().unwrap().is_empty());
    assert!(
        !world.album.items.lock().unwrap().contains_key(&1),
        "its bytes are kept"
    );
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_dead_lettered() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    world.create(photos(1, &[1])).await.unwrap();
    let mut event = world.events().await.pop().unwrap();
    event.payload = vec![0xff];
    for topic in [topics::PUBLISHED, topics::DELETED] {
        event.topic = topic.into();
        let refused = world.deliver(&event).await.unwrap_err();
        assert!(matches!(refused, HandlerError::Reject(_)));
    }
}

#[tokio::test]
async fn the_subscriptions_keep_their_names() {
    let world = World::new().await;
    let subscriptions: Vec<_> = world
        .core
        .consumers()
        .iter()
        .map(|it| (it.subscription.name, it.subscription.topics))
        .collect();
    let expected: [(&str, &[&str]); 4] = [
        ("posts.attach-media", &["posts.published"]),
        ("posts.edit-media", &["posts.edited"]),
        ("posts.release-media", &["posts.deleted"]),
        ("posts.remove-reshares", &["posts.deleted"]),
    ];
    assert_eq!(subscriptions, expected);
}
