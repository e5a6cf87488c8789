//! What is shown stays; what nothing shows any more goes, bytes and all.

use business_media_gateway::{MediaDeleted, ReleaseRequest, topics};
use infra_kernel::ErrorCode;

use crate::scene::{OWNER, Scene, code, context, photo};

#[tokio::test]
async fn what_nothing_shows_any_more_is_gone_at_once() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    assert!(scene.get(item.id).await.unwrap().attached);
    // Everything is at hand in caches before.
    for rendition in &item.renditions {
        scene.read(&rendition.key, 0, 0).await.unwrap();
    }
    assert_eq!(scene.release("post:1").await, 1);
    assert!(scene.get(item.id).await.is_none());
    for rendition in &item.renditions {
        assert_eq!(
            code(scene.read(&rendition.key, 0, 0).await),
            ErrorCode::NotFound
        );
    }
    assert!(scene.files().is_empty(), "the bytes are gone");
    let tables = "SELECT (SELECT COUNT(*) FROM media) + (SELECT COUNT(*) FROM renditions) + (SELECT COUNT(*) FROM holders)
        + (SELECT COUNT(*) FROM blob_deletions)";
    assert_eq!(scene.count(tables).await, 0);
    let events = scene.events(topics::DELETED).await;
    assert_eq!(events.len(), 1);
    let event: MediaDeleted = events[0].decode().unwrap();
    assert_eq!((event.media_id, event.owner_id), (item.id, OWNER));
    for rendition in &item.renditions {
        assert!(event.keys.contains(&rendition.key));
    }
    assert_eq!(scene.release("post:1").await, 0, "idempotent");
}

#[tokio::test]
async fn an_account_releases_only_its_own_photos() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    let by_another = ReleaseRequest {
        holder: "post:1".to_owned(),
        owner_id: OWNER + 1,
        ids: Vec::new(),
    };
    let released = scene.media.release(&context(), by_another).await;
    assert_eq!(released.unwrap().deleted, 0);
    assert!(scene.get(item.id).await.unwrap().attached);
    assert_eq!(scene.release("post:1").await, 1);
}

#[tokio::test]
async fn of_what_a_post_shows_some_can_go_and_the_rest_stays() {
    let scene = Scene::new().await;
    let kept = scene.ready(OWNER, &photo(1)).await;
    let taken = scene.ready(OWNER, &photo(2)).await;
    let elsewhere = scene.ready(OWNER, &photo(3)).await;
    scene
        .attach(OWNER, &[kept.id, taken.id], "post:1")
        .await
        .unwrap();
    scene
        .attach(OWNER, &[elsewhere.id], "post:2")
        .await
        .unwrap();
    let some = [taken.id, elsewhere.id];
    assert_eq!(scene.release_some("post:1", &some).await, 1);
    assert!(scene.get(taken.id).await.is_none());
    assert!(scene.get(kept.id).await.unwrap().attached);
    assert!(scene.get(elsewhere.id).await.unwrap().attached);
    assert_eq!(scene.release_some("post:1", &some).await, 0, "idempotent");
    assert_eq!(scene.release("post:1").await, 1);
}

#[tokio::test]
async fn a_rendition_that_two_photos_share_survives_one_of_them() {
    let scene = Scene::new().await;
    let one = scene.ready(OWNER, &photo(1)).await;
    let other = scene.ready(OWNER + 1, &photo(1)).await;
    assert_eq!(one.renditions, other.renditions);
    scene.attach(OWNER, &[one.id], "post:1").await.unwrap();
    scene
        .attach(OWNER + 1, &[other.id], "post:2")
        .await
        .unwrap();
    assert_eq!(scene.release("post:1").await, 1);
    for rendition in &other.renditions {
        let (header, _) = scene.read(&rendition.key, 0, 0).await.unwrap();
        assert_eq!(header.bytes, rendition.bytes);
    }
    let event: MediaDeleted = scene.events(topics::DELETED).await[0].decode().unwrap();
    assert!(event.keys.is_empty(), "no bytes are gone yet");
    assert!(!scene.files().is_empty());
    assert_eq!(scene.release("post:2").await, 1);
    let event: MediaDeleted = scene.events(topics::DELETED).await[1].decode().unwrap();
    assert!(!event.keys.is_empty());
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn a_photo_stays_while_anything_shows_it() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene
        .attach(OWNER, &[item.id, item.id], "post:1")
        .await
        .unwrap();
    scene
        .attach(OWNER, &[item.id], "account:7:avatar")
        .await
        .unwrap();
    assert_eq!(scene.release("post:1").await, 0);
    assert!(scene.get(item.id).await.unwrap().attached);
    assert_eq!(scene.release("account:7:avatar").await, 1);
    assert!(scene.get(item.id).await.is_none());
}

#[tokio::test]
async fn all_are_attached_or_none() {
    let scene = Scene::new().await;
    let mine = scene.ready(OWNER, &photo(1)).await;
    let theirs = scene.ready(OWNER + 1, &photo(2)).await;
    for wrong in [theirs.id, 12_345] {
        let error = scene
            .attach(OWNER, &[mine.id, wrong], "post:1")
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::NotFound, Some("media_ids"))
        );
    }
    assert!(!scene.get(mine.id).await.unwrap().attached);
    assert_eq!(scene.count("SELECT COUNT(*) FROM holders").await, 0);
    assert_eq!(
        code(scene.attach(OWNER, &[mine.id], "").await),
        ErrorCode::Invalid
    );
    assert_eq!(
        code(scene.attach(OWNER, &[mine.id], &"x".repeat(101)).await),
        ErrorCode::Invalid
    );
    assert!(scene.attach(OWNER, &[], "post:1").await.is_ok());
}

#[tokio::test]
async fn attaching_is_seen_as_a_new_revision() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    assert!(scene.get(item.id).await.unwrap().revision > item.revision);
}
