//! What one account may use, and that the same file twice costs nothing.

use std::time::Duration;

use business_media::Settings;
use business_media_gateway::{GetCapabilitiesRequest, MediaReady, UploadHeader, topics};
use futures::{StreamExt as _, stream};
use infra_kernel::ErrorCode;
use tokio::sync::oneshot;

use crate::scene::{OWNER, Scene, context, photo, picture, whole};

#[tokio::test]
async fn bytes_are_bounded_and_come_back() {
    let sizes: Vec<u64> = (1..=3).map(|number| photo(number).len() as u64).collect();
    let scene = Scene::with(Settings {
        account_bytes_max: sizes[0] + sizes[1],
        ..Settings::default()
    })
    .await;
    let first = scene.ready(OWNER, &photo(1)).await;
    scene.ready(OWNER, &photo(2)).await;
    let refused = scene.upload(&photo(3)).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.field()),
        (ErrorCode::TooLarge, Some("file"))
    );
    assert!(
        refused.public().contains("0 bytes are left"),
        "{}",
        refused.public()
    );
    assert!(
        scene.upload_as(OWNER + 1, &photo(3)).await.is_ok(),
        "another's are another's"
    );
    scene.attach(OWNER, &[first.id], "post:1").await.unwrap();
    scene.release("post:1").await;
    assert_eq!(
        scene
            .upload(&photo(1))
            .await
            .map(|_| ())
            .map_err(|error| error.code()),
        Ok(())
    );
}

#[tokio::test]
async fn a_file_is_held_against_what_is_left() {
    let size = photo(1).len() as u64;
    let scene = Scene::with(Settings {
        account_bytes_max: size - 1,
        ..Settings::default()
    })
    .await;
    let refused = scene.upload(&photo(1)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TooLarge);
    assert!(
        refused.public().starts_with("This file has"),
        "{}",
        refused.public()
    );
    scene.assert_empty("a file beyond the quota").await;
    // It was received and looked at for nothing.
    let bytes = "SELECT CAST(SUM(bytes) AS BIGINT) FROM upload_hours WHERE owner_id = 7";
    assert_eq!(scene.count(bytes).await.cast_unsigned(), size);
    let uploads = "SELECT CAST(SUM(uploads) AS BIGINT) FROM upload_minutes WHERE owner_id = 7";
    assert_eq!(scene.count(uploads).await, 1);
    let billed = "SELECT COUNT(*) FROM processor_minutes WHERE owner_id = 7";
    assert_eq!(scene.count(billed).await, 1);
}

#[tokio::test]
async fn photos_are_bounded() {
    let scene = Scene::with(Settings {
        account_photos_max: 2,
        ..Settings::default()
    })
    .await;
    scene.ready(OWNER, &photo(1)).await;
    scene.upload(&photo(1)).await.unwrap();
    let refused = scene.upload(&photo(2)).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.field()),
        (ErrorCode::Invalid, Some("file"))
    );
    assert!(
        refused.public().contains("one account may have 2"),
        "{}",
        refused.public()
    );
}

#[tokio::test]
async fn the_rate_is_bounded_over_an_hour_whatever_becomes_of_the_photos() {
    let scene = Scene::with(Settings {
        uploads_per_hour_max: 2,
        ..Settings::default()
    })
    .await;
    let first = scene.upload(&photo(1)).await.unwrap();
    scene.attach(OWNER, &[first.id], "post:1").await.unwrap();
    scene.release("post:1").await;
    scene.pass(Duration::from_secs(20 * 60));
    scene.upload(&photo(2)).await.unwrap();
    let refused = scene.upload(&photo(3)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    let wait = refused.retry_after().unwrap();
    assert!(
        wait <= Duration::from_secs(41 * 60) && wait >= Duration::from_secs(39 * 60),
        "{wait:?}"
    );
    assert!(
        refused.public().contains("one account may upload 2"),
        "{}",
        refused.public()
    );
    scene.pass(wait);
    assert!(scene.upload(&photo(3)).await.is_ok());
    scene.pass(Duration::from_secs(7_200));
    scene.core.sweep().await.unwrap();
    assert_eq!(scene.count("SELECT COUNT(*) FROM upload_minutes").await, 0);
}

/// It begins as a photo does and is none, which only shows when its header is read.
fn broken() -> Vec<u8> {
    let mut file = photo(3)[..400].to_vec();
    file.resize(4_000, 0);
    file
}

#[tokio::test]
async fn files_that_are_refused_count_as_uploads() {
    let scene = Scene::with(Settings {
        uploads_per_hour_max: 2,
        ..Settings::default()
    })
    .await;
    for _ in 0..2 {
        let refused = scene.upload(&broken()).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Invalid);
        assert_eq!(refused.field(), Some("file"));
    }
    scene.assert_empty("files that were refused").await;
    let refused = scene.upload(&broken()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    assert!(scene.upload(&photo(1)).await.is_err(), "nor a good one");
    scene.upload_as(OWNER + 1, &photo(1)).await.unwrap();
    let bytes = "SELECT CAST(SUM(bytes) AS BIGINT) FROM upload_hours WHERE owner_id = 7";
    assert_eq!(scene.count(bytes).await, 8_000);
    let billed = "SELECT COUNT(*) FROM processor_minutes WHERE owner_id = 7";
    assert_eq!(scene.count(billed).await, 1);
    scene.pass(Duration::from_secs(3_700));
    scene.upload(&photo(1)).await.unwrap();
}

#[tokio::test]
async fn files_that_are_refused_late_while_they_arrive_count_too() {
    const MIB: usize = 1024 * 1024;
    let scene = Scene::with(Settings {
        upload_bytes_max: 2 * MIB as u64,
        ..Settings::default()
    })
    .await;
    let header = || UploadHeader {
        owner_id: OWNER,
        ..UploadHeader::default()
    };
    let file = |bytes| {
        let mut file = photo(1);
        file.resize(bytes, 0);
        file
    };
    let (count, bytes) = (
        "SELECT CAST(COALESCE(SUM(uploads), 0) AS BIGINT) FROM upload_minutes",
        "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM upload_hours",
    );
    // Cut off soon, it cost no more than any request.
    let mut soon = whole(header(), &file(MIB / 2));
    soon.pop();
    scene.upload_chunks(soon).await.unwrap_err();
    assert_eq!(scene.count(count).await, 0);
    let mut late = whole(header(), &file(2 * MIB));
    late.pop();
    scene.upload_chunks(late).await.unwrap_err();
    assert_eq!(scene.count(count).await, 1);
    let refused = scene.upload(&file(3 * MIB)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TooLarge);
    assert_eq!(scene.count(count).await, 2);
    assert!(scene.count(bytes).await > 2 * MIB as i64);
    scene.assert_empty("files that were refused").await;
}

#[tokio::test]
async fn what_is_refused_for_its_memory_counts_too_and_what_the_server_could_not_does_not() {
    let scene = Scene::with(Settings {
        uploads_per_hour_max: 1,
        memory_bytes_max: 12 * 1024 * 1024,
        ..Settings::default()
    })
    .await;
    scene.store.fail_to_keep(true);
    let failed = scene.upload(&photo(1)).await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::StorageFull);
    scene.store.fail_to_keep(false);
    let large = testing_kit::png::encode(&picture(2_000, 2_000, 1));
    let refused = scene.upload(&large).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::TooLarge);
    let refused = scene.upload(&photo(1)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
}

#[tokio::test]
async fn files_of_one_account_that_arrive_at_the_same_time_are_bounded() {
    let scene = Scene::with(Settings {
        uploads_at_once_max: 1,
        ..Settings::default()
    })
    .await;
    let header = UploadHeader {
        owner_id: OWNER,
        ..UploadHeader::default()
    };
    let mut messages = whole(header, &photo(1));
    let end = messages.pop().unwrap();
    let ((begin, begun), (finish, finished)) = (oneshot::channel(), oneshot::channel());
    let last = stream::once(async move {
        begin.send(()).unwrap();
        finished.await.unwrap();
        end
    });
    let chunks = Box::pin(stream::iter(messages).chain(last));
    let first = tokio::spawn({
        let media = scene.media.clone();
        async move { media.upload(&context(), chunks).await }
    });
    begun.await.unwrap();
    let refused = scene.upload(&photo(2)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    assert!(refused.retry_after().is_some());
    assert!(
        refused.public().contains("same time (1)"),
        "{}",
        refused.public()
    );
    scene.upload_as(OWNER + 1, &photo(2)).await.unwrap();
    finish.send(()).unwrap();
    first.await.unwrap().unwrap();
    scene.upload(&photo(3)).await.unwrap();
}

#[tokio::test]
async fn quotas_are_told() {
    let scene = Scene::new().await;
    let request = GetCapabilitiesRequest {};
    let told = scene
        .media
        .get_capabilities(&context(), request)
        .await
        .unwrap();
    assert_eq!(told.account_bytes_max, 20 * 1024 * 1024 * 1024);
    assert_eq!(
        (told.account_photos_max, told.uploads_per_hour_max),
        (20_000, 300)
    );
}

#[tokio::test]
async fn the_same_file_again_is_ready_at_once_and_stored_once() {
    let scene = Scene::new().await;
    let first = scene.ready(OWNER, &photo(1)).await;
    let files = scene.files();
    let header = UploadHeader {
        owner_id: OWNER,
        description: "The same harbour".to_owned(),
        focus_x: Some(0.5),
        ..UploadHeader::default()
    };
    let again = scene.upload_chunks(whole(header, &photo(1))).await.unwrap();
    assert!(again.is_ready() && again.id != first.id);
    assert_eq!(again.renditions, first.renditions);
    assert_eq!(
        (&again.blurhash, again.width),
        (&first.blurhash, first.width)
    );
    assert_eq!(
        (again.description.as_str(), again.focus_x),
        ("The same harbour", 0.5)
    );
    assert_eq!(scene.files(), files, "nothing was stored");
    assert_eq!(
        scene.core.drain_queue().await.unwrap(),
        0,
        "nothing is to be done"
    );
    let events = scene.events(topics::READY).await;
    let told: MediaReady = events[1].decode().unwrap();
    assert_eq!((events.len(), told.media_id), (2, again.id));
    let used = "SELECT bytes FROM account_usage";
    assert_eq!(
        scene.count(used).await.cast_unsigned(),
        photo(1).len() as u64
    );
    // The duplicate goes; what it shared stays.
    scene.attach(OWNER, &[first.id], "post:1").await.unwrap();
    scene.release("post:1").await;
    for rendition in &again.renditions {
        scene.read(&rendition.key, 0, 0).await.unwrap();
    }
    assert_eq!(
        scene.count(used).await.cast_unsigned(),
        photo(1).len() as u64
    );
    scene.attach(OWNER, &[again.id], "post:2").await.unwrap();
    scene.release("post:2").await;
    assert!(scene.files().is_empty());
    assert_eq!(scene.count("SELECT COUNT(*) FROM account_usage").await, 0);
}

#[tokio::test]
async fn the_same_file_twice_before_it_is_ready_is_processed_once() {
    let scene = Scene::new().await;
    let first = scene.upload(&photo(1)).await.unwrap();
    let second = scene.upload(&photo(1)).await.unwrap();
    let other = scene.upload_as(OWNER + 1, &photo(1)).await.unwrap();
    scene.process(second.media()).await.unwrap();
    let (first, second) = (
        scene.get(first.id).await.unwrap(),
        scene.get(second.id).await.unwrap(),
    );
    assert!(first.is_ready() && second.is_ready());
    assert_eq!(first.renditions, second.renditions);
    assert_eq!(first.blurhash, second.blurhash);
    assert!(scene.get(other.id).await.unwrap().is_ready());
    assert_eq!(scene.events(topics::READY).await.len(), 3);
}
