//! What the check finds beside photos, and what it does beside others who are at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use business_media_gateway::{CheckMediaRequest, WaitUntilProcessedRequest};
use bytes::Bytes;
use futures::StreamExt as _;
use infra_blob::{BlobKey, BlobStore as _};

use crate::checking::key_of;
use crate::scene::{OWNER, Scene, context, picture};

const TWO_HOURS: Duration = Duration::from_secs(7_200);

#[tokio::test]
async fn what_nothing_uses_is_queued_and_swept_and_what_is_being_written_is_not() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    let kept = scene.files().len();
    scene
        .store
        .put(Bytes::from_static(b"orphan"))
        .await
        .unwrap();
    let being_written = BlobKey::of(b"being written");
    scene.leave_note(1, being_written).await;
    scene
        .store
        .put(Bytes::from_static(b"being written"))
        .await
        .unwrap();
    // What a dead process left half-written has no name, and goes when the store is next opened.
    let half = scene.folder.path().join("blobs/incoming/half");
    scene.blobs.write(&half, b"ha");
    let foreign_file = scene.folder.path().join("blobs/holiday.jpg");
    scene.blobs.write(&foreign_file, b"mine");

    let report = scene.check().await;
    assert_eq!(
        report.kinds(),
        ["foreign_file", "orphan_blob"],
        "{report:?}"
    );
    let report = scene.repair().await;
    assert_eq!(report.summary.repaired, 1);
    assert!(
        scene.store.exists(BlobKey::of(b"orphan")).await.unwrap(),
        "only queued"
    );
    assert_eq!(scene.repair().await.kinds(), ["foreign_file"]);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 1);
    assert!(scene.store.exists(being_written).await.unwrap());
    let kept_file = scene.blobs.read(&foreign_file);
    assert_eq!(kept_file, b"mine", "nobody's file is deleted");

    // Its writer is gone: what it has written is an orphan like any other.
    scene.pass(TWO_HOURS);
    assert_eq!(scene.check().await.kinds(), ["foreign_file", "orphan_blob"]);
    scene.repair().await;
    scene.core.sweep().await.unwrap();
    scene.blobs.remove(&foreign_file);
    scene.blobs.remove(&half);
    assert!(scene.check().await.is_clean());
    assert_eq!(scene.files().len(), kept);
    scene.assert_served(&item).await;
}

#[tokio::test]
async fn a_damaged_part_ends_its_upload_and_a_whole_one_is_no_orphan() {
    let scene = Scene::new().await;
    for (upload, content) in [(1, "part one"), (2, "part two")] {
        let stored = scene
            .store
            .put(Bytes::from_static(content.as_bytes()))
            .await
            .unwrap();
        scene.begin_upload(upload, &stored).await;
    }
    assert!(scene.check().await.is_clean());
    scene.flip_a_bit(&BlobKey::of(b"part one").to_string());
    assert_eq!(scene.check().await.kinds(), ["damaged_part"]);
    assert!(scene.repair().await.all_repaired());
    assert!(scene.check().await.is_clean());
    assert_eq!(scene.count("SELECT COUNT(*) FROM upload_sessions").await, 1);
    scene.core.sweep().await.unwrap();
    assert_eq!(scene.check().await.summary.blobs, 1);
}

#[tokio::test]
async fn a_damaged_alternate_is_dropped_everywhere_and_asked_for_again() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    let duplicate = scene.upload(&original).await.unwrap();
    let stored = scene
        .store
        .put(Bytes::from_static(b"smaller"))
        .await
        .unwrap();
    for id in [item.id, duplicate.id] {
        scene.add_alternate(id, &stored).await;
    }
    assert!(scene.check().await.is_clean());
    scene.flip_a_bit(&stored.key.to_string());
    assert_eq!(
        scene.check().await.kinds(),
        ["damaged_alternate", "damaged_alternate"]
    );
    let report = scene.repair().await;
    assert_eq!(
        report.kinds(),
        ["damaged_alternate"],
        "its duplicate's is gone with it"
    );
    assert!(report.all_repaired());
    assert!(scene.check().await.is_clean());
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternate_jobs").await, 2);
    scene.core.sweep().await.unwrap();
    assert!(!scene.store.exists(stored.key).await.unwrap());
    scene.assert_served(&item).await;
}

#[tokio::test]
async fn a_full_disk_while_repairing_leaves_the_photo_as_it_was() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    scene.flip_a_bit(&key_of(&item, "grid"));
    scene.store.fail_to_keep(true);
    let request = CheckMediaRequest {
        repair: true,
        read_bytes: true,
        ..CheckMediaRequest::default()
    };
    let steps = scene.media.check_media(&context(), request).await.unwrap();
    let steps: Vec<_> = steps.collect().await;
    assert!(steps.last().unwrap().is_err(), "{steps:?}");
    scene.store.fail_to_keep(false);
    assert_eq!(
        scene.get(item.id).await.unwrap().renditions,
        item.renditions
    );
    assert!(scene.repair().await.all_repaired());
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
    scene
        .assert_served(&scene.get(item.id).await.unwrap())
        .await;
}

#[tokio::test]
async fn the_same_photo_uploaded_again_repairs_the_stored_one() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    let key = BlobKey::of(&original).to_string();
    scene.flip_a_bit(&key);
    // Another account's copy is stored, over the damaged one.
    scene.upload_as(OWNER + 1, &original).await.unwrap();
    assert!(scene.check().await.is_clean());

    // The same account's is, too, once the loss is known.
    scene.flip_a_bit(&key);
    scene.repair().await;
    scene.upload(&original).await.unwrap();
    assert_eq!(scene.check().await.kinds(), ["original_back"]);
    assert!(scene.repair().await.all_repaired());
    assert!(scene.check().await.is_clean());
    scene.assert_served(&item).await;
}

/// How many upload and delete at once beside the checks.
const BUSY: u64 = 4;
/// How many checks are made beside them. One that would find what is false finds it in the first
/// twenty.
const CHECKS: u32 = 48;

/// Some contents come and go again and again, in every account, until this is over. Returns how
/// often.
async fn come_and_go(scene: Arc<Scene>, owner: u64, is_over: Arc<AtomicBool>) -> u32 {
    let mut round = 0;
    while !is_over.load(Ordering::SeqCst) {
        let number = u8::try_from(round % 3).unwrap();
        let bytes = testing_kit::jpeg::encode(&picture(24, 16, number), 85);
        let item = scene.upload_as(owner, &bytes).await.unwrap();
        // Another may have taken it to process it.
        scene.process(item.media()).await.unwrap();
        let request = WaitUntilProcessedRequest { id: item.id };
        let item = scene.media.wait_until_processed(&context(), request).await;
        let item = item.unwrap();
        assert!(item.is_ready(), "{item:?}");
        let holder = format!("post:{owner}:{round}");
        scene.attach(owner, &[item.id], &holder).await.unwrap();
        scene.release(&holder).await;
        round += 1;
    }
    round
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_check_during_uploads_and_deletions_finds_nothing_false() {
    let scene = Arc::new(Scene::new().await);
    let kept = scene.shown().await.0;
    scene.store.be_slow();
    let is_over = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (1..=BUSY)
        .map(|owner| tokio::spawn(come_and_go(scene.clone(), owner, is_over.clone())))
        .collect();
    for check in 0..CHECKS {
        let report = scene
            .check_with(CheckMediaRequest {
                repair: check % 2 == 0,
                read_bytes: check % 4 < 2,
                ..CheckMediaRequest::default()
            })
            .await;
        assert!(report.is_clean(), "check {check}: {report:?}");
    }
    is_over.store(true, Ordering::SeqCst);
    for one in busy {
        let rounds = one.await.unwrap();
        assert!(rounds > CHECKS / 8, "little happened: {rounds} rounds");
    }
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
    scene.assert_served(&kept).await;
    assert_eq!(scene.count("SELECT COUNT(*) FROM media").await, 1);
}
