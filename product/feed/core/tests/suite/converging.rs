//! Whatever happens in whatever order, once every event has been handled every timeline is what it
//! should be.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use business_posts_gateway::Visibility;
use infra_bus::Event;
use infra_kernel::Page;
use product_feed::Settings;
use proptest::prelude::*;
use testing_engines::Redis;

use crate::bench::Bench;
use crate::paging::expected_page;
use crate::world::World;

/// The accounts of the story.
const ACCOUNTS: std::ops::Range<u64> = 1..6;

#[derive(Debug, Clone)]
enum Step {
    Follow(u64, u64),
    Unfollow(u64, u64),
    Publish {
        author: u64,
        visibility: usize,
        mentioned: u64,
        /// Which of the posts so far it replies to, if any.
        replies: Option<usize>,
    },
    Delete(usize),
    Read(u64),
    /// Handles one of the events that wait, not always the oldest.
    Handle(usize),
    /// Handles an event again.
    Repeat(usize),
    Rebuild(u64),
    Tidy,
    Restart,
    /// Empties Redis.
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    let account = || ACCOUNTS;
    prop_oneof![
        4 => (account(), account()).prop_map(|(one, other)| Step::Follow(one, other)),
        2 => (account(), account()).prop_map(|(one, other)| Step::Unfollow(one, other)),
        8 => (account(), 0_usize..4, account(), proptest::option::weighted(0.3, 0_usize..50)).prop_map(
            |(author, visibility, mentioned, replies)| Step::Publish { author, visibility, mentioned, replies }
        ),
        1 => (0_usize..50).prop_map(Step::Delete),
        5 => account().prop_map(Step::Read),
        10 => (0_usize..6).prop_map(Step::Handle),
        2 => (0_usize..50).prop_map(Step::Repeat),
        1 => (0_u64..6).prop_map(Step::Rebuild),
        1 => Just(Step::Tidy),
        1 => Just(Step::Restart),
        1 => Just(Step::Flush),
    ]
}

/// What happens to some posts and follows, and what feeds make of it.
struct Story {
    world: Arc<World>,
    benches: Vec<Bench>,
    waiting: Vec<Event>,
    handled: Vec<Event>,
}

impl Story {
    fn of(benches: Vec<Bench>) -> Self {
        Self {
            world: Arc::clone(&benches[0].world),
            benches,
            waiting: vec![],
            handled: vec![],
        }
    }

    async fn step(&mut self, step: Step) {
        let world = &self.world;
        match step {
            Step::Follow(one, other) if one != other => self.waiting.push(world.follow(one, other)),
            Step::Unfollow(one, other) => self.waiting.push(world.unfollow(one, other)),
            Step::Follow(..) => {}
            Step::Publish {
                author,
                visibility,
                mentioned,
                replies,
            } => {
                use Visibility::{Direct, Private, Public, Unlisted};
                let visibility = [Public, Unlisted, Private, Direct][visibility];
                let replies = replies.and_then(|index| self.post(index));
                let (_, event) = world.publish_as(author, visibility, &[mentioned], replies);
                self.waiting.push(event);
            }
            Step::Delete(index) => {
                if let Some(post) = self.post(index) {
                    self.waiting.push(world.delete(post));
                }
            }
            Step::Read(reader) => self.read(reader).await,
            Step::Handle(index) => self.handle(index).await,
            Step::Repeat(index) => {
                for bench in &self.benches {
                    if let Some(event) = self.handled.get(index) {
                        bench.handle(event).await;
                    }
                }
            }
            Step::Rebuild(account) => {
                for bench in &self.benches {
                    bench.rebuild(account).await;
                }
            }
            Step::Tidy => {
                for bench in &self.benches {
                    bench.core.tidy().await.unwrap();
                }
            }
            Step::Restart => self.restart().await,
            Step::Flush => self.benches.iter().for_each(Bench::flush),
        }
    }

    fn post(&self, index: usize) -> Option<u64> {
        let posts = self.world.posts.lock().unwrap();
        posts.keys().nth(index).copied()
    }

    async fn handle(&mut self, index: usize) {
        if index < self.waiting.len() {
            let event = self.waiting.remove(index);
            for bench in &self.benches {
                bench.handle(&event).await;
            }
            self.handled.push(event);
        }
    }

    /// Reads a page. What is not handled yet is there or not; when all is, it is what it should be.
    async fn read(&self, reader: u64) {
        for bench in &self.benches {
            let home = bench.home(reader).await;
            if self.waiting.is_empty() {
                let mut expected = self.world.expected(reader);
                expected.truncate(40);
                assert_eq!(home, expected, "account {reader}");
            }
        }
    }

    async fn restart(&mut self) {
        for bench in &mut self.benches {
            bench.restart().await;
        }
    }

    /// Handles everything that waits, in this order.
    async fn handle_all(&mut self, order: Vec<usize>) {
        for index in order {
            let waiting = self.waiting.len();
            if waiting > 0 {
                self.handle(index % waiting).await;
            }
        }
        assert!(self.waiting.is_empty());
    }

    async fn check(&self, when: &str) {
        for (bench, reader) in self
            .benches
            .iter()
            .flat_map(|bench| ACCOUNTS.map(move |reader| (bench, reader)))
        {
            let whole = bench.whole(reader, 3).await;
            assert_eq!(
                whole,
                self.world.expected(reader),
                "account {reader} {when}"
            );
        }
    }

    /// Every page of every length, in both directions, is the same on every feed.
    async fn check_pages(&self) {
        for reader in ACCOUNTS {
            let posts = self.world.expected(reader);
            for (limit, cursor) in
                (1..4).flat_map(|limit| posts.iter().map(move |post| (limit, *post)))
            {
                for page in [
                    Page::from_cursors(Some(cursor), None, None, limit),
                    Page::from_cursors(None, None, Some(cursor), limit),
                    Page::from_cursors(None, Some(cursor), None, limit),
                ] {
                    let expected = expected_page(&posts, &page);
                    for bench in &self.benches {
                        assert_eq!(bench.page(reader, page).await, expected, "{page:?}");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_order_of_events_leads_to_the_same_timelines(
        steps in proptest::collection::vec(step(), 1..80),
        order in proptest::collection::vec(0_usize..80, 80),
        entries_max in prop_oneof![Just(4_u32), Just(800)],
        merge_threshold in prop_oneof![Just(1_u32), Just(10_000)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let settings = Settings {
                timeline_entries_max: entries_max,
                merge_threshold,
                fan_out_chunk: 2,
                ..Settings::default()
            };
            let mut story = Story::of(vec![Bench::with(settings).await]);
            for step in steps {
                story.step(step).await;
            }
            story.handle_all(order).await;
            story.check("as it is held").await;
            story.restart().await;
            story.check("from the database").await;
            story.step(Step::Rebuild(0)).await;
            story.check("made again").await;
        });
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn timelines_in_redis_are_those_in_the_tables(
        steps in proptest::collection::vec(step(), 1..60),
        order in proptest::collection::vec(0_usize..60, 60),
        entries_max in prop_oneof![Just(4_u32), Just(800)],
        merge_threshold in prop_oneof![Just(1_u32), Just(10_000)],
    ) {
        // One server for all cases, with a database for each. The tables are files: on PostgreSQL
        // each case would take a second.
        static SERVER: LazyLock<Option<Redis>> =
            LazyLock::new(|| Redis::start_with(&["--databases", "1024"]));
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(server) = SERVER.as_ref().filter(|_| testing_databases::are_files()) else {
            return Ok(());
        };
        let redis = server.database(COUNT.fetch_add(1, Ordering::Relaxed));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let settings = Settings {
                timeline_entries_max: entries_max,
                merge_threshold,
                fan_out_chunk: 2,
                ..Settings::default()
            };
            let tables = Bench::on(None, settings.clone()).await;
            let redis = Bench::over(Arc::clone(&tables.world), Some(redis), settings).await;
            let mut story = Story::of(vec![tables, redis]);
            for step in steps {
                story.step(step).await;
            }
            story.handle_all(order).await;
            story.check_pages().await;
            story.step(Step::Flush).await;
            story.check("after a flush").await;
        });
    }
}
