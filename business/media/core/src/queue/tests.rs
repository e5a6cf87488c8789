//! Who is next, however many wait.

use std::collections::{BTreeMap, HashSet};

use infra_blob::DirectoryStore;
use infra_db::{Database, DbError};
use infra_kernel::{Clock, IdGenerator, ManualClock, Timestamp};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::state::State;
use crate::store::queue::Lease;
use crate::{MIGRATIONS, Settings};

async fn open(folder: &TempDir) -> Arc<Queue> {
    let path = folder.path();
    let database = Database::open(&path.join("media.db"), &MIGRATIONS).await;
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp::from_milliseconds(
        1_790_000_000_000,
    )));
    let state = State::new(&Dependencies {
        database: database.unwrap(),
        blobs: Arc::new(DirectoryStore::open(&path.join("blobs")).await.unwrap()),
        ids: Arc::new(IdGenerator::new(1, Arc::clone(&clock))),
        clock,
        external_codecs: None,
        settings: Settings::default(),
    });
    state.queue
}

/// Waiting items with ids from `first` on: each of `owners` has `each`, of a priority.
async fn add_waiting(
    queue: &Queue,
    first: i64,
    owners: std::ops::Range<i64>,
    each: i64,
    priority: i64,
) {
    let add = "WITH RECURSIVE places (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM places WHERE place + 1 < $1)
        INSERT INTO media (id, owner_id, revision, state, failure, content_type, description, focus_x, focus_y, blurhash,
            dominant_color, width, height, attached, created_at, original_key, original_bytes, memory_bytes, priority)
        SELECT $2 + place, $3 + place / $4, 1, 1, '', '', '', 0, 0, '', '', 1, 1, FALSE, 0, '', 1, 1, $5 FROM places";
    let count = (owners.end - owners.start) * each;
    let start = owners.start;
    queue
        .database
        .write(move |connection| {
            Box::pin(async move {
                let add = infra_db::query(add).bind(count).bind(first).bind(start);
                add.bind(each).bind(priority).execute(connection).await?;
                Ok::<_, DbError>(())
            })
        })
        .await
        .unwrap();
}

async fn end(queue: &Queue, lease: Lease) {
    queue
        .database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query("DELETE FROM media WHERE id = $1")
                    .bind(lease.id.to_sql())
                    .execute(connection)
                    .await?;
                Ok::<_, DbError>(())
            })
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn every_step_of_a_choice_is_a_step_in_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    let statements = [
        queue::FIRST_PRIORITY,
        queue::OWNERS_AFTER,
        queue::OLDEST,
        queue::RUNNING,
        queue::NEXT_PAUSED,
    ];
    for statement in statements {
        let steps = infra_db::query_plan(queue.database.reader(), statement).await;
        for step in steps.unwrap() {
            // Of the partial indexes a whole scan is what is wanted: of what is at work, or its
            // first entry.
            let indexed = step.contains("USING") && step.contains("INDEX media_");
            let bounded = [
                "ring",
                "CONSTANT ROW",
                "SUBQUERY",
                "SETUP",
                "RECURSIVE",
                "CO-ROUTINE",
                "GROUP BY",
                "UNION",
            ];
            assert!(
                indexed || bounded.iter().any(|word| step.contains(word)),
                "{statement}: {step}"
            );
        }
    }
}

#[tokio::test]
async fn a_hundred_thousand_that_wait_delay_neither_the_choice_nor_a_newcomer() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    add_waiting(&queue, 1, 1..2, 80_000, 0).await;
    add_waiting(&queue, 100_000, 10..210, 100, 0).await;
    let started = std::time::Instant::now();
    let mut served = Vec::new();
    for _ in 0..100 {
        served.push(queue.claim().await.unwrap().unwrap().owner_id);
    }
    // A choice that looked at all that wait would take some tens of milliseconds each.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    let different: HashSet<i64> = served.iter().copied().collect();
    assert_eq!(different.len(), 100, "each of them another account");
    add_waiting(&queue, 900_000, 5..6, 1, 0).await;
    let mut until_newcomer = 0;
    while queue.claim().await.unwrap().unwrap().owner_id != 5 {
        until_newcomer += 1;
    }
    assert!(until_newcomer <= 201, "{until_newcomer}");
}

#[tokio::test]
async fn what_is_urgent_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    add_waiting(&queue, 1, 1..2, 2, 1).await;
    add_waiting(&queue, 10, 2..3, 2, 0).await;
    let mut served = Vec::new();
    while let Some(claimed) = queue.claim().await.unwrap() {
        served.push(claimed.owner_id);
    }
    assert_eq!(served, [2, 2, 1, 1]);
}

/// What is waiting and at work of each account, by the rule as documented.
#[derive(Default)]
struct Model {
    waiting: BTreeMap<i64, u32>,
    at_work: Vec<(i64, Lease)>,
    /// How often others were served since an account began to wait or was served.
    passed_over: BTreeMap<i64, usize>,
}

impl Model {
    fn running(&self, owner: i64) -> usize {
        self.at_work.iter().filter(|(of, _)| *of == owner).count()
    }

    fn check_served(&mut self, owner: i64) {
        let accounts: Vec<i64> = self
            .waiting
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(id, _)| *id)
            .collect();
        let fewest = accounts.iter().map(|id| self.running(*id)).min().unwrap();
        assert_eq!(
            self.running(owner),
            fewest,
            "one with fewer at work was passed over"
        );
        for id in &accounts {
            *self.passed_over.entry(*id).or_default() += 1;
        }
        self.passed_over.insert(owner, 0);
        let count = self.waiting.get_mut(&owner).unwrap();
        *count -= 1;
    }
}

async fn play(steps: Vec<(u8, i64)>, workers: usize) {
    let folder = tempfile::tempdir().unwrap();
    let queue = open(&folder).await;
    let (mut model, mut next_id) = (Model::default(), 1);
    for (kind, owner) in steps {
        match kind {
            0 | 1 => {
                let each = if kind == 0 { 1 } else { 6 };
                add_waiting(&queue, next_id, owner..owner + 1, each, 0).await;
                next_id += each;
                *model.waiting.entry(owner).or_default() += u32::try_from(each).unwrap();
            }
            2 | 3 if model.at_work.len() < workers => {
                let waits = model.waiting.values().sum::<u32>() > 0;
                let claimed = queue.claim().await.unwrap();
                assert_eq!(claimed.is_some(), waits);
                if let Some(claimed) = claimed {
                    model.check_served(claimed.owner_id);
                    let twice = model
                        .at_work
                        .iter()
                        .any(|(_, lease)| lease.id == claimed.lease().id);
                    assert!(!twice, "two workers on one item");
                    model.at_work.push((claimed.owner_id, claimed.lease()));
                }
            }
            _ if !model.at_work.is_empty() => {
                let place = usize::try_from(owner).unwrap() % model.at_work.len();
                end(&queue, model.at_work.swap_remove(place).1).await;
            }
            _ => {}
        }
        // With one worker nobody is skipped for longer than one turn of the ring of the six.
        assert!(workers > 1 || model.passed_over.values().all(|times| *times <= 6));
    }
    queue.database.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_account_with_the_fewest_at_work_is_served_and_each_in_its_turn(
        steps in prop::collection::vec((0_u8..6, 1_i64..7), 1..60),
        workers in 1_usize..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps, workers));
    }
}
