//! What a stop leaves of what was about to begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use infra_db::CommitMoment;
use infra_domain::Domain as _;
use tokio_util::sync::CancellationToken;

use crate::scene::{Scene, photo};

#[tokio::test]
async fn what_is_leased_in_the_moment_of_a_stop_is_not_left_as_after_a_crash() {
    let (stop, is_armed) = (CancellationToken::new(), Arc::new(AtomicBool::new(false)));
    let (of_watch, is_armed_for_watch) = (stop.clone(), Arc::clone(&is_armed));
    let scene = Scene::watched(Arc::new(move |moment| {
        let (stop, is_armed) = (of_watch.clone(), Arc::clone(&is_armed_for_watch));
        Box::pin(async move {
            if moment == CommitMoment::Before && is_armed.swap(false, Ordering::SeqCst) {
                stop.cancel();
                // Long enough for a dispatcher that does not wait for this commit to end.
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
    }));
    let scene = scene.await;
    scene.upload(&photo(1)).await.unwrap();
    // The first commit from now on is that of the lease.
    is_armed.store(true, Ordering::SeqCst);
    scene.core.run_jobs(stop).await;
    // Behind every write that was handed in before.
    let nothing = "UPDATE media SET priority = $1 WHERE original_key = $2 AND id = $3";
    scene.change(nothing, (0, String::new(), 0)).await;
    assert!(!is_armed.load(Ordering::SeqCst), "nothing was leased");
    let leased = "SELECT COUNT(*) FROM media WHERE state = 4";
    assert_eq!(scene.count(leased).await, 0, "it counts as tried");
}
