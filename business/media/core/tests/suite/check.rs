//! The check of the blobs finds what became of photos' files, and repairs it.

use business_media::Settings;
use business_media_gateway::{CheckMediaRequest, MediaState, topics};
use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore as _};
use infra_kernel::ErrorCode;

use crate::checking::key_of;
use crate::originals::read_original;
use crate::scene::{OWNER, Scene, code, photo};

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
    scene.remove(&key_of(&item, "full"));
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
    let repaired_item = scene.get(item.id).await.unwrap();
    assert_eq!(
        repaired_item.renditions, item.renditions,
        "the same addresses"
    );
    assert!(repaired_item.revision > item.revision);
    scene.assert_served(&repaired_item).await;
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean(), "nothing of it was swept");
    scene.release("post:1").await;
    assert!(scene.files().is_empty(), "{:?}", scene.files());
}

#[tokio::test]
async fn a_photo_that_needs_more_memory_than_there_is_stops_no_repair_of_others() {
    if !testing_databases::are_files() {
        return;
    }
    let scene = Scene::new().await;
    let (first, _) = scene.shown().await;
    let second = scene.ready(OWNER, &photo(1)).await;
    for item in [&first, &second] {
        scene.flip_a_bit(&key_of(item, "grid"));
    }
    // An earlier version thought that the second needed more, too.
    let needs = "UPDATE media SET memory_bytes = $1 WHERE id = $3 AND $2 = ''";
    let id = second.id.cast_signed();
    scene.change(needs, (1 << 40, String::new(), id)).await;
    // A restart with less memory.
    let settings = Settings {
        memory_bytes_max: 12 * 1024 * 1024,
        ..Settings::default()
    };
    let scene = Scene::on(scene.folder, scene.clock, settings).await;
    let report = scene.repair().await;
    let repaired: Vec<(u64, bool)> = report
        .findings
        .iter()
        .map(|finding| (finding.media_id, finding.repaired))
        .collect();
    assert!(repaired.contains(&(first.id, false)), "{report:?}");
    assert!(repaired.contains(&(second.id, true)), "{report:?}");
    assert_eq!(report.summary.items, 2);
    scene.assert_served(&second).await;
    assert!(scene.get(first.id).await.unwrap().is_ready());
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_found_without_reading_it() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    let file = scene.file(&key_of(&item, "feed"));
    let whole = scene.blobs.read(&file);
    scene.blobs.write(&file, &whole[..100]);
    assert_eq!(scene.quick_check().await.kinds(), ["damaged_rendition"]);
    let request = CheckMediaRequest {
        repair: true,
        read_bytes: false,
        ..CheckMediaRequest::default()
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
    let refused = read_original(&scene, &item, true, (0, 0)).await;
    assert_eq!(code(refused), ErrorCode::Gone);
    let (header, _) = read_original(&scene, &item, false, (0, 0)).await.unwrap();
    assert!(
        key_of(&item, "full").starts_with(&header.hash),
        "{header:?}"
    );
    assert!(scene.check().await.is_clean(), "a loss that is known");
    assert!(scene.quick_check().await.is_clean());

    // Put back from a backup, it is taken back.
    scene.blobs.write(&scene.file(&key), &original);
    assert_eq!(scene.check().await.kinds(), ["original_back"]);
    assert!(scene.repair().await.all_repaired());
    assert_eq!(scene.count(lost).await, 0);
    assert!(scene.check().await.is_clean());
    read_original(&scene, &item, true, (0, 0)).await.unwrap();
}

#[tokio::test]
async fn without_its_original_a_rendition_is_made_from_a_larger_one() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    scene.remove(&BlobKey::of(&original).to_string());
    scene.flip_a_bit(&key_of(&item, "grid"));
    let report = scene.repair().await;
    assert!(report.all_repaired(), "{report:?}");
    assert_eq!(report.kinds(), ["damaged_rendition", "missing_original"]);
    let repaired_item = scene.get(item.id).await.unwrap();
    scene.assert_served(&repaired_item).await;
    assert_eq!(key_of(&repaired_item, "full"), key_of(&item, "full"));
    let (grid, was) = (
        repaired_item.rendition("grid").unwrap(),
        item.rendition("grid").unwrap(),
    );
    assert_eq!((grid.width, grid.height), (was.width, was.height));
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
}

#[tokio::test]
async fn an_animation_of_which_only_stills_are_left_goes_on_as_a_still() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    let moving = scene
        .store
        .put(Bytes::from_static(b"GIF89a"))
        .await
        .unwrap();
    scene.add_animation(item.id, &moving).await;
    assert!(scene.check().await.is_clean());
    scene.flip_a_bit(&moving.key.to_string());
    // This original is no animation, so it gives none back.
    assert_eq!(scene.repair().await.summary.repaired, 0);
    scene.remove(&BlobKey::of(&original).to_string());
    let report = scene.repair().await;
    assert!(report.all_repaired(), "{report:?}");
    assert_eq!(report.kinds(), ["damaged_rendition", "missing_original"]);
    let still = scene.get(item.id).await.unwrap();
    assert_eq!(still.animation, None);
    scene.assert_served(&still).await;
    scene.core.sweep().await.unwrap();
    assert!(scene.check().await.is_clean());
}

#[tokio::test]
async fn a_photo_of_which_nothing_is_left_fails_and_says_so() {
    let scene = Scene::new().await;
    let (item, original) = scene.shown().await;
    scene.ready(OWNER, &photo(9)).await;
    let keys = item
        .renditions
        .iter()
        .map(|rendition| rendition.key.clone());
    for key in keys.chain([BlobKey::of(&original).to_string()]) {
        scene.remove(&key);
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
async fn nothing_is_given_up_where_no_file_is_there() {
    let scene = Scene::new().await;
    let (item, _) = scene.shown().await;
    let mut taken_away = Vec::new();
    for file in scene.files() {
        let content = scene.blobs.read(&file);
        scene.blobs.remove(&file);
        taken_away.push((file, content));
    }
    let request = CheckMediaRequest {
        repair: true,
        read_bytes: false,
        ..CheckMediaRequest::default()
    };
    let refused = scene.try_to_check_with(request).await;
    assert_eq!(code(refused), ErrorCode::Unavailable);
    assert!(scene.get(item.id).await.unwrap().is_ready());

    for (file, content) in &taken_away {
        scene.blobs.write(file, content);
    }
    assert!(scene.repair().await.is_clean());
    scene.assert_served(&item).await;
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
