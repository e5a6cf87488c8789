//! Posts with hashtags that a reader follows stand in their home timeline among the others.

use infra_kernel::{Direction, Page};
use product_feed::Settings;
use proptest::prelude::*;

use crate::bench::Bench;
use crate::paging::expected_page;

const ANN: u64 = 1;
const BEN: u64 = 2;
const STRANGER: u64 = 77;

impl Bench {
    async fn publish_tagged(&self, author: u64, tag: &'static str) -> u64 {
        let post = self.publish(author).await;
        self.world.tags.lock().unwrap().insert(post, tag);
        post
    }

    fn follow_tag(&self, reader: u64, tag: &'static str) {
        self.world.followed_tags.lock().unwrap().push((reader, tag));
    }
}

#[tokio::test]
async fn they_come_and_go_with_the_hashtag_and_each_stands_once() {
    let mut bench = Bench::new().await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let strange = bench.publish_tagged(STRANGER, "sea").await;
    let known = bench.publish_tagged(ANN, "sea").await;
    let own = bench.publish_tagged(BEN, "sea").await;
    bench.publish(STRANGER).await;
    assert_eq!(bench.home(BEN).await, [own, known]);
    bench.follow_tag(BEN, "sea");
    assert_eq!(bench.home(BEN).await, [own, known, strange]);
    bench.restart().await;
    assert_eq!(bench.home(BEN).await, [own, known, strange]);
    // Who follows nobody has them, too, and nobody else has.
    bench.follow_tag(10, "sea");
    assert_eq!(bench.home(10).await, [own, known, strange]);
    assert_eq!(bench.home(ANN).await, [known]);
    bench.unfollow(BEN, ANN).await;
    assert_eq!(bench.home(BEN).await, [own, known, strange]);
    bench.delete(strange).await;
    assert_eq!(bench.home(BEN).await, [own, known]);
    bench.world.followed_tags.lock().unwrap().clear();
    assert_eq!(bench.home(BEN).await, [own]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Above and below what is kept, beside authors who are merged and those who are not.
    #[test]
    fn any_page_is_what_the_whole_list_gives(
        posts in proptest::collection::vec((10_u64..16, 0_usize..4), 1..60),
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
            bench.follow_tag(BEN, "sea");
            bench.follow_tag(BEN, "light");
            for (index, (author, tag)) in posts.iter().enumerate() {
                if index == kept_from {
                    bench.home(BEN).await;
                }
                bench.publish_tagged(*author, ["sea", "light", "dusk", "none"][*tag]).await;
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
