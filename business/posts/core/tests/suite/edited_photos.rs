//! Photos of posts that are changed.

use std::sync::atomic::Ordering;

use business_media_gateway::MediaState;
use business_posts_gateway::{
    CreatePostRequest, EditPostRequest, ListByAuthorRequest, ListByTagRequest, PostVersion, topics,
};
use infra_kernel::Page;

use crate::edits::{described, list, same};
use crate::support::{World, context, photos};

#[tokio::test]
async fn photos_come_go_and_change_places_with_their_alt_texts() {
    let mut world = World::new().await;
    for id in 1..=3 {
        world.album.add(id, 1, MediaState::Ready);
    }
    let post = world.create(photos(1, &[1, 2])).await.unwrap();
    let request = EditPostRequest {
        media: list(&[3, 1]),
        media_changes: vec![described(1, "a lake"), described(3, "a boat")],
        ..same(&post)
    };
    let edited = world.edit(request).await.unwrap();
    assert_eq!(edited.media_ids, [3, 1]);
    assert_eq!(world.album.held_by(post.id), [1, 3]);
    let is_there = |id| world.album.items.lock().unwrap().contains_key(&id);
    assert!(!is_there(2), "its bytes are kept");
    let request = EditPostRequest {
        media_changes: vec![described(1, "a lake at dusk")],
        ..same(&edited)
    };
    let described_again = world.edit(request).await.unwrap();
    assert_eq!(described_again.revision, 3);
    let versions = world.versions(post.id).await;
    let media = |version: &PostVersion| -> Vec<(u64, String)> {
        let media = version.media.iter();
        media
            .map(|it| (it.media_id, it.description.clone()))
            .collect()
    };
    let said = |id: u64, text: &str| (id, text.to_owned());
    assert_eq!(media(&versions[0]), [said(1, ""), said(2, "")]);
    assert_eq!(media(&versions[1]), [said(3, "a boat"), said(1, "a lake")]);
    // All of it again, late and twice.
    for event in world.events().await {
        world.deliver(&event).await.unwrap();
        world.deliver(&event).await.unwrap();
    }
    assert_eq!(world.album.held_by(post.id), [1, 3]);
    world.restart().await;
    assert_eq!(world.get(post.id).await.unwrap().media_ids, [3, 1]);
    assert_eq!(world.rows("shown_media").await, 2);
    world.delete(1, post.id).await.unwrap();
    assert_eq!(world.rows("shown_media").await, 0);
}

#[tokio::test]
async fn of_what_is_said_twice_of_a_photo_the_last_counts() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    let post = world.create(photos(1, &[1])).await.unwrap();
    let request = EditPostRequest {
        media_changes: (0..1_000).map(|n| described(1, &n.to_string())).collect(),
        ..same(&post)
    };
    assert_eq!(world.edit(request).await.unwrap().revision, 2);
    assert_eq!(world.album.items.lock().unwrap()[&1].description, "999");
}

#[tokio::test]
async fn a_photo_is_added_although_another_is_lost() {
    let world = World::new().await;
    for id in 1..=2 {
        world.album.add(id, 1, MediaState::Ready);
    }
    let post = world.create(photos(1, &[1])).await.unwrap();
    world.album.items.lock().unwrap().remove(&1);
    world.album.is_down.store(true, Ordering::SeqCst);
    let request = EditPostRequest {
        media: list(&[1, 2]),
        ..same(&post)
    };
    world.edit(request).await.unwrap();
    world.album.is_down.store(false, Ordering::SeqCst);
    let edited = world.events().await.pop().unwrap();
    assert_eq!(edited.topic, topics::EDITED);
    world.deliver(&edited).await.unwrap();
    assert_eq!(world.album.held_by(post.id), [1, 2]);
}

#[tokio::test]
async fn a_post_without_its_photos_leaves_the_lists_of_photos() {
    let world = World::new().await;
    world.album.add(1, 1, MediaState::Ready);
    let request = CreatePostRequest {
        text: "#lake".to_owned(),
        ..photos(1, &[1])
    };
    let post = world.create(request).await.unwrap();
    let listed = async || {
        let of_author = ListByAuthorRequest {
            author_id: 1,
            page: Some(Page::newest(10).into()),
            only_media: true,
            ..ListByAuthorRequest::default()
        };
        let of_tag = ListByTagRequest {
            tag: "lake".to_owned(),
            page: Some(Page::newest(10).into()),
            only_media: true,
        };
        let of_author = world.posts.list_by_author(&context(), of_author).await;
        let of_tag = world.posts.list_by_tag(&context(), of_tag).await;
        (of_author.unwrap().heads.len(), of_tag.unwrap().heads.len())
    };
    assert_eq!(listed().await, (1, 1));
    let bare = EditPostRequest {
        media: list(&[]),
        ..same(&post)
    };
    world.edit(bare).await.unwrap();
    assert_eq!(listed().await, (0, 0));
    assert_eq!(world.with_tag("lake").await, [post.id]);
}

#[tokio::test]
async fn media_that_could_not_be_reached_is_brought_in_step_later() {
    let mut world = World::new().await;
    for id in 1..=2 {
        world.album.add(id, 1, MediaState::Ready);
    }
    let post = world.create(photos(1, &[1])).await.unwrap();
    world.album.is_down.store(true, Ordering::SeqCst);
    let request = EditPostRequest {
        media: list(&[2]),
        ..same(&post)
    };
    world.edit(request).await.unwrap();
    assert_eq!(world.album.held_by(post.id), [1]);
    world.restart().await;
    world.album.is_down.store(false, Ordering::SeqCst);
    for event in world.events().await {
        world.deliver(&event).await.unwrap();
    }
    assert_eq!(world.album.held_by(post.id), [2]);
    assert!(!world.album.items.lock().unwrap().contains_key(&1));
}
