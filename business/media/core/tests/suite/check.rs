//! The check of the blobs finds what a disk, a crash or a person did to them, and mends it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use business_media_gateway::{
    CheckFinding, CheckMediaRequest, CheckSummary, MediaItem, MediaState,
    WaitUntilProcessedRequest, check_progress::Step, topics,
};
use bytes::Bytes;
use futures::StreamExt as _;
use infra_blob::{BlobKey, BlobStore as _, Stored};

use crate::scene::{OWNER, Scene, context, noise, photo, picture};

const TWO_HOURS: Duration = Duration::from_secs(7_200);

#[derive(Debug)]
struct Report {
    findings: Vec<CheckFinding>,
    summary: CheckSummary,
}

impl Report {
    fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self.findings.iter().map(|one| one.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds
    }

    fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn all_repaired(&self) -> bool {
        self.findings.iter().all(|finding| finding.repaired)
    }
}

impl Scene {
    async fn check_with(&self, request: CheckMediaRequest) -> Report {
        let mut steps = self.media.check_media(&context(), request).await.unwrap();
        let (mut findings, mut last) = (Vec::new(), CheckSummary::default());
        while let Some(step) = steps.next().await {
            match step.unwrap().step.unwrap() {
                Step::Finding(finding) => findings.push(finding),
                Step::Summary(summary) => last = summary,
            }
        }
        assert!(last.done, "{last:?}");
        assert_eq!(last.findings, findings.len() as u64);
        Report {
            findings,
            summary: last,
        }
    }

    async fn check(&self) -> Report {
        self.check_with(CheckMediaRequest {
            repair: false,
            read_bytes: true,
        })
        .await
    }

    async fn repair(&self) -> Report {
        self.check_with(CheckMediaRequest {
            repair: true,
            read_bytes: true,
        })
        .await
    }

    async fn quick_check(&self) -> Report {
        self.check_with(CheckMediaRequest::default()).await
    }

    /// A photo that a post shows, with renditions that differ.
    async fn shown(&self) -> (MediaItem, Vec<u8>) {
        let bytes = testing_kit::jpeg::encode(&noise(1_500, 1_200), 85);
        let item = self.ready(OWNER, &bytes).await;
        self.attach(OWNER, &[item.id], "post:1").await.unwrap();
        (self.get(item.id).await.unwrap(), bytes)
    }

    fn file(&self, key: &str) -> PathBuf {
        let name = key.strip_suffix(".jpg").unwrap_or(key);
        let folder = self.folder.path().join("blobs");
        folder.join(&name[..2]).join(&name[2..4]).join(name)
    }

    fn flip_a_bit(&self, key: &str) {
        let mut bytes = fs::read(self.file(key)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(self.file(key), bytes).unwrap();
    }

    /// A part of an upload, as one that is under way leaves it.
    async fn begin_upload(&self, upload: i64, part: &Stored) {
        let (key, bytes) = (part.key.to_string(), part.bytes.cast_signed());
        self.change(
            "INSERT INTO upload_sessions (id, owner_id, bytes, position, description, metadata, expires_at, media_id)
             VALUES ($1, 7, 1000, $3, '', '', 0, 0)",
            (upload, key.clone(), bytes),
        )
        .await;
        self.change(
            "INSERT INTO upload_parts (upload_id, position, key, bytes) VALUES ($1, 0, $2, $3)",
            (upload, key, bytes),
        )
        .await;
    }

    /// Another form of the grid, as it is when it was made.
    async fn add_alternate(&self, id: u64, stored: &Stored) {
        self.change(
            "INSERT INTO alternates (media_id, name, content_type, key, bytes) VALUES ($1, 'grid', 'image/webp', $2, $3)",
            (id.cast_signed(), stored.key.to_string(), stored.bytes.cast_signed()),
        )
        .await;
    }

    /// Every rendition is served, and is what its name says.
    async fn assert_served(&self, item: &MediaItem) {
        assert!(item.is_ready(), "{item:?}");
        assert_eq!(item.renditions.len(), 3, "{item:?}");
        for rendition in &item.renditions {
            let (_, bytes) = self.read(&rendition.key, 0, 0).await.unwrap();
            assert_eq!(format!("{}.jpg", BlobKey::of(&bytes)), rendition.key);
        }
    }
}

fn key_of(item: &MediaItem, name: &str) -> String {
    item.rendition(name).unwrap().key.clone()
}

#[tokio::test]
async fn a_place_where_nothing_is_wrong_is_clean() {
    let scene = Scene::new().await;
    assert!(scene.check().await.is_clean());
    let (_, original) = scene.shown().await;
    scene.ready(OWNER, &photo(1)).await;
    scene.upload(&photo(2)).await.unwrap();
    let report = scene.check().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.summary.items, 3);
    assert_eq!(report.summary.blobs, scene.files().len() as u64);
    assert!(report.summary.bytes_read > original.len() as u64);
    let quick = scene.quick_check().await;
    assert!(quick.is_clean(), "{quick:?}");
    assert_eq!(quick.summary.bytes_read, 0);
}

#[tokio::test]
async fn damaged_and_missing_renditions_are_made_again_and_stay_the_same() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    // What a reader had in the cache before must not stand in for what is on disk.
    scene.assert_served(&item).await;
    scene.flip_a_bit(&key_of(&item, "grid"));
    fs::remove_file(scene.file(&key_of(&item, "full"))).unwrap();
    assert_eq!(
        scene.check().await.kinds(),
        ["damaged_rendition", "missing_rendition"]
    );
    let quick = scene.quick_check().await;
    assert_eq!(
        quick.kinds(),
        ["missing_rendition"],
        "a flipped bit has no length"
    );
    assert_eq!(scene.check().await.summary.repaired, 0);

    let report = scene.repair().await;
    assert!(report.all_repaired(), "{report:?}");
    assert_eq!(report.summary.repaired, 2);
    assert!(scene.check().await.is_clean());
    let mended = scene.get(item.id).await.unwrap();
    assert_eq!(mended.renditions, item.renditions, "the same addresses");
    assert!(mended.revision > item.revision);
    scene.assert_served(&mended).await;
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean(), "nothing of it was swept");
    scene.release("post:1").await;
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_found_without_reading_it() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    let file = fs::File::options()
        .write(true)
        .open(scene.file(&key_of(&item, "feed")))
        .unwrap();
    file.set_len(100).unwrap();
    assert_eq!(scene.quick_check().await.kinds(), ["damaged_rendition"]);
    let request = CheckMediaRequest {
        repair: true,
        read_bytes: false,
    };
    assert!(scene.check_with(request).await.all_repaired());
    assert!(scene.check().await.is_clean());
    scene
        .assert_served(&scene.get(item.id).await.unwrap())
        .await;
}

#[tokio::test]
async fn a_photo_whose_original_is_lost_is_shown_as_before() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    let key = BlobKey::of(&original).to_string();
    let lost = "SELECT COUNT(*) FROM media WHERE original_lost";
    scene.flip_a_bit(&key);
    assert_eq!(scene.check().await.kinds(), ["damaged_original"]);
    assert_eq!(scene.count(lost).await, 0);
    assert!(scene.repair().await.all_repaired());
    assert_eq!(scene.count(lost).await, 1);
    scene
        .assert_served(&scene.get(item.id).await.unwrap())
        .await;
    assert!(scene.check().await.is_clean(), "a loss that is known");
    assert!(scene.quick_check().await.is_clean());

    // Put back from a backup, it is taken back.
    fs::write(scene.file(&key), &original).unwrap();
    assert_eq!(scene.check().await.kinds(), ["original_back"]);
    assert!(scene.repair().await.all_repaired());
    assert_eq!(scene.count(lost).await, 0);
    assert!(scene.check().await.is_clean());
}

#[tokio::test]
async fn without_its_original_a_rendition_is_made_from_a_larger_one() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    fs::remove_file(scene.file(&BlobKey::of(&original).to_string())).unwrap();
    scene.flip_a_bit(&key_of(&item, "grid"));
    let report = scene.repair().await;
    assert!(report.all_repaired(), "{report:?}");
    assert_eq!(report.kinds(), ["damaged_rendition", "missing_original"]);
    let mended = scene.get(item.id).await.unwrap();
    scene.assert_served(&mended).await;
    assert_eq!(key_of(&mended, "full"), key_of(&item, "full"));
    let (grid, was) = (
        mended.rendition("grid").unwrap(),
        item.rendition("grid").unwrap(),
    );
    assert_eq!((grid.width, grid.height), (was.width, was.height));
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
}

#[tokio::test]
async fn a_photo_of_which_nothing_is_left_fails_and_says_so() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    let keys = item
        .renditions
        .iter()
        .map(|rendition| rendition.key.clone());
    for key in keys.chain([BlobKey::of(&original).to_string()]) {
        fs::remove_file(scene.file(&key)).unwrap();
    }
    let report = scene.repair().await;
    assert!(report.all_repaired(), "{report:?}");
    assert_eq!(report.findings.len(), 4);
    let lost = scene.get(item.id).await.unwrap();
    assert_eq!(lost.state(), MediaState::Failed);
    assert!(lost.failure.contains("lost"), "{}", lost.failure);
    assert_eq!(scene.events(topics::FAILED).await.len(), 1);
    assert!(scene.repair().await.is_clean());
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
}

#[tokio::test]
async fn an_upload_whose_file_is_gone_before_a_worker_came_fails() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.flip_a_bit(&BlobKey::of(&photo(1)).to_string());
    assert_eq!(scene.check().await.kinds(), ["damaged_original"]);
    assert!(scene.repair().await.all_repaired());
    let lost = scene.get(item.id).await.unwrap();
    assert_eq!(lost.state(), MediaState::Failed);
    scene.core.sweep().await.unwrap();
    assert!(scene.files().is_empty());
    assert!(scene.check().await.is_clean());
}

#[tokio::test]
async fn a_ready_photo_without_its_whole_ladder_is_finished() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    scene
        .change(
            "DELETE FROM renditions WHERE name = 'feed'",
            Default::default(),
        )
        .await;
    let report = scene.check().await;
    assert_eq!(report.kinds(), ["orphan_blob", "unfinished"]);
    assert!(scene.repair().await.all_repaired());
    let fresh = scene.get(item.id).await.unwrap();
    assert_eq!(fresh.renditions, item.renditions);
    scene.core.sweep().await.unwrap();
    scene.assert_served(&fresh).await;
    assert!(scene.check().await.is_clean());
}

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
    fs::write(&half, b"ha").unwrap();
    let stranger = scene.folder.path().join("blobs/holiday.jpg");
    fs::write(&stranger, b"mine").unwrap();

    let report = scene.check().await;
    assert_eq!(report.kinds(), ["orphan_blob", "stranger"], "{report:?}");
    let report = scene.repair().await;
    assert_eq!(report.summary.repaired, 1);
    assert!(
        scene.store.exists(BlobKey::of(b"orphan")).await.unwrap(),
        "only queued"
    );
    assert_eq!(scene.repair().await.kinds(), ["stranger"]);
    assert_eq!(scene.core.sweep().await.unwrap().blobs, 1);
    assert!(scene.store.exists(being_written).await.unwrap());
    assert!(stranger.exists(), "nobody's file is deleted");

    // Its writer is gone: what it has written is an orphan like any other.
    scene.pass(TWO_HOURS);
    assert_eq!(scene.check().await.kinds(), ["orphan_blob", "stranger"]);
    scene.repair().await;
    scene.core.sweep().await.unwrap();
    fs::remove_file(stranger).unwrap();
    fs::remove_file(half).unwrap();
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
    let twin = scene.upload(&original).await.unwrap();
    let stored = scene
        .store
        .put(Bytes::from_static(b"smaller"))
        .await
        .unwrap();
    for id in [item.id, twin.id] {
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
        "its twin's is gone with it"
    );
    assert!(report.all_repaired());
    assert!(scene.check().await.is_clean());
    assert_eq!(scene.count("SELECT COUNT(*) FROM alternate_jobs").await, 2);
    scene.core.sweep().await.unwrap();
    assert!(!scene.store.exists(stored.key).await.unwrap());
    scene.assert_served(&item).await;
}

#[tokio::test]
async fn a_full_disk_while_mending_leaves_the_photo_as_it_was() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    scene.flip_a_bit(&key_of(&item, "grid"));
    scene.store.fail_to_keep(true);
    let request = CheckMediaRequest {
        repair: true,
        read_bytes: true,
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
async fn the_same_photo_uploaded_again_mends_the_stored_one() {
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

/// How many upload and delete at once beside a check, and how often each.
const BUSY: u64 = 4;
const BUSY_ROUNDS: u32 = 60;

/// Some contents come and go again and again, in every account.
async fn come_and_go(scene: Arc<Scene>, owner: u64) {
    for round in 0..BUSY_ROUNDS {
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
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_check_beside_uploads_and_deletions_finds_nothing_false() {
    let scene = Arc::new(Scene::new().await);
    let kept = scene.shown().await.0;
    scene.store.be_slow();
    let busy: Vec<_> = (1..=BUSY)
        .map(|owner| tokio::spawn(come_and_go(Arc::clone(&scene), owner)))
        .collect();
    let mut checks = 0;
    while busy.iter().any(|one| !one.is_finished()) {
        let report = scene
            .check_with(CheckMediaRequest {
                repair: checks % 2 == 0,
                read_bytes: checks % 4 < 2,
            })
            .await;
        assert!(report.is_clean(), "check {checks}: {report:?}");
        checks += 1;
    }
    assert!(checks > 1);
    for one in busy {
        one.await.unwrap();
    }
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
    scene.assert_served(&kept).await;
    assert_eq!(scene.count("SELECT COUNT(*) FROM media").await, 1);
}
