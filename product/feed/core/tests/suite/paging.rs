//! Every cursor gives what the plain list gives.

use std::time::Duration;

use infra_kernel::{Direction, ErrorCode, Page};
use product_feed::Settings;
use product_feed_gateway::GetHomeRequest;
use proptest::prelude::*;

use crate::bench::Bench;
use crate::world::context;

const ANN: u64 = 1;
const BEN: u64 = 2;

/// What a page of this list is, worked out the plain way.
pub(crate) fn expected_page(posts: &[u64], page: &Page) -> Vec<u64> {
    let within = posts
        .iter()
        .copied()
        .filter(|post| *post > page.after && *post < page.before);
    let within: Vec<_> = within.collect();
    let limit = page.limit as usize;
    match page.direction {
        Direction::Older => within.into_iter().take(limit).collect(),
        Direction::Newer => within[within.len().saturating_sub(limit)..].to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_page_is_what_the_whole_list_gives(
        authors in proptest::collection::vec(10_u64..14, 1..60),
        entries_max in 1_u32..40,
        merge_threshold in 0_u32..2,
        kept_from in 0_usize..60,
        pages in proptest::collection::vec((0_usize..70, 0_usize..70, 1_u32..12, any::<bool>()), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let settings = Settings { timeline_entries_max: entries_max, merge_threshold, ..Settings::default() };
            let bench = Bench::with(settings).await;
            for author in 10..13 {
                bench.world.follow(BEN, author);
            }
            for (index, author) in authors.iter().enumerate() {
                if index == kept_from {
                    bench.home(BEN).await;
                }
                bench.publish(*author).await;
            }
            let all = bench.world.expected(BEN);
            let cursor = |index: usize| bench.world.posts.lock().unwrap().keys().nth(index).copied();
            for (before, after, limit, newer) in pages {
                let page = Page {
                    before: cursor(before).unwrap_or(u64::MAX),
                    after: cursor(after).unwrap_or(0),
                    direction: if newer { Direction::Newer } else { Direction::Older },
                    limit,
                };
                assert_eq!(bench.page(BEN, page).await, expected_page(&all, &page), "{page:?}");
            }
        });
    }
}

#[tokio::test]
async fn a_page_of_nothing_or_too_much_is_refused() {
    let bench = Bench::new().await;
    for limit in [0, 201] {
        let request = GetHomeRequest {
            account_id: BEN,
            page: Some(infra_rpc::v1::Page {
                limit,
                ..infra_rpc::v1::Page::default()
            }),
        };
        let error = bench.feed.get_home(&context(), request).await.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::Invalid, Some("page"))
        );
    }
    let request = GetHomeRequest {
        account_id: 0,
        page: Some(Page::newest(20).into()),
    };
    let error = bench.feed.get_home(&context(), request).await.unwrap_err();
    assert_eq!(
        (error.code(), error.field()),
        (ErrorCode::Invalid, Some("account_id"))
    );
}

#[tokio::test]
async fn history_is_not_cut_at_the_bound_of_a_timeline() {
    let bench = Bench::new().await;
    bench.world.follow(BEN, ANN);
    for index in 0..1_900 {
        if index % 100 == 0 {
            bench.world.clock.advance(Duration::from_secs(60));
        }
        bench.world.publish(ANN);
    }
    let whole = bench.whole(BEN, 80).await;
    assert_eq!(whole.len(), 1_900);
    assert_eq!(whole, bench.world.expected(BEN));
}
