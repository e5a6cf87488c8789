//! What becomes of an upload.

use std::time::{Duration, Instant};

use business_media_gateway::{
    DescribeMediaRequest, MediaChange, MediaFailed, MediaId, MediaReady, MediaState,
    UpdateMediaRequest, WaitUntilProcessedRequest, renditions, topics,
};
use infra_kernel::{Context, ErrorCode};
use testing_kit::{Picture, jpeg, png, scan};

use crate::scene::{OWNER, Scene, code, context, photo, picture};

#[tokio::test]
async fn a_photo_becomes_ready_with_all_its_renditions() {
    let scene = Scene::new().await;
    let bytes = jpeg::write(&picture(1_600, 1_200, 3), 90, &jpeg::Extras::everything(6));
    let item = scene.ready(OWNER, &bytes).await;
    assert!(item.camera.is_some(), "what the file tells of its camera");
    assert_eq!(item.original_bytes, bytes.len() as u64);
    assert_eq!((item.width, item.height), (1_200, 1_600));
    assert!(item.revision >= 2 && item.failure.is_empty());
    assert!(item.blurhash.len() > 10 && item.dominant_color.starts_with('#'));
    let sizes = [
        (renditions::FULL, 1_200, 1_600),
        (renditions::FEED, 810, 1_080),
        (renditions::GRID, 300, 400),
    ];
    assert_eq!(item.renditions.len(), sizes.len());
    for (name, width, height) in sizes {
        let rendition = item.rendition(name).unwrap();
        assert_eq!(
            (rendition.width, rendition.height),
            (width, height),
            "{name}"
        );
        let (header, bytes) = scene.read(&rendition.key, 0, 0).await.unwrap();
        assert_eq!(header.content_type, "image/jpeg");
        assert_eq!(
            (header.bytes, bytes.len() as u64),
            (rendition.bytes, rendition.bytes)
        );
        assert_eq!(scan::findings(&bytes), [], "{name}");
        let seen = Picture::decode(&bytes).unwrap();
        assert_eq!((seen.width, seen.height), (width, height));
    }
    let events = scene.events(topics::READY).await;
    assert_eq!(events.len(), 1);
    let event: MediaReady = events[0].decode().unwrap();
    assert_eq!((event.media_id, event.owner_id), (item.id, OWNER));
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_writes").await, 0);
    assert_eq!(scene.files().len(), 4);
}

#[tokio::test]
async fn what_is_ready_is_not_worked_on_again() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.process(item.media()).await.unwrap();
    assert_eq!(scene.get(item.id).await.unwrap(), item);
    assert_eq!(scene.events(topics::READY).await.len(), 1);
}

#[tokio::test]
async fn two_workers_at_once_make_one_attempt() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let (one, other) = tokio::join!(scene.process(item.media()), scene.process(item.media()));
    one.unwrap();
    other.unwrap();
    assert_eq!(scene.events(topics::READY).await.len(), 1);
    let item = scene.get(item.id).await.unwrap();
    for rendition in &item.renditions {
        scene.read(&rendition.key, 0, 0).await.unwrap();
    }
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_writes").await, 0);
}

#[tokio::test]
async fn a_picture_that_cannot_be_decoded_fails_with_a_sentence() {
    let scene = Scene::new().await;
    let bytes = png::encode(&picture(300, 200, 1));
    let item = scene.upload(&bytes[..bytes.len() / 2]).await.unwrap();
    scene.process(item.media()).await.unwrap();
    let item = scene.get(item.id).await.unwrap();
    assert_eq!(item.state(), MediaState::Failed);
    assert!(item.failure.contains("damaged"), "{}", item.failure);
    assert!(item.renditions.is_empty());
    assert_eq!(item.failure_code, "broken");
    assert_eq!(scene.files().len(), 1, "the original is kept for a while");
    let events = scene.events(topics::FAILED).await;
    let event: MediaFailed = events[0].decode().unwrap();
    assert_eq!((event.media_id, event.reason), (item.id, item.failure));
    let refused = scene.attach(OWNER, &[item.id], "post:1").await;
    assert_eq!(code(refused), ErrorCode::Invalid);
}

#[tokio::test]
async fn a_full_disk_is_tried_again() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.store.fail_to_keep(true);
    scene.process(item.media()).await.unwrap();
    assert_eq!(
        scene.get(item.id).await.unwrap().state(),
        MediaState::Uploaded
    );
    assert_eq!(scene.files().len(), 1, "only the original");
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_writes").await, 0);
    scene.store.fail_to_keep(false);
    assert_eq!(scene.core.drain_queue().await.unwrap(), 0, "it pauses");
    scene.pass(Duration::from_secs(5));
    scene.process(item.media()).await.unwrap();
    assert!(scene.get(item.id).await.unwrap().is_ready());
}

#[tokio::test]
async fn an_original_that_was_lost_fails_with_a_sentence() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.blobs.remove(&scene.files()[0]);
    scene.process(item.media()).await.unwrap();
    let item = scene.get(item.id).await.unwrap();
    assert_eq!(item.state(), MediaState::Failed);
    assert!(item.failure.contains("upload it again"), "{}", item.failure);
    assert_eq!(item.failure_code, "lost");
}

#[tokio::test]
async fn an_original_that_was_damaged_here_is_not_called_broken() {
    let scene = Scene::new().await;
    let bytes = photo(1);
    let item = scene.upload(&bytes).await.unwrap();
    let file = scene.files().pop().unwrap();
    // Rot that a decoder stumbles over: nothing is left but the beginning.
    let mut rotten = bytes;
    rotten[20..].fill(0);
    scene.blobs.write(&file, &rotten);
    scene.process(item.media()).await.unwrap();
    let item = scene.get(item.id).await.unwrap();
    assert_eq!(item.state(), MediaState::Failed);
    assert_eq!(item.failure_code, "lost");
    assert!(item.failure.contains("upload it again"), "{}", item.failure);
}

#[tokio::test]
async fn waiting_ends_when_the_photo_is_ready() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let request = WaitUntilProcessedRequest { id: item.id };
    let context = context();
    let (waited, processed) = tokio::join!(
        scene.media.wait_until_processed(&context, request),
        scene.process(item.media())
    );
    processed.unwrap();
    assert!(waited.unwrap().is_ready());
}

#[tokio::test]
async fn waiting_ends_when_the_time_is_up() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let request = WaitUntilProcessedRequest { id: item.id };
    let started = Instant::now();
    let short = Context::background(Duration::from_millis(600));
    let waited = scene
        .media
        .wait_until_processed(&short, request)
        .await
        .unwrap();
    assert_eq!(waited.state(), MediaState::Uploaded);
    // The bound leaves room for a machine that is busy with other tests.
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    let none = WaitUntilProcessedRequest { id: 1 };
    assert_eq!(
        code(scene.media.wait_until_processed(&short, none).await),
        ErrorCode::NotFound
    );
}

#[tokio::test]
async fn alt_text_and_focus_change_until_the_photo_is_used() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let nothing = UpdateMediaRequest {
        owner_id: OWNER,
        id: item.id,
        ..UpdateMediaRequest::default()
    };
    let update = |request| async { scene.media.update_media(&context(), request).await };
    let described = update(UpdateMediaRequest {
        description: Some("A harbour".to_owned()),
        focus_y: Some(1.0),
        ..nothing.clone()
    });
    let described = described.await.unwrap();
    assert_eq!(
        (
            described.description.as_str(),
            described.focus_x,
            described.focus_y
        ),
        ("A harbour", 0.0, 1.0)
    );
    assert!(described.revision > item.revision);
    let moved = update(UpdateMediaRequest {
        focus_x: Some(-1.0),
        ..nothing.clone()
    });
    let moved = moved.await.unwrap();
    assert_eq!(
        (moved.description.as_str(), moved.focus_x, moved.focus_y),
        ("A harbour", -1.0, 1.0)
    );
    assert_eq!(scene.get(item.id).await.unwrap(), moved);

    let too_long = UpdateMediaRequest {
        description: Some("x".repeat(1_501)),
        ..nothing.clone()
    };
    assert_eq!(code(update(too_long).await), ErrorCode::Invalid);
    let external_codecs = UpdateMediaRequest {
        focus_x: Some(2.0),
        ..nothing.clone()
    };
    assert_eq!(code(update(external_codecs).await), ErrorCode::Invalid);
    let stranger = UpdateMediaRequest {
        owner_id: OWNER + 1,
        ..nothing.clone()
    };
    assert_eq!(code(update(stranger).await), ErrorCode::NotFound);
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    assert_eq!(code(update(nothing).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn what_shows_photos_describes_them_all_or_none() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    let described = async |holder: &str, description: &str, beside: u64| {
        let change = |id, description: &str| MediaChange {
            id,
            description: Some(description.to_owned()),
            ..MediaChange::default()
        };
        let request = DescribeMediaRequest {
            owner_id: OWNER,
            holder: holder.to_owned(),
            changes: vec![change(item.id, description), change(beside, "beside")],
        };
        let reply = scene.media.describe_media(&context(), request).await;
        reply.map(|reply| reply.changed)
    };
    let night = "A harbour\r\nat night";
    let gone = item.id + 1;
    assert_eq!(
        code(described("post:2", night, gone).await),
        ErrorCode::Conflict
    );
    // All or none: the other is another's.
    let others = scene.upload_as(OWNER + 1, &photo(2)).await.unwrap();
    let refused = described("post:1", night, others.id).await;
    assert_eq!(code(refused), ErrorCode::NotFound);
    assert_eq!(scene.get(item.id).await.unwrap().description, "");
    assert!(described("post:1", night, gone).await.unwrap());
    let edited = scene.get(item.id).await.unwrap();
    assert_eq!(edited.description, "A harbour\nat night");
    assert!(!described("post:1", night, gone).await.unwrap());
    assert_eq!(scene.get(item.id).await.unwrap(), edited);
}

#[tokio::test]
async fn an_item_deleted_while_it_waits_is_passed_over() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    assert_eq!(scene.release("post:1").await, 1);
    scene.process(MediaId::new(item.id)).await.unwrap();
    assert!(scene.events(topics::READY).await.is_empty());
    assert!(scene.files().is_empty());
}
