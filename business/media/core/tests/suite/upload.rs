//! What is taken, what is refused, and that a refusal leaves nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use business_media::Settings;
use business_media_gateway::{
    GetCapabilitiesRequest, MediaState, MediaUploaded, UploadChunk, UploadHeader, topics,
};
use futures::StreamExt as _;
use infra_kernel::{Error, ErrorCode};
use testing_kit::hostile::{self, Expect};
use testing_kit::{jpeg, png};

use crate::scene::{OWNER, Scene, code, context, noise, photo, picture, whole};

fn header() -> UploadHeader {
    UploadHeader {
        owner_id: OWNER,
        ..UploadHeader::default()
    }
}

#[tokio::test]
async fn an_upload_is_a_row_an_event_and_the_file_to_the_bit() {
    let scene = Scene::new().await;
    let bytes = jpeg::write(&picture(400, 300, 1), 90, &jpeg::Extras::everything(6));
    let header = UploadHeader {
        description: "Boats".to_owned(),
        focus_x: Some(0.5),
        focus_y: Some(-0.25),
        file_name: "../../etc/passwd.png".to_owned(),
        ..header()
    };
    let item = scene.upload_chunks(whole(header, &bytes)).await.unwrap();
    assert_eq!(item.state(), MediaState::Uploaded);
    assert_eq!(
        (item.owner_id, item.content_type.as_str()),
        (OWNER, "image/jpeg")
    );
    assert_eq!((item.width, item.height), (300, 400), "upright");
    assert_eq!((item.focus_x, item.focus_y), (0.5, -0.25));
    assert_eq!(item.description, "Boats");
    assert!(!item.attached && item.renditions.is_empty() && item.revision > 0);
    assert_eq!(scene.get(item.id).await.unwrap(), item);

    let events = scene.events(topics::UPLOADED).await;
    assert_eq!(events.len(), 1);
    let event: MediaUploaded = events[0].decode().unwrap();
    assert_eq!((event.media_id, event.owner_id), (item.id, OWNER));
    assert_eq!(events[0].key, item.id);

    let files = scene.files();
    assert_eq!(files.len(), 1);
    assert_eq!(scene.blobs.read(&files[0]), bytes);
    assert_eq!(scene.count("SELECT COUNT(*) FROM blob_writes").await, 0);
}

#[tokio::test]
async fn a_refused_upload_leaves_nothing() {
    let scene = Scene::new().await;
    let good = photo(1);
    let cases: Vec<(&str, Vec<u8>, ErrorCode)> = vec![
        ("no bytes", Vec::new(), ErrorCode::Unsupported),
        ("text", b"not a photo".to_vec(), ErrorCode::Unsupported),
        (
            "long text",
            b"not a photo ".repeat(9_000),
            ErrorCode::Unsupported,
        ),
        (
            "a GIF without an image",
            b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
            ErrorCode::Invalid,
        ),
        (
            "half a photo",
            good[..good.len() / 2].to_vec(),
            ErrorCode::Invalid,
        ),
        ("a magic", good[..3].to_vec(), ErrorCode::Invalid),
        ("a huge JPEG", hostile::huge_jpeg(), ErrorCode::TooLarge),
        ("a huge PNG", hostile::huge_png(), ErrorCode::TooLarge),
    ];
    for (what, bytes, expected) in cases {
        let error = scene.upload(&bytes).await.expect_err(what);
        assert_eq!(
            (error.code(), error.field()),
            (expected, Some("file")),
            "{what}"
        );
        assert!(error.public().ends_with('.'), "{}", error.public());
        scene.assert_empty(what).await;
    }
}

#[tokio::test]
async fn an_upload_that_stops_before_its_end_leaves_nothing() {
    let scene = Scene::new().await;
    let mut chunks = whole(header(), &photo(1));
    chunks.pop();
    let error = scene.upload_chunks(chunks).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Invalid);
    assert!(error.public().contains("cut off"), "{}", error.public());
    scene.assert_empty("a stream that ended").await;

    let mut chunks = whole(header(), &photo(1));
    let broken = Error::new(ErrorCode::Unavailable, "The line went dead.");
    *chunks.last_mut().unwrap() = Err(broken);
    assert_eq!(
        code(scene.upload_chunks(chunks).await),
        ErrorCode::Unavailable
    );
    scene.assert_empty("a stream that failed").await;

    assert_eq!(
        code(scene.upload_chunks(Vec::new()).await),
        ErrorCode::Invalid
    );
    let headless = vec![Ok(UploadChunk::data(photo(1)))];
    assert_eq!(
        code(scene.upload_chunks(headless).await),
        ErrorCode::Invalid
    );
    let twice = vec![
        Ok(UploadChunk::header(header())),
        Ok(UploadChunk::header(header())),
    ];
    assert_eq!(code(scene.upload_chunks(twice).await), ErrorCode::Invalid);
    scene.assert_empty("messages out of order").await;
}

#[tokio::test]
async fn an_upload_whose_caller_goes_away_leaves_nothing() {
    let scene = Scene::new().await;
    let mut chunks = whole(header(), &jpeg::encode(&noise(1_000, 800), 95));
    chunks.pop();
    let endless = futures::stream::iter(chunks).chain(futures::stream::pending());
    let context = context();
    let upload = scene.media.upload(&context, Box::pin(endless));
    let gone = tokio::time::timeout(std::time::Duration::from_millis(300), upload).await;
    assert!(gone.is_err(), "it was waiting for more");
    // A write that was under way when the caller went still ends by itself.
    let cleared = async {
        while !scene.files().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let patience = std::time::Duration::from_secs(10);
    tokio::time::timeout(patience, cleared)
        .await
        .expect("the file is removed");
    scene.assert_empty("a caller that went away").await;
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_as_soon_as_it_is() {
    let scene = Scene::with(Settings {
        upload_bytes_max: 300_000,
        ..Settings::default()
    })
    .await;
    let bytes = jpeg::encode(&noise(1_500, 1_500), 95);
    assert!(bytes.len() > 1_000_000);
    let polled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polled);
    let chunks = futures::stream::iter(whole(header(), &bytes)).inspect(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let error = scene
        .media
        .upload(&context(), Box::pin(chunks))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::TooLarge, Some("file"))
    );
    assert_eq!(
        polled.load(Ordering::Relaxed),
        8,
        "a header, six chunks, and the one too many"
    );
    scene.assert_empty("a file that is too long").await;
}

#[tokio::test]
async fn the_wrong_kind_is_refused_by_its_first_bytes() {
    let scene = Scene::new().await;
    let polled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polled);
    let chunks = whole(header(), &b"<html>".repeat(100_000));
    let chunks = futures::stream::iter(chunks).inspect(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let refused = scene.media.upload(&context(), Box::pin(chunks)).await;
    assert_eq!(code(refused), ErrorCode::Unsupported);
    assert_eq!(polled.load(Ordering::Relaxed), 2);
    scene.assert_empty("a web page").await;
}

#[tokio::test]
async fn what_is_said_of_a_photo_has_bounds() {
    let scene = Scene::new().await;
    let bytes = photo(1);
    let cases = [
        (
            "description",
            UploadHeader {
                description: "é".repeat(1_501),
                ..header()
            },
        ),
        (
            "description",
            UploadHeader {
                description: "a\0b".to_owned(),
                ..header()
            },
        ),
        (
            "focus",
            UploadHeader {
                focus_x: Some(1.5),
                ..header()
            },
        ),
        (
            "focus",
            UploadHeader {
                focus_y: Some(f32::NAN),
                ..header()
            },
        ),
        (
            "owner_id",
            UploadHeader {
                owner_id: 0,
                ..header()
            },
        ),
    ];
    for (field, header) in cases {
        let error = scene
            .upload_chunks(whole(header, &bytes))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some(field))
        );
    }
    scene.assert_empty("a header out of bounds").await;
    let longest = UploadHeader {
        description: "é".repeat(1_500),
        ..header()
    };
    assert!(scene.upload_chunks(whole(longest, &bytes)).await.is_ok());
}

#[tokio::test]
async fn a_picture_that_needs_more_memory_than_there_is_is_refused() {
    let scene = Scene::with(Settings {
        memory_bytes_max: 4 * 1024 * 1024,
        ..Settings::default()
    })
    .await;
    let refused = scene.upload(&png::encode(&picture(1_000, 1_000, 1))).await;
    assert_eq!(code(refused), ErrorCode::TooLarge);
    scene.assert_empty("a picture larger than the budget").await;
}

#[tokio::test]
async fn photos_that_wait_for_a_post_are_counted() {
    let scene = Scene::with(Settings {
        unattached_items_max: 2,
        ..Settings::default()
    })
    .await;
    let first = scene.upload(&photo(1)).await.unwrap();
    scene.upload(&photo(2)).await.unwrap();
    let before = scene.files().len();
    let error = scene.upload(&photo(3)).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::RateLimited);
    assert_eq!(scene.files().len(), before);
    assert!(
        scene.upload_as(OWNER + 1, &photo(3)).await.is_ok(),
        "another's are another's"
    );
    scene.attach(OWNER, &[first.id], "post:1").await.unwrap();
    assert!(scene.upload(&photo(3)).await.is_ok());
}

#[tokio::test]
async fn a_full_disk_refuses_for_now_and_leaves_nothing() {
    let scene = Scene::new().await;
    scene.store.fail_to_keep(true);
    assert_eq!(code(scene.upload(&photo(1)).await), ErrorCode::StorageFull);
    scene.assert_empty("a full disk").await;
    scene.store.fail_to_keep(false);
    assert!(scene.upload(&photo(1)).await.is_ok());
}

#[tokio::test]
async fn hostile_files_are_refused_or_become_clean_pictures() {
    for file in hostile::all() {
        let scene = Scene::new().await;
        match scene.upload(&file.bytes).await {
            Err(error) => {
                assert!(!error.code().is_server_fault(), "{}: {error:?}", file.name);
                scene.assert_empty(file.name).await;
            }
            Ok(item) => {
                scene.process(item.media()).await.unwrap();
                let item = scene.get(item.id).await.unwrap();
                if file.expect == Expect::Refusal {
                    assert_eq!(item.state(), MediaState::Failed, "{}", file.name);
                }
                for rendition in &item.renditions {
                    let (header, bytes) = scene.read(&rendition.key, 0, 0).await.unwrap();
                    assert_eq!(header.content_type, "image/jpeg");
                    assert_eq!(testing_kit::scan::findings(&bytes), [], "{}", file.name);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_taken_is_reported() {
    let scene = Scene::new().await;
    let told = scene
        .media
        .get_capabilities(&context(), GetCapabilitiesRequest {})
        .await
        .unwrap();
    assert_eq!(
        told.content_types,
        ["image/jpeg", "image/png", "image/webp", "image/gif"]
    );
    assert_eq!(told.upload_bytes_max, 40 * 1024 * 1024);
    assert_eq!(
        (told.pixels_max, told.description_characters_max),
        (100_000_000, 1_500)
    );
}
