//! Authors above the threshold are merged in when a timeline is read, and nobody can tell.

use business_posts_gateway::Visibility;
use infra_kernel::Page;
use product_feed::Settings;

use crate::bench::Bench;
use crate::world::NOTHING;

const STAR: u64 = 1;
const ANN: u64 = 2;
const READERS: std::ops::Range<u64> = 10..16;

async fn story(merge_threshold: u32) -> (Bench, Vec<usize>) {
    let settings = Settings {
        merge_threshold,
        fan_out_chunk: 2,
        timeline_entries_max: 12,
        ..Settings::default()
    };
    let bench = Bench::with(settings).await;
    for reader in READERS {
        bench.follow(reader, STAR).await;
        bench.follow(reader, ANN).await;
        bench.home(reader).await;
    }
    for round in 0..10 {
        let post = bench.publish(STAR).await;
        let question = bench.publish(ANN).await;
        if round % 3 == 0 {
            bench.delete(post).await;
        }
        let (_, event) = bench
            .world
            .publish_as(STAR, Visibility::Public, &[], Some(question));
        bench.handle(&event).await;
        let (_, event) = bench
            .world
            .publish_as(STAR, Visibility::Direct, &[11], None);
        bench.handle(&event).await;
    }
    bench.unfollow(12, STAR).await;
    bench.unfollow(13, ANN).await;
    let merged: i64 = infra_db::query_scalar("SELECT COUNT(*) FROM merged_authors")
        .fetch_one(bench.database.reader())
        .await
        .unwrap();
    let sizes = vec![usize::try_from(merged).unwrap()];
    (bench, sizes)
}

#[tokio::test]
async fn below_and_above_the_threshold_the_responses_are_the_same() {
    for (threshold, merged) in [(5, 2), (100, 0)] {
        let (mut bench, sizes) = story(threshold).await;
        assert_eq!(sizes, [merged], "threshold {threshold}");
        for restarted in [false, true] {
            for reader in READERS.chain([STAR, ANN]) {
                let expected = bench.world.expected(reader);
                assert_eq!(
                    bench.whole(reader, 5).await,
                    expected,
                    "{threshold} {restarted} {reader}"
                );
            }
            bench.restart().await;
        }
    }
}

#[tokio::test]
async fn an_author_who_becomes_popular_is_merged_without_a_gap_and_stays_so() {
    let settings = Settings {
        merge_threshold: 2,
        ..Settings::default()
    };
    let bench = Bench::with(settings).await;
    for reader in [10, 11] {
        bench.follow(reader, STAR).await;
        bench.home(reader).await;
    }
    bench.publish(STAR).await;
    bench.follow(12, STAR).await;
    bench.publish(STAR).await;
    bench.unfollow(12, STAR).await;
    bench.publish(STAR).await;
    for reader in [10, 11, 12, STAR] {
        assert_eq!(bench.home(reader).await, bench.world.expected(reader));
    }
}

#[tokio::test]
async fn a_page_full_of_replies_to_strangers_goes_on_to_what_is_below() {
    let settings = Settings {
        merge_threshold: 0,
        ..Settings::default()
    };
    let bench = Bench::with(settings).await;
    bench.follow(10, STAR).await;
    let shown = bench.publish(STAR).await;
    let stranger = bench.publish(77).await;
    bench.home(10).await;
    for _ in 0..500 {
        let (_, event) = bench
            .world
            .publish_as(STAR, Visibility::Public, &[], Some(stranger));
        bench.handle(&event).await;
    }
    assert_eq!(bench.page(10, Page::newest(5)).await, [shown]);
}

#[tokio::test]
async fn what_was_not_looked_at_is_never_skipped() {
    let settings = Settings {
        merge_threshold: 0,
        ..Settings::default()
    };
    let bench = Bench::with(settings).await;
    bench.follow(10, STAR).await;
    bench.home(10).await;
    let own = bench.publish(10).await;
    bench.publish(STAR).await;
    let stranger = bench.publish(77).await;
    // More than one page looks through, none of it for this reader.
    for _ in 0..26_000 {
        bench
            .world
            .publish_as(STAR, Visibility::Public, &[], Some(stranger));
    }
    let page = bench.page(10, Page::newest(5)).await;
    assert_eq!(
        page, NOTHING,
        "answering {own} would skip the author's post right above it"
    );
    assert_eq!(bench.world.expected(10).len(), 2);
}
