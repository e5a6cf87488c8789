//! What encoders cost, and what becomes of forms that they will not write.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use business_media::Settings;
use business_media_codec::{EncoderMemory, Encoding, Ladder, alternates_memory_bytes};
use business_media_gateway::MediaState;
use infra_domain::Domain as _;
use tokio_util::sync::CancellationToken;

use crate::external_codecs::Forms;
use crate::scene::{OWNER, photo};
use crate::work::{PATIENCE, scene_with, until};

#[tokio::test]
async fn a_form_that_its_encoder_refuses_is_tried_again_and_then_done_without() {
    let forms = Arc::new(Forms::default());
    let scene = scene_with(&forms, Settings::default()).await;
    let (rows, jobs) = (
        "SELECT COUNT(*) FROM alternates",
        "SELECT COUNT(*) FROM alternate_jobs",
    );
    let refuse = |form| *forms.refuses.lock().unwrap() = form;
    refuse(Some(Encoding::Avif));
    let passing = scene.ready(OWNER, &photo(1)).await;
    assert_eq!((scene.count(rows).await, scene.count(jobs).await), (0, 1));
    refuse(None);
    scene.pass(Duration::from_secs(10));
    scene.core.drain_queue().await.unwrap();
    assert_eq!((scene.count(rows).await, scene.count(jobs).await), (6, 0));
    assert!(scene.list_failed(0, 10).await.alternates.is_empty());
    // It may have been for want of memory.
    let given = std::mem::take(&mut *forms.given.lock().unwrap());
    let usual = given
        .iter()
        .take_while(|given| **given == EncoderMemory::Usual);
    let usual = usual.count();
    assert!((1..given.len()).contains(&usual), "{given:?}");
    assert!(
        given[usual..]
            .iter()
            .all(|given| matches!(given, EncoderMemory::Most { .. }))
    );

    refuse(Some(Encoding::Avif));
    let item = scene.ready(OWNER, &photo(2)).await;
    for _ in 0..5 {
        scene.pass(Duration::from_secs(60));
        scene.core.drain_queue().await.unwrap();
    }
    assert_eq!((scene.count(rows).await, scene.count(jobs).await), (9, 0));
    let listed = scene.list_failed(0, 10).await;
    assert!(listed.items.is_empty(), "{listed:?}");
    let left: Vec<_> = listed
        .alternates
        .iter()
        .map(|left| (left.media_id, left.attempts))
        .collect();
    assert_eq!(left, [(item.id, 3)]);
    for item in [&item, &passing] {
        assert!(scene.get(item.id).await.unwrap().is_ready());
    }
    // Once its cause is gone, only what is missing is made.
    refuse(None);
    let asked = forms.asked.load(Ordering::SeqCst);
    scene.retry(item.id).await.unwrap();
    scene.core.drain_queue().await.unwrap();
    assert_eq!((scene.count(rows).await, scene.count(jobs).await), (12, 0));
    assert!(forms.asked.load(Ordering::SeqCst) - asked <= 3);
}

/// Settings that give encoders of a small photo just what these forms take, and a mebibyte beside.
fn settings_for(encodings: &[Encoding]) -> Settings {
    let file_bytes = photo(1).len() as u64;
    let (ladder, memory) = (Ladder::default(), EncoderMemory::Usual);
    let bytes = alternates_memory_bytes(0, file_bytes, (600, 450), &ladder, encodings, memory);
    Settings {
        memory_bytes_max: bytes + 1024 * 1024,
        // So small that headers have enough without encoders' leaving any.
        upload_bytes_max: 1024 * 1024,
        ..Settings::default()
    }
}

#[tokio::test]
async fn a_form_that_needs_more_memory_than_there_is_is_left_out() {
    let forms = Arc::new(Forms::default());
    let scene = scene_with(&forms, settings_for(&[Encoding::WebP])).await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.core.drain_queue().await.unwrap();
    let made = "SELECT COUNT(*) FROM alternates WHERE content_type = 'image/webp'";
    assert_eq!(scene.count(made).await, 3);
    let (all, jobs) = (
        "SELECT COUNT(*) FROM alternates",
        "SELECT COUNT(*) FROM alternate_jobs",
    );
    assert_eq!((scene.count(all).await, scene.count(jobs).await), (3, 0));
    let listed = scene.list_failed(0, 10).await.alternates;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].media_id, item.id);
    assert!(listed[0].cause.contains("media.memory_bytes_max"));
    // Where there is memory for none, nothing is begun.
    let nothing = Settings {
        memory_bytes_max: 12 * 1024 * 1024,
        ..Settings::default()
    };
    let scene = scene_with(&forms, nothing).await;
    let asked = forms.asked.load(Ordering::SeqCst);
    scene.ready(OWNER, &photo(1)).await;
    scene.core.drain_queue().await.unwrap();
    assert_eq!(forms.asked.load(Ordering::SeqCst), asked);
    assert_eq!((scene.count(all).await, scene.count(jobs).await), (0, 0));
    assert_eq!(scene.list_failed(0, 10).await.alternates.len(), 1);
}

#[tokio::test]
async fn the_memory_of_encoders_is_taken_from_that_of_all_pictures() {
    let forms = Arc::new(Forms::default());
    let small = settings_for(&[Encoding::WebP, Encoding::Avif]);
    let scene = scene_with(&forms, small).await;
    let hanging = forms.hang();
    let stop = CancellationToken::new();
    let (core, stopped) = (scene.core.clone(), stop.clone());
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    scene.upload(&photo(1)).await.unwrap();
    until("alternates are begun", || async {
        forms.asked.load(Ordering::SeqCst) > 0
    })
    .await;
    // It is taken, for its header is read in memory of its own, and worked on when there is memory
    // again.
    let second = scene.upload(&photo(2)).await.unwrap();
    until("a worker has it", || async {
        scene.get(second.id).await.unwrap().state() == MediaState::Processing
    })
    .await;
    let ready = until("ready", || async {
        scene.get(second.id).await.unwrap().is_ready()
    });
    let early = tokio::time::timeout(Duration::from_millis(500), ready).await;
    assert!(early.is_err(), "decoded beside encoders that take it all");
    drop(hanging);
    until("all are made", || async {
        scene.count("SELECT COUNT(*) FROM alternates").await == 12
    })
    .await;
    stop.cancel();
    tokio::time::timeout(PATIENCE, jobs).await.unwrap().unwrap();
}
