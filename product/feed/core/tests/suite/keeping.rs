//! Timelines are kept for those who have been here recently, in memory as long as they fit, and
//! bounded.

use std::sync::atomic::Ordering;
use std::time::Duration;

use infra_domain::Domain as _;
use infra_kernel::{Clock as _, Page};
use product_feed::{Settings, TidyReport};
use tokio_util::sync::CancellationToken;

use crate::bench::Bench;

const ANN: u64 = 1;
const BEN: u64 = 2;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_warm_read_touches_no_database_and_no_other_domain() {
    let bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let post = bench.publish(ANN).await;
    let listed = bench.world.posts_listed.load(Ordering::SeqCst);
    bench.database.close().await;
    for _ in 0..100 {
        assert_eq!(bench.home(BEN).await, [post]);
    }
    assert_eq!(bench.world.posts_listed.load(Ordering::SeqCst), listed);
}

#[tokio::test]
async fn an_account_that_stays_away_is_dropped_and_made_again_when_it_is_back() {
    let bench = Bench::on(None, Settings::default()).await;
    bench.follow(BEN, ANN).await;
    let early = bench.publish(ANN).await;
    bench.home(BEN).await;
    bench.world.clock.advance(14 * DAY + Duration::from_secs(1));
    let report = bench.core.tidy().await.unwrap();
    assert_eq!(report.dropped, 1);
    assert_eq!(bench.recorded_visit(BEN).await, None);
    let late = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [late, early]);
}

#[tokio::test]
async fn visits_keep_a_timeline_and_are_recorded_at_most_once_an_hour() {
    let bench = Bench::on(None, Settings::default()).await;
    bench.home(BEN).await;
    let first = bench.recorded_visit(BEN).await.unwrap();
    bench.world.clock.advance(Duration::from_secs(3_599));
    bench.home(BEN).await;
    bench.world.clock.advance(13 * DAY);
    bench.home(BEN).await;
    let now = bench.world.clock.now().microseconds();
    // It is recorded in the background: wait for it, for a bounded time.
    let noted = async {
        loop {
            let noted = bench.recorded_visit(BEN).await.unwrap();
            if noted == now {
                return;
            }
            assert_eq!(noted, first, "nothing was noted within the hour");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), noted)
        .await
        .unwrap();
    bench.world.clock.advance(13 * DAY);
    assert_eq!(bench.core.tidy().await.unwrap().dropped, 0);
}

#[tokio::test]
async fn a_timeline_is_cut_to_its_bound_and_history_goes_on_below() {
    let settings = Settings {
        timeline_entries_max: 10,
        fan_out_chunk: 3,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    for _ in 0..50 {
        bench.publish(ANN).await;
    }
    // Redis cuts by itself, and leaves an eighth more.
    let (trimmed, held) = match bench.redis {
        Some(_) => (0, 10..=12),
        None => (1, 10..=10),
    };
    assert_eq!(bench.core.tidy().await.unwrap().trimmed, trimmed);
    assert_eq!(bench.core.tidy().await.unwrap().trimmed, 0);
    assert!(held.contains(&bench.held_by(BEN).await));
    assert_eq!(bench.whole(BEN, 4).await, bench.world.expected(BEN));
    // What was cut off in the database must be gone in memory too, or a deletion would miss it
    // there.
    let first_below = bench.world.expected(BEN)[10];
    bench.delete(first_below).await;
    assert_eq!(bench.whole(BEN, 4).await, bench.world.expected(BEN));
    bench.restart().await;
    assert_eq!(bench.whole(BEN, 4).await, bench.world.expected(BEN));
}

#[tokio::test]
async fn a_timeline_that_lost_most_of_its_posts_is_made_again() {
    let settings = Settings {
        timeline_entries_max: 10,
        ..Settings::default()
    };
    let mut bench = Bench::with(settings).await;
    bench.follow(BEN, ANN).await;
    bench.follow(BEN, 9).await;
    for _ in 0..20 {
        bench.publish(9).await;
    }
    for _ in 0..9 {
        bench.publish(ANN).await;
    }
    bench.home(BEN).await;
    bench.unfollow(BEN, ANN).await;
    bench.restart().await;
    bench.home(BEN).await;
    let listed = bench.world.posts_listed.load(Ordering::SeqCst);
    assert_eq!(
        bench.page(BEN, Page::newest(8)).await,
        bench.world.expected(BEN)[..8]
    );
    assert_eq!(
        bench.world.posts_listed.load(Ordering::SeqCst),
        listed,
        "answered from what is kept"
    );
}

#[tokio::test]
async fn more_timelines_than_memory_holds_are_all_right() {
    let settings = Settings {
        cached_timelines_max: 4,
        ..Settings::default()
    };
    let bench = Bench::with(settings).await;
    for reader in 10..30 {
        bench.follow(reader, ANN).await;
    }
    for _ in 0..3 {
        for reader in 10..30 {
            assert_eq!(bench.home(reader).await, bench.world.expected(reader));
        }
        bench.publish(ANN).await;
    }
}

#[tokio::test]
async fn guards_are_forgotten_after_a_day() {
    let bench = Bench::on(None, Settings::default()).await;
    bench.follow(BEN, ANN).await;
    let post = bench.publish(ANN).await;
    bench.delete(post).await;
    bench.unfollow(BEN, ANN).await;
    assert_eq!(bench.core.tidy().await.unwrap(), TidyReport::default());
    bench.world.clock.advance(2 * DAY);
    assert_eq!(bench.core.tidy().await.unwrap().forgotten, 2);
}

#[tokio::test]
async fn the_jobs_end_on_shutdown() {
    let bench = Bench::new().await;
    let stop = CancellationToken::new();
    let jobs = bench.core.run_jobs(stop.clone());
    let stopped = async {
        tokio::task::yield_now().await;
        stop.cancel();
    };
    let both = async { tokio::join!(jobs, stopped) };
    tokio::time::timeout(Duration::from_secs(10), both)
        .await
        .unwrap();
}
