//! What nothing uses is swept, and what has failed long ago.

use std::time::Duration;

use business_media::{Settings, SweepReport};
use business_media_gateway::{MediaState, topics};
use infra_domain::Domain as _;
use testing_kit::png;
use tokio_util::sync::CancellationToken;

use crate::scene::{OWNER, Scene, photo, picture};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn photos_that_are_in_no_post_go_after_a_day() {
    let scene = Scene::new().await;
    let used = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[used.id], "post:1").await.unwrap();
    let forgotten = scene.ready(OWNER, &photo(2)).await;
    scene.pass(HOUR * 23);
    assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
    scene.pass(HOUR * 3);
    let sweep_report = scene.core.sweep().await.unwrap();
    assert_eq!(sweep_report.items, 1);
    assert!(sweep_report.blobs >= 2, "{sweep_report:?}");
    assert!(scene.get(forgotten.id).await.is_none());
    assert!(scene.get(used.id).await.is_some());
    for rendition in &used.renditions {
        scene.read(&rendition.key, 0, 0).await.unwrap();
    }
    assert_eq!(scene.events(topics::DELETED).await.len(), 1);
    scene.release("post:1").await;
    assert!(scene.files().is_empty());
}

#[tokio::test]
async fn anyone_who_found_a_photo_in_its_last_moment_can_use_it() {
    let scene = Scene::new().await;
    let item = scene.ready(OWNER, &photo(1)).await;
    scene.pass(HOUR * 24);
    assert!(scene.get(item.id).await.is_some(), "its last moment");
    scene.pass(Duration::from_secs(1));
    assert!(
        scene.get(item.id).await.is_none(),
        "nobody finds it any more"
    );
    scene.pass(HOUR - Duration::from_secs(2));
    assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    assert!(scene.get(item.id).await.is_some());
    scene.pass(HOUR * 2);
    assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
}

#[tokio::test]
async fn a_failed_photo_keeps_its_file_for_a_week() {
    let scene = Scene::new().await;
    let half = |number| {
        let bytes = png::encode(&picture(300, 200, number));
        bytes[..bytes.len() / 2].to_vec()
    };
    let unused = scene.upload(&half(1)).await.unwrap();
    let shown = scene.upload(&half(2)).await.unwrap();
    scene.attach(OWNER, &[shown.id], "post:1").await.unwrap();
    scene.process(shown.media()).await.unwrap();
    assert_eq!(scene.files().len(), 2);
    scene.pass(HOUR * 24 * 6);
    assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
    assert_eq!(
        scene.get(unused.id).await.unwrap().state(),
        MediaState::Failed
    );
    scene.pass(HOUR * 25);
    let sweep_report = scene.core.sweep().await.unwrap();
    assert_eq!(
        (
            sweep_report.items,
            sweep_report.originals,
            sweep_report.blobs
        ),
        (1, 1, 2)
    );
    assert!(scene.get(unused.id).await.is_none());
    let shown = scene.get(shown.id).await.unwrap();
    assert!(shown.state() == MediaState::Failed && shown.failure.ends_with('.'));
    assert!(scene.files().is_empty());
    assert_eq!(scene.core.sweep().await.unwrap(), SweepReport::default());
}

#[tokio::test]
async fn jobs_sweep_after_a_while_and_stop_on_shutdown() {
    let scene = Scene::with(Settings {
        unattached_lifetime_s: 0,
        sweep_interval_s: 1,
        ..Settings::default()
    })
    .await;
    scene.upload(&photo(1)).await.unwrap();
    scene.pass(HOUR * 2);
    let stop = CancellationToken::new();
    let core = scene.core.clone();
    let stopped = stop.clone();
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    let sweep_report = async {
        while !scene.files().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), sweep_report)
        .await
        .unwrap();
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), jobs)
        .await
        .unwrap()
        .unwrap();
}
