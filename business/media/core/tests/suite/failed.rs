//! What an operator does about items that have failed.

use std::time::Duration;

use business_media_gateway::{
    DropFailedRequest, FailedItem, ListFailedReply, ListFailedRequest, MediaItem, MediaState,
    RetryFailedRequest, topics,
};
use infra_kernel::{ErrorCode, Result};
use testing_kit::png;

use crate::scene::{OWNER, Scene, code, context, photo, picture};

/// A picture that has a header and no end.
fn half(number: u8) -> Vec<u8> {
    let whole = png::encode(&picture(300, 200, number));
    whole[..whole.len() / 2].to_vec()
}

impl Scene {
    pub(crate) async fn list_failed(&self, before_id: u64, limit: u32) -> ListFailedReply {
        let request = ListFailedRequest { before_id, limit };
        self.media.list_failed(&context(), request).await.unwrap()
    }

    async fn failed(&self, before_id: u64, limit: u32) -> Vec<FailedItem> {
        self.list_failed(before_id, limit).await.items
    }

    pub(crate) async fn retry(&self, id: u64) -> Result<MediaItem> {
        self.media
            .retry_failed(&context(), RetryFailedRequest { id })
            .await
    }

    async fn drop_failed(&self, id: u64) -> bool {
        let request = DropFailedRequest { id };
        self.media
            .drop_failed(&context(), request)
            .await
            .unwrap()
            .dropped
    }

    /// A picture that has a header and no end, processed.
    async fn broken(&self, number: u8) -> MediaItem {
        let item = self.upload(&half(number)).await.unwrap();
        self.process(item.media()).await.unwrap();
        let item = self.get(item.id).await.unwrap();
        assert_eq!(item.state(), MediaState::Failed, "{item:?}");
        item
    }
}

fn ids(failed: &[FailedItem]) -> Vec<u64> {
    let items = failed.iter().map(|failed| failed.item.as_ref().unwrap());
    items.map(|item| item.id).collect()
}

#[tokio::test]
async fn what_failed_is_listed_newest_first_in_pages() {
    let scene = Scene::new().await;
    scene.ready(OWNER, &photo(9)).await;
    let mut expected = Vec::new();
    for number in 0..3 {
        expected.insert(0, scene.broken(number).await.id);
    }
    let listed = scene.failed(0, 500).await;
    assert_eq!(ids(&listed), expected);
    assert_eq!(ids(&scene.failed(0, 2).await), expected[..2]);
    assert_eq!(ids(&scene.failed(expected[1], 2).await), expected[2..]);
    assert!(scene.failed(0, 0).await.is_empty());
    for failed in listed {
        let item = failed.item.unwrap();
        assert!(failed.failed_at_us >= item.created_at_us);
        assert!(failed.attempts >= 1);
        assert!(failed.has_original, "it can be looked into");
        assert!(!failed.cause.is_empty());
        assert_eq!(item.failure_code, "broken");
        assert!(item.failure.ends_with('.'), "{}", item.failure);
    }
}

#[tokio::test]
async fn what_is_tried_again_waits_for_a_worker_as_if_it_were_new() {
    let scene = Scene::new().await;
    let broken = scene.broken(1).await;
    let announced = scene.events(topics::UPLOADED).await.len();
    let waiting = scene.retry(broken.id).await.unwrap();
    assert_eq!(waiting.state(), MediaState::Uploaded);
    assert!(waiting.failure.is_empty() && waiting.failure_code.is_empty());
    assert_eq!(scene.events(topics::UPLOADED).await.len(), announced + 1);
    assert!(scene.failed(0, 10).await.is_empty());
    assert_eq!(code(scene.retry(broken.id).await), ErrorCode::Conflict);
    // It is as broken as before.
    scene.process(broken.media()).await.unwrap();
    assert_eq!(ids(&scene.failed(0, 10).await), [broken.id]);
    let ready = scene.ready(OWNER, &photo(2)).await;
    assert_eq!(code(scene.retry(ready.id).await), ErrorCode::Conflict);
    assert_eq!(code(scene.retry(4711).await), ErrorCode::NotFound);
}

#[tokio::test]
async fn what_has_lost_its_file_is_not_tried_again() {
    let scene = Scene::new().await;
    let broken = scene.broken(1).await;
    for file in scene.files() {
        scene.blobs.remove(&file);
    }
    assert_eq!(code(scene.retry(broken.id).await), ErrorCode::Gone);
    assert_eq!(ids(&scene.failed(0, 10).await), [broken.id]);
}

#[tokio::test]
async fn what_is_dropped_is_gone_bytes_and_all_and_nothing_else_is() {
    let scene = Scene::new().await;
    let kept = scene.ready(OWNER, &photo(9)).await;
    let broken = scene.broken(1).await;
    assert!(scene.drop_failed(broken.id).await);
    assert!(!scene.drop_failed(broken.id).await);
    assert!(!scene.drop_failed(kept.id).await, "it has not failed");
    assert!(scene.get(broken.id).await.is_none());
    scene.core.sweep().await.unwrap();
    assert!(scene.get(kept.id).await.is_some());
    assert_eq!(scene.events(topics::DELETED).await.len(), 1);
    scene.attach(OWNER, &[kept.id], "post:1").await.unwrap();
    scene.release("post:1").await;
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[tokio::test]
async fn a_failed_photo_can_be_dropped_although_a_post_shows_it() {
    let scene = Scene::new().await;
    let item = scene.upload(&half(1)).await.unwrap();
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.process(item.media()).await.unwrap();
    assert!(scene.drop_failed(item.id).await);
    assert_eq!(scene.release("post:1").await, 0);
    scene.core.sweep().await.unwrap();
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn what_is_tried_again_after_days_has_time_to_be_used() {
    let scene = Scene::new().await;
    let broken = scene.broken(1).await;
    scene.pass(Duration::from_secs(3 * 24 * 3_600));
    scene.retry(broken.id).await.unwrap();
    scene.core.sweep().await.unwrap();
    let waiting = scene.get(broken.id).await.unwrap();
    assert_eq!(waiting.state(), MediaState::Uploaded);
    scene.pass(Duration::from_secs(26 * 3_600));
    scene.core.sweep().await.unwrap();
    assert!(
        scene.get(broken.id).await.is_none(),
        "a day later nobody wants it"
    );
}
