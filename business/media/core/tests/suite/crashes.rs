//! What a crash between two steps leaves is found and repaired by the sweeper.

use std::sync::atomic::Ordering;
use std::time::Duration;

use business_media::Settings;
use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore as _};
use infra_db::DbError;
use infra_kernel::Clock as _;

use crate::scene::{OWNER, Scene, code, photo};

const TWO_HOURS: Duration = Duration::from_secs(7_200);

impl Scene {
    /// What a process leaves that dies after it noted a blob: the note, and the bytes if it came so
    /// far.
    pub(crate) async fn leave_note(&self, id: i64, key: BlobKey) {
        let now = self.clock.now().microseconds();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    infra_db::query(
                        "INSERT INTO blob_writes (id, key, noted_at) VALUES ($1, $2, $3)",
                    )
                    .bind(id)
                    .bind(key.to_string())
                    .bind(now)
                    .execute(connection)
                    .await?;
                    Ok::<_, DbError>(())
                })
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_blob_that_was_put_and_never_used_is_deleted() {
    let scene = Scene::new().await;
    scene.leave_note(1, BlobKey::of(b"lost")).await;
    scene.store.put(Bytes::from_static(b"lost")).await.unwrap();
    scene.leave_note(2, BlobKey::of(b"never put")).await;
    assert_eq!(
        scene.core.sweep().await.unwrap().blobs,
        0,
        "its writer may still be at it"
    );
    scene.pass(TWO_HOURS);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 2);
    scene.assert_empty("a crash after a put").await;
}

#[tokio::test]
async fn a_crash_alongside_a_photo_of_the_same_content_does_not_harm_it() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.leave_note(1, BlobKey::of(&photo(1))).await;
    scene.pass(TWO_HOURS);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 0);
    assert!(scene.store.exists(BlobKey::of(&photo(1))).await.unwrap());
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_writes").await, 0);
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_deletions").await, 0);
    scene.release("post:1").await;
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn bytes_that_could_not_be_deleted_are_unreadable_and_deleted_later() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.store.fail_to_delete(true);
    assert_eq!(scene.release("post:1").await, 1);
    assert!(!scene.files().is_empty());
    for rendition in &item.renditions {
        let refused = scene.read(&rendition.key, 0, 0).await;
        assert_eq!(code(refused), infra_kernel::ErrorCode::NotFound);
    }
    // The process dies, and another one starts on the same folder.
    let Scene {
        folder,
        clock,
        database,
        ..
    } = scene;
    database.close().await;
    let scene = Scene::on(folder, clock, Settings::default()).await;
    assert!(scene.core.sweep().await.unwrap().blobs >= 2);
    assert!(scene.files().is_empty());
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_deletions").await, 0);
}

#[tokio::test]
async fn bytes_that_cannot_be_deleted_do_not_hold_up_those_that_can() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.store.fail_to_delete(true);
    scene.release("post:1").await;
    let earliest = "SELECT MIN(queued_at) FROM blob_deletions";
    let (queued_at, now) = (scene.count(earliest).await, scene.clock.now());
    assert_eq!(queued_at, now.microseconds());
    scene.pass(TWO_HOURS);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 0);
    let now = scene.clock.now();
    assert_eq!(scene.count(earliest).await, now.microseconds());
}

#[tokio::test]
async fn the_same_photo_can_be_uploaded_again_while_its_deletion_hangs() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.store.fail_to_delete(true);
    scene.release("post:1").await;
    let bytes = photo(1);
    let (again, ()) = tokio::join!(scene.upload(&bytes), async {
        scene.store.fail_to_delete(false);
        scene.core.sweep().await.unwrap();
    });
    let again = again.unwrap();
    scene.process(again.media()).await.unwrap();
    let again = scene.get(again.id).await.unwrap();
    assert!(again.is_ready(), "{again:?}");
    scene.core.sweep().await.unwrap();
    for rendition in &again.renditions {
        scene.read(&rendition.key, 0, 0).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_is_away_refuses_at_once_and_then_takes_the_same_photos() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    let blobs = scene.files().len();
    scene.store.be_away(true);
    let refused = scene.upload(&photo(2)).await.unwrap_err();
    assert_eq!(refused.code(), infra_kernel::ErrorCode::Unavailable);
    assert!(refused.retry_after().is_some(), "{refused:?}");
    let asked = || scene.store.faults.deletions_away.load(Ordering::SeqCst);
    assert_eq!(asked(), 0, "it waits for the store a second time");
    // The first of several files that could not be deleted is the last that is asked for.
    assert_eq!(scene.release("post:1").await, 1);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 0);
    assert_eq!(asked(), 2);
    assert_eq!(scene.files().len(), blobs);
    scene.store.be_away(false);
    // Nobody has swept yet: neither of them waits for that.
    for number in [2, 1] {
        let item = scene.upload(&photo(number)).await.unwrap();
        scene.process(item.media()).await.unwrap();
        assert!(scene.get(item.id).await.unwrap().is_ready());
        scene.core.sweep().await.unwrap();
        for rendition in &scene.get(item.id).await.unwrap().renditions {
            scene.read(&rendition.key, 0, 0).await.unwrap();
        }
    }
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_deletions").await, 0);
}

#[tokio::test]
async fn bytes_that_arrive_after_their_upload_was_refused_are_no_orphan_and_go() {
    let scene = Scene::new().await;
    let bytes = Bytes::from(photo(1));
    scene.store.leave_unanswered(true);
    let refused = scene.upload(&bytes).await.unwrap_err();
    assert_eq!(refused.code(), infra_kernel::ErrorCode::Unavailable);
    scene.store.leave_unanswered(false);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 0);
    scene.store.put(bytes.clone()).await.unwrap();
    let report = scene.check().await;
    assert!(report.is_clean(), "{report:?}");
    // The same photo is taken meanwhile; once it is deleted, its bytes go with what arrived.
    let item = scene.ready(OWNER, &bytes).await;
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    scene.release("post:1").await;
    scene.pass(TWO_HOURS);
    scene.core.sweep().await.unwrap();
    assert_eq!(scene.files().len(), 0);
    assert!(scene.check().await.is_clean());
}
