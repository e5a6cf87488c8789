//! Many at once.

use std::sync::Arc;

use business_media::Settings;
use business_media_codec::{Format, FormatSet, Limits, read_header};
use business_media_gateway::{GetMediaRequest, topics};
use futures::future::join_all;
use infra_blob::{BlobKey, BlobStore as _};

use crate::scene::{OWNER, Scene, context, photo};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_uploads_become_ready_within_a_small_memory_budget() {
    let photos: Vec<Vec<u8>> = (0..12).map(photo).collect();
    // Room for one of these pictures at a time, not for two.
    let formats = FormatSet::new([Format::Jpeg]);
    let header = read_header(&photos[0], &Limits::default(), &formats).unwrap();
    let scene = Scene::with(Settings {
        memory_bytes_max: header.memory_bytes * 3 / 2,
        ..Settings::default()
    })
    .await;
    let items = join_all(photos.iter().map(|bytes| scene.upload(bytes))).await;
    let items: Vec<_> = items.into_iter().map(Result::unwrap).collect();
    let done = join_all(items.iter().map(|item| scene.process(item.media()))).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let ids = items.iter().map(|item| item.id).collect();
    let request = GetMediaRequest { ids };
    let ready = scene
        .media
        .get_media(&context(), request)
        .await
        .unwrap()
        .items;
    assert!(
        ready.len() == 12
            && ready
                .iter()
                .all(business_media_gateway::MediaItem::is_ready)
    );
    assert_eq!(scene.events(topics::READY).await.len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_bound_of_waiting_photos_holds_against_uploads_at_once() {
    let scene = Scene::with(Settings {
        unattached_items_max: 3,
        ..Settings::default()
    })
    .await;
    let photos: Vec<Vec<u8>> = (0..10).map(photo).collect();
    let uploads = join_all(photos.iter().map(|bytes| scene.upload(bytes))).await;
    assert_eq!(uploads.iter().filter(|upload| upload.is_ok()).count(), 3);
    assert_eq!(scene.files().len(), 3, "the refused left nothing");
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_writes").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_photo_is_never_lost_to_the_deletion_of_its_duplicate() {
    let scene = Arc::new(Scene::new().await);
    let bytes = photo(1);
    let key = BlobKey::of(&bytes);
    let mut held = scene.ready(OWNER, &bytes).await;
    for round in 0..25 {
        let holder = format!("post:{round}");
        scene.attach(OWNER, &[held.id], &holder).await.unwrap();
        let deleting = tokio::spawn({
            let scene = Arc::clone(&scene);
            async move { scene.release(&holder).await }
        });
        let next = scene.upload(&bytes).await.unwrap();
        scene.process(next.media()).await.unwrap();
        assert_eq!(deleting.await.unwrap(), 1);
        held = scene.get(next.id).await.unwrap();
        assert!(held.is_ready(), "round {round}: {held:?}");
        assert!(
            scene.store.exists(key).await.unwrap(),
            "round {round}: the original"
        );
        for rendition in &held.renditions {
            scene.read(&rendition.key, 0, 0).await.unwrap();
        }
    }
    scene.attach(OWNER, &[held.id], "post:last").await.unwrap();
    scene.release("post:last").await;
    scene.core.sweep().await.unwrap();
    assert!(scene.files().is_empty());
}
