//! Whose photos go first when there is more to do than time.

use std::time::Duration;

use business_media::Settings;
use business_media_gateway::{MediaState, topics};
use infra_kernel::{Clock as _, ErrorCode};

use crate::scene::{OWNER, Scene, code, photo, picture};

const OTHER: u64 = OWNER + 1;

/// Frames of one pixel each on a canvas of 1,000 by 1,000: little to send, much to do.
fn animation(frames: u8) -> Vec<u8> {
    let mut file = b"GIF89a\xe8\x03\xe8\x03\x80\0\0\x20\x40\x60\xff\xff\xff".to_vec();
    for frame in 0..frames {
        file.extend(*b"\x21\xf9\x04\0\x04\0\0\0\x2c");
        file.extend([frame, 0, frame, 0, 1, 0, 1, 0, 0]);
        file.extend(*b"\x02\x02\x44\x01\0");
    }
    file.push(0x3b);
    file
}

impl Scene {
    async fn ready_order(&self) -> Vec<u64> {
        let events = self.events(topics::READY).await;
        events.iter().map(|event| event.key).collect()
    }

    /// As if work on an account's photos had taken so long just now.
    async fn took(&self, owner_id: u64, milliseconds: i64) {
        let minute = self.clock.now().microseconds() / 60_000_000;
        self.change(
            "INSERT INTO processor_minutes (owner_id, minute, milliseconds) VALUES ($3, $1, CAST($2 AS BIGINT))",
            (minute, milliseconds.to_string(), owner_id.cast_signed()),
        )
        .await;
    }
}

#[tokio::test]
async fn a_still_goes_before_animations_that_were_there_first() {
    let scene = Scene::new().await;
    let mut animations = Vec::new();
    for owner in 0..3 {
        let animation = scene.upload_as(OWNER + 10 + owner, &animation(4)).await;
        animations.push(animation.unwrap().id);
    }
    let still = scene.upload(&photo(1)).await.unwrap().id;
    scene.core.drain_queue().await.unwrap();
    let order = scene.ready_order().await;
    assert_eq!(order.len(), 4, "none is lost");
    assert_eq!(order[0], still, "{order:?}");
    let lanes = "SELECT COUNT(*) FROM media WHERE lane > 0";
    assert_eq!(scene.count(lanes).await, 3);
}

#[tokio::test]
async fn the_account_that_took_least_within_the_hour_goes_first() {
    let scene = Scene::new().await;
    // What was taken before this process began counts: the queue reads it when it starts.
    scene.took(OWNER, 60_000).await;
    let of_the_first = scene.upload(&photo(1)).await.unwrap().id;
    let of_the_other = scene.upload_as(OTHER, &photo(2)).await.unwrap().id;
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.ready_order().await, [of_the_other, of_the_first]);
    // An hour later it is forgotten; what the other took since then is not, though it would be that
    // one's turn.
    scene.pass(Duration::from_secs(61 * 60));
    scene.took(OTHER, 60_000).await;
    let of_the_first = scene.upload(&photo(3)).await.unwrap().id;
    let of_the_other = scene.upload_as(OTHER, &photo(4)).await.unwrap().id;
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.ready_order().await[2..], [of_the_first, of_the_other]);
    scene.pass(Duration::from_secs(61 * 60));
    scene.core.sweep().await.unwrap();
    assert_eq!(
        scene.count("SELECT COUNT(*) FROM processor_minutes").await,
        0
    );
}

#[tokio::test]
async fn every_attempt_is_billed_and_who_is_over_the_hour_waits_and_loses_nothing() {
    let settings = Settings {
        processor_s_per_hour_max: 30,
        ..Settings::default()
    };
    let scene = Scene::with(settings).await;
    let item = scene.ready(OWNER, &photo(1)).await;
    let billed =
        "SELECT CAST(SUM(milliseconds) AS BIGINT) FROM processor_minutes WHERE owner_id = 7";
    assert!(scene.count(billed).await > 0 && item.is_ready());

    scene.took(OTHER, 31_000).await;
    let first = scene.upload_as(OTHER, &photo(2)).await.unwrap().id;
    // Even what takes long of somebody else goes before it.
    let animation = scene.upload(&animation(4)).await.unwrap().id;
    scene.core.drain_queue().await.unwrap();
    assert_eq!(scene.ready_order().await[1..], [animation, first]);
}

#[tokio::test]
async fn bytes_of_a_day_are_bounded_and_deleting_gives_none_back() {
    let bytes = photo(1);
    let settings = Settings {
        upload_bytes_per_day_max: bytes.len() as u64 * 2,
        ..Settings::default()
    };
    let scene = Scene::with(settings).await;
    let first = scene.upload(&bytes).await.unwrap();
    scene.delete(OWNER, first.id).await.unwrap();
    scene.upload(&bytes).await.unwrap();
    assert_eq!(code(scene.upload(&bytes).await), ErrorCode::RateLimited);
    scene.upload_as(OTHER, &bytes).await.unwrap();
    scene.pass(Duration::from_secs(24 * 60 * 60));
    assert_eq!(scene.get(first.id).await, None);
    scene.upload(&bytes).await.unwrap();
}

#[tokio::test]
async fn what_needs_more_memory_than_there_is_fails_and_says_so() {
    if !testing_databases::are_files() {
        return;
    }
    let scene = Scene::new().await;
    let large = testing_kit::jpeg::encode(&picture(1_500, 1_200, 1), 85);
    let item = scene.upload(&large).await.unwrap();
    // A restart with less memory.
    let settings = Settings {
        memory_bytes_max: 12 * 1024 * 1024,
        ..Settings::default()
    };
    let scene = Scene::on(scene.folder, scene.clock, settings).await;
    scene.core.drain_queue().await.unwrap();
    let failed = scene.get(item.id).await.unwrap();
    assert_eq!(failed.state(), MediaState::Failed);
    assert_eq!(failed.failure_code, "too_large");
    let sentence = "This picture needs more memory than this server gives: ";
    assert!(failed.failure.starts_with(sentence), "{}", failed.failure);
    // Nobody else waits for it.
    assert!(scene.ready(OTHER, &photo(2)).await.is_ready());
}

#[tokio::test]
async fn what_an_earlier_version_recorded_of_memory_is_looked_at_again_before_it_is_refused() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    let pending = "SELECT memory_bytes FROM media";
    let right = scene.count(pending).await;
    let change = "UPDATE media SET memory_bytes = $1 WHERE id = $3 AND $2 = ''";
    let id = item.id.cast_signed();
    scene.change(change, (1 << 40, String::new(), id)).await;
    scene.core.drain_queue().await.unwrap();
    assert!(scene.get(item.id).await.unwrap().is_ready());
    assert_eq!(scene.count(pending).await, right);
}
