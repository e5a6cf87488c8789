//! What nothing uses is swept; what waits too long is seen to.

use std::time::Duration;

use business_media::{Settings, Swept};
use business_media_gateway::{MediaState, topics};
use tokio_util::sync::CancellationToken;

use crate::scene::{OWNER, Scene, photo};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn photos_that_are_in_no_post_go_after_a_day() {
    let scene = Scene::new().await;
    let used = scene.ready(OWNER, &photo(1)).await;
    scene.attach(OWNER, &[used.id], "post:1").await.unwrap();
    let forgotten = scene.ready(OWNER, &photo(2)).await;
    scene.pass(HOUR * 23);
    assert_eq!(scene.core.sweep().await.unwrap(), Swept::default());
    scene.pass(HOUR * 2);
    let swept = scene.core.sweep().await.unwrap();
    assert_eq!(swept.items, 1);
    assert!(swept.blobs >= 2, "{swept:?}");
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
async fn a_worker_that_never_came_is_asked_for_again_and_in_the_end_given_up() {
    let scene = Scene::new().await;
    let item = scene.upload(&photo(1)).await.unwrap();
    scene.attach(OWNER, &[item.id], "post:1").await.unwrap();
    assert_eq!(scene.core.sweep().await.unwrap(), Swept::default());
    for announcements in 2..=8 {
        scene.pass(HOUR / 2);
        assert_eq!(scene.core.sweep().await.unwrap().announced, 1);
        assert_eq!(scene.events(topics::UPLOADED).await.len(), announcements);
    }
    scene.pass(HOUR / 2);
    let swept = scene.core.sweep().await.unwrap();
    assert_eq!((swept.announced, swept.failed), (0, 1));
    let item = scene.get(item.id).await.unwrap();
    assert_eq!(item.state(), MediaState::Failed);
    assert!(item.failure.ends_with('.'));
    assert_eq!(scene.events(topics::FAILED).await.len(), 1);
    scene.pass(HOUR);
    assert_eq!(scene.core.sweep().await.unwrap(), Swept::default());
}

#[tokio::test]
async fn jobs_sweep_after_a_while_and_stop_when_told() {
    let scene = Scene::with(Settings {
        unattached_lifetime_s: 0,
        sweep_interval_s: 1,
        ..Settings::default()
    })
    .await;
    scene.upload(&photo(1)).await.unwrap();
    scene.pass(HOUR);
    let stop = CancellationToken::new();
    let core = scene.core.clone();
    let stopped = stop.clone();
    let jobs = tokio::spawn(async move { core.run_jobs(stopped).await });
    let swept = async {
        while !scene.files().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), swept)
        .await
        .unwrap();
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), jobs)
        .await
        .unwrap()
        .unwrap();
}
