//! Whatever happens in whatever order, once every event has been handled every timeline is what it
//! should be.

use business_posts_gateway::Visibility;
use infra_bus::Event;
use product_feed::Settings;
use proptest::prelude::*;

use crate::bench::Bench;

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
    ]
}

struct Story {
    bench: Bench,
    waiting: Vec<Event>,
    handled: Vec<Event>,
}

impl Story {
    async fn step(&mut self, step: Step) {
        let world = &self.bench.world;
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
            Step::Read(reader) => drop(self.bench.home(reader).await),
            Step::Handle(index) => self.handle(index).await,
            Step::Repeat(index) => {
                if let Some(event) = self.handled.get(index) {
                    self.bench.handle(event).await;
                }
            }
            Step::Rebuild(account) => drop(self.bench.rebuild(account).await),
            Step::Tidy => drop(self.bench.core.tidy().await.unwrap()),
            Step::Restart => self.bench.restart().await,
        }
    }

    fn post(&self, index: usize) -> Option<u64> {
        self.bench
            .world
            .posts
            .lock()
            .unwrap()
            .keys()
            .nth(index)
            .copied()
    }

    async fn handle(&mut self, index: usize) {
        if index < self.waiting.len() {
            let event = self.waiting.remove(index);
            self.bench.handle(&event).await;
            self.handled.push(event);
        }
    }

    async fn check(&self, when: &str) {
        for reader in ACCOUNTS {
            let expected = self.bench.world.expected(reader);
            assert_eq!(
                self.bench.whole(reader, 3).await,
                expected,
                "account {reader} {when}"
            );
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
            let mut story = Story { bench: Bench::with(settings).await, waiting: vec![], handled: vec![] };
            for step in steps {
                story.step(step).await;
            }
            for index in order {
                let waiting = story.waiting.len();
                if waiting > 0 {
                    story.handle(index % waiting).await;
                }
            }
            assert!(story.waiting.is_empty());
            story.check("in memory").await;
            story.bench.restart().await;
            story.check("from the database").await;
            story.bench.rebuild(0).await;
            story.check("made again").await;
        });
    }
}
