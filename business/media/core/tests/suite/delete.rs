//! An owner deletes what nothing shows.

use std::sync::Arc;
use std::time::Duration;

use business_media::Settings;
use business_media_gateway::{
    DeleteMediaRequest, ListUnusedRequest, MediaItem, MediaState, WaitUntilProcessedRequest, topics,
};
use infra_kernel::{ErrorCode, Result};
use testing_kit::png;

use crate::external_codecs::Forms;
use crate::scene::{OWNER, Scene, code, context, photo, picture};
use crate::work::{PATIENCE, scene_with, until};

impl Scene {
    pub(crate) async fn delete(&self, owner_id: u64, id: u64) -> Result<()> {
        let request = DeleteMediaRequest { owner_id, id };
        let deleted = self.media.delete_media(&context(), request).await;
        deleted.map(|_| ())
    }
}

/// Neither a row nor a file of any photo is left, and its end was published once.
async fn assert_gone(scene: &Scene, item: &MediaItem) {
    let rows = "SELECT (SELECT COUNT(*) FROM media) + (SELECT COUNT(*) FROM renditions)
        + (SELECT COUNT(*) FROM alternates) + (SELECT COUNT(*) FROM alternate_jobs)
        + (SELECT COUNT(*) FROM blob_writes) + (SELECT COUNT(*) FROM blob_deletions)
        + (SELECT COUNT(*) FROM account_usage)";
    assert_eq!(scene.count(rows).await, 0, "rows are left");
    assert!(scene.files().is_empty(), "{:?}", scene.files());
    assert!(scene.get(item.id).await.is_none());
    let told = scene.events(topics::DELETED).await;
    assert_eq!(told.iter().map(|it| it.key).collect::<Vec<_>>(), [item.id]);
}

#[tokio::test]
async fn what_its_owner_deletes_is_gone_bytes_and_all() {
    let scene = scene_with(&Arc::new(Forms::default()), Settings::default()).await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.core.drain_queue().await.unwrap();
    assert!(scene.count("SELECT COUNT(*) FROM alternates").await > 0);
    let key = item.renditions[0].key.clone();
    scene.read(&key, 0, 0).await.unwrap();
    scene.delete(OWNER, item.id).await.unwrap();
    assert_gone(&scene, &item).await;
    assert_eq!(code(scene.read(&key, 0, 0).await), ErrorCode::NotFound);
    assert_eq!(
        code(scene.delete(OWNER, item.id).await),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn what_waits_or_has_failed_can_be_deleted_too() {
    let scene = Scene::new().await;
    let waiting = scene.upload(&photo(1)).await.unwrap();
    scene.delete(OWNER, waiting.id).await.unwrap();
    assert_gone(&scene, &waiting).await;
    assert_eq!(scene.core.drain_queue().await.unwrap(), 0);
    let scene = Scene::new().await;
    let whole = png::encode(&picture(300, 200, 1));
    let broken = scene.upload(&whole[..whole.len() / 2]).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    let broken = scene.get(broken.id).await.unwrap();
    assert_eq!(broken.state(), MediaState::Failed);
    scene.delete(OWNER, broken.id).await.unwrap();
    assert_gone(&scene, &broken).await;
}

#[tokio::test]
async fn anothers_and_what_is_shown_are_not_touched() {
    let scene = Scene::new().await;
    let anothers = scene.ready(OWNER + 1, &photo(1)).await;
    let shown = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[shown.id], "post:1").await.unwrap();
    let unused = scene.ready(OWNER, &photo(1)).await;
    assert_eq!(
        code(scene.delete(OWNER, anothers.id).await),
        ErrorCode::NotFound
    );
    let refused = scene.delete(OWNER, shown.id).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Invalid);
    assert!(
        refused.public().contains("is in use"),
        "{}",
        refused.public()
    );
    // All three have the same bytes: they stay for those that are left.
    scene.delete(OWNER, unused.id).await.unwrap();
    assert!(scene.get(unused.id).await.is_none());
    for item in [&anothers, &shown] {
        assert!(scene.get(item.id).await.unwrap().is_ready());
        for rendition in &item.renditions {
            scene.read(&rendition.key, 0, 0).await.unwrap();
        }
    }
    let used = "SELECT COUNT(*) FROM account_usage
        WHERE items = 1 AND bytes = (SELECT MAX(original_bytes) FROM media)";
    assert_eq!(scene.count(used).await, 2);
}

#[tokio::test]
async fn there_is_room_again_at_once() {
    let scene = Scene::with(Settings {
        unattached_items_max: 1,
        account_bytes_max: photo(1).len() as u64 + photo(2).len() as u64 - 1,
        ..Settings::default()
    })
    .await;
    let first = scene.upload(&photo(1)).await.unwrap();
    let refused = scene.upload(&photo(2)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    let sentence = refused.public();
    assert!(sentence.contains("Post or delete some"), "{sentence}");
    assert!(sentence.contains("24 hours after its upload"), "{sentence}");
    scene.delete(OWNER, first.id).await.unwrap();
    scene.upload(&photo(2)).await.unwrap();
}

#[tokio::test]
async fn what_can_be_used_no_more_waits_no_more() {
    let settings = Settings {
        unattached_items_max: 1,
        ..Settings::default()
    };
    let lifetime = Duration::from_secs(settings.unattached_lifetime_s);
    let scene = Scene::with(settings).await;
    scene.upload(&photo(1)).await.unwrap();
    scene.clock.advance(lifetime);
    let refused = scene.upload(&photo(2)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    // It is listed no more, either, and goes with the next sweep.
    scene.clock.advance(Duration::from_secs(1));
    scene.upload(&photo(2)).await.unwrap();
}

#[tokio::test]
async fn a_photo_at_work_can_be_deleted_and_its_work_leaves_nothing() {
    for before_it_is_read in [true, false] {
        let scene = Scene::new().await;
        let item = scene.upload(&photo(1)).await.unwrap();
        let gate = if before_it_is_read {
            &scene.store.reading
        } else {
            &scene.store.writing
        };
        let held = gate.write().await;
        let core = Arc::clone(&scene.core);
        let work = tokio::spawn(async move { core.drain_queue().await });
        let begun = if before_it_is_read {
            "SELECT COUNT(*) FROM media WHERE state = 4"
        } else {
            "SELECT COUNT(*) FROM blob_writes"
        };
        until("the work is under way", || async {
            scene.count(begun).await > 0
        })
        .await;
        let request = WaitUntilProcessedRequest { id: item.id };
        let media = Arc::clone(&scene.media);
        let waiting =
            tokio::spawn(async move { media.wait_until_processed(&context(), request).await });
        scene.delete(OWNER, item.id).await.unwrap();
        let heard = tokio::time::timeout(PATIENCE, waiting).await.unwrap();
        assert_eq!(code(heard.unwrap()), ErrorCode::NotFound);
        drop(held);
        tokio::time::timeout(PATIENCE, work)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_gone(&scene, &item).await;
        for topic in [topics::READY, topics::FAILED] {
            assert!(scene.events(topic).await.is_empty(), "{topic}");
        }
    }
}

#[tokio::test]
async fn what_nothing_shows_is_listed_for_its_owner_newest_first() {
    let scene = Scene::new().await;
    let unused = |limit| {
        let request = ListUnusedRequest {
            owner_id: OWNER,
            limit,
        };
        let media = Arc::clone(&scene.media);
        async move { media.list_unused(&context(), request).await.unwrap() }
    };
    assert_eq!(unused(10).await.items, []);
    let whole = png::encode(&picture(300, 200, 1));
    let broken = scene.upload(&whole[..whole.len() / 2]).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    let shown = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[shown.id], "post:1").await.unwrap();
    let ready = scene.ready(OWNER, &photo(2)).await;
    scene.ready(OWNER + 1, &photo(3)).await;
    let waiting = scene.upload(&photo(4)).await.unwrap();
    let listed = unused(10).await;
    let ids = |items: &[MediaItem]| items.iter().map(|item| item.id).collect::<Vec<_>>();
    assert_eq!(ids(&listed.items), [waiting.id, ready.id, broken.id]);
    assert_eq!(listed.items[1].renditions.len(), ready.renditions.len());
    assert_eq!(listed.items[2].state(), MediaState::Failed);
    assert!(listed.failed_lifetime_s > listed.lifetime_s);
    assert_eq!(ids(&unused(2).await.items), [waiting.id, ready.id]);
    // What is about to be swept can be used no more, and is not offered; what has failed is still
    // shown.
    scene
        .clock
        .advance(Duration::from_secs(listed.lifetime_s + 1));
    assert_eq!(ids(&unused(10).await.items), [broken.id]);
    assert_eq!(ids(&unused(1).await.items), [broken.id]);
    scene.delete(OWNER, broken.id).await.unwrap();
    assert_eq!(unused(10).await.items, []);
}

#[tokio::test]
async fn the_same_photo_is_taken_at_once_when_who_deleted_it_has_gone_away() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let stops = scene.store.deleting.write().await;
    let claims = "SELECT COUNT(*) FROM blob_deletions WHERE claimed";
    let begun = until("it is claimed", || async { scene.count(claims).await > 0 });
    tokio::select! {
        _ = scene.delete(OWNER, item.id) => panic!("it was deleted"),
        () = begun => {}
    }
    drop(stops);
    let again = scene.upload(&photo(1)).await.unwrap();
    scene.process(again.media()).await.unwrap();
    assert!(scene.get(again.id).await.unwrap().is_ready());
}
