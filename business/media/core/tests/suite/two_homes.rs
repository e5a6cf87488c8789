//! Two processes that want the media's database on a server (ADR 0026): what one of them had at
//! work is the other's.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use business_media::DATABASE;
use business_media_gateway::topics;
use infra_kernel::{ErrorCode, ManualClock};
use testing_databases::Contest;

use crate::scene::{OWNER, Scene, clock, photo};
use crate::work::until;

/// A process that is the home, and what another one needs to take over from it.
struct Homes {
    contest: Contest,
    clock: Arc<ManualClock>,
    first: Scene,
}

impl Homes {
    /// With files in this folder.
    async fn begin(folder: &Path) -> Option<Self> {
        let (contest, clock) = (Contest::of(&DATABASE)?, clock());
        let first = Scene::over(contest.first().await, folder, clock.clone()).await;
        Some(Self {
            contest,
            clock,
            first,
        })
    }

    /// The next process, with nothing in memory.
    async fn take_over(&self) -> Scene {
        self.clock.advance(Duration::from_secs(1));
        let database = self.contest.take_over().await;
        Scene::over(database, self.first.folder.path(), self.clock.clone()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_home_had_leased_is_leased_to_the_next_and_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(homes) = Homes::begin(folder.path()).await else {
        return;
    };
    let first = &homes.first;
    let at_work = first.upload(&photo(1)).await.unwrap();
    let stops = first.store.reading.write().await;
    let core = Arc::clone(&first.core);
    let working = tokio::spawn(async move { core.drain_queue().await });
    let begun = Instant::now();
    while first
        .count("SELECT COUNT(*) FROM media WHERE state = 4")
        .await
        == 0
    {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody works");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let second = homes.take_over().await;
    let waiting = second.upload(&photo(2)).await.unwrap();
    // The first goes on with what it had, and would have what waits.
    drop(stops);
    let refused = first.core.drain_queue().await;
    assert!(refused.is_err(), "{refused:?} attempts beside the home");
    second.process(at_work.media()).await.unwrap();
    for id in [at_work.id, waiting.id] {
        assert!(second.get(id).await.unwrap().is_ready());
    }
    assert_eq!(second.events(topics::READY).await.len(), 2);
    let attempts = "SELECT CAST(SUM(attempts) AS BIGINT) FROM media";
    assert_eq!(second.count(attempts).await, 3, "one of them was lost");
    let third = homes.contest.end(&first.database, &second.database).await;
    working.abort();
    let third = Scene::over(third, folder.path(), homes.clock.clone()).await;
    assert_eq!(third.events(topics::READY).await.len(), 2);
    assert_eq!(third.count(attempts).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_home_was_deleting_is_deleted_by_the_next_before_it_is_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some(homes) = Homes::begin(folder.path()).await else {
        return;
    };
    let first = &homes.first;
    let photo = photo(1);
    // Without a rendition, so that the original is the one blob.
    let item = first.upload(&photo).await.unwrap();
    // The first claims the original, and its deletion never comes to the store.
    let _stops = first.store.deleting.write().await;
    let claims = "SELECT COUNT(*) FROM blob_deletions WHERE claimed";
    tokio::select! {
        _ = first.delete(OWNER, item.id) => panic!("it was deleted"),
        () = until("it is claimed", || async { first.count(claims).await > 0 }) => {}
    }
    let second = homes.take_over().await;
    assert_eq!(second.count(claims).await, 1);
    // Nobody knows yet whether the deletion is still on its way to the store.
    let refused = second.upload(&photo).await.unwrap_err();
    assert_eq!(
        refused.code(),
        ErrorCode::Unavailable,
        "{}",
        refused.causes()
    );
    assert!(second.core.sweep().await.unwrap().blobs > 0);
    assert!(second.files().is_empty(), "{:?}", second.files());
    let again = second.ready(OWNER, &photo).await;
    second.core.sweep().await.unwrap();
    for rendition in &again.renditions {
        second.read(&rendition.key, 0, 0).await.unwrap();
    }
    let third = homes.contest.end(&first.database, &second.database).await;
    let third = Scene::over(third, folder.path(), homes.clock.clone()).await;
    third.core.sweep().await.unwrap();
    assert!(third.get(again.id).await.unwrap().is_ready());
    assert_eq!(third.count("SELECT COUNT(*) FROM blob_deletions").await, 0);
}
