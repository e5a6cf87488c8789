//! Order and redelivery against their oracle: for any plan of failures, rejections and restarts,
//! each key's events are attempted exactly as one after the other would be.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use infra_bus::{DeadLetters, Event, Handler, HandlerError, RetryPolicy, Settings, Subscription};
use infra_kernel::{Context, SystemClock};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseResult};

use crate::kit::{NAME, Run, World, failed, number, quick, subscription};

const ATTEMPTS_MAX: u32 = 4;
const KEYS: u64 = 6;

/// What happens to one event: how often it fails, and whether it is rejected at last.
#[derive(Debug, Clone)]
struct EventOutcome {
    key: u64,
    failures: u32,
    rejected: bool,
}

impl EventOutcome {
    fn attempts(&self) -> u32 {
        (self.failures + 1).min(ATTEMPTS_MAX)
    }

    fn is_dead(&self) -> bool {
        self.rejected || self.failures >= ATTEMPTS_MAX
    }
}

#[derive(Debug, Clone)]
struct Plan {
    outcomes: Vec<EventOutcome>,
    concurrency: usize,
    window: u32,
    /// How many events are published at a time.
    batch: usize,
    /// After how many publications the subscription is ended and started again.
    restart_every: usize,
    ending: Ending,
}

/// How a run of the subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// When everything is settled: nothing may be repeated.
    Settled,
    /// In good order, in the middle: what finished before its turn may be repeated.
    Stopped,
    /// As a crash ends it.
    Killed,
}

fn plans() -> impl Strategy<Value = Plan> {
    let failures = prop_oneof![6 => Just(0_u32), 3 => 1_u32..4, 1 => 4_u32..6];
    let outcome =
        (0..KEYS, failures, prop::bool::weighted(0.1)).prop_map(|(key, failures, rejected)| {
            EventOutcome {
                key,
                failures,
                rejected,
            }
        });
    let outcomes = prop::collection::vec(outcome, 1..120);
    let ending = prop_oneof![
        Just(Ending::Settled),
        Just(Ending::Stopped),
        Just(Ending::Killed)
    ];
    (
        outcomes,
        1_usize..6,
        2_u32..40,
        1_usize..40,
        1_usize..6,
        ending,
    )
        .prop_map(
            |(outcomes, concurrency, window, batch, restart_every, ending)| Plan {
                outcomes,
                concurrency,
                window,
                batch,
                restart_every,
                ending,
            },
        )
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn each_key_is_handled_as_if_it_were_alone(plan in plans()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(check(plan))?;
    }
}

/// A handler that follows the plan, and records each attempt and whether two of one key were ever
/// under way at once.
struct Follower {
    outcomes: Vec<EventOutcome>,
    record: Arc<Mutex<Record>>,
    /// Keys under way in this run. An attempt that a kill ends may begin on its thread after the
    /// kill and is never taken out of here: each run has its own.
    busy: Mutex<HashSet<u64>>,
}

impl Follower {
    fn new(plan: &Plan, record: &Arc<Mutex<Record>>) -> Arc<Self> {
        Arc::new(Self {
            outcomes: plan.outcomes.clone(),
            record: Arc::clone(record),
            busy: Mutex::default(),
        })
    }
}

/// What all runs of one plan did.
#[derive(Default)]
struct Record {
    attempts: Vec<u64>,
    overlapped: bool,
}

#[async_trait]
impl Handler for Follower {
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        let number = number(event);
        let outcome = &self.outcomes[number as usize];
        let attempt = {
            let is_alone = self.busy.lock().unwrap().insert(outcome.key);
            let record = &mut *self.record.lock().unwrap();
            record.overlapped |= !is_alone;
            record.attempts.push(number);
            record
                .attempts
                .iter()
                .filter(|seen| **seen == number)
                .count()
        };
        tokio::task::yield_now().await;
        self.busy.lock().unwrap().remove(&outcome.key);
        if attempt <= outcome.failures as usize {
            Err(failed("as planned"))
        } else if outcome.rejected {
            Err(HandlerError::Reject("as planned".into()))
        } else {
            Ok(())
        }
    }
}

fn planned(plan: &Plan) -> Subscription {
    Subscription {
        concurrency: plan.concurrency,
        retry: RetryPolicy {
            attempts_max: ATTEMPTS_MAX,
            pause_min: Duration::from_millis(1),
            pause_max: Duration::from_millis(4),
            attempt_timeout: Duration::from_secs(10),
        },
        ..subscription()
    }
}

async fn check(plan: Plan) -> TestCaseResult {
    let settings = Settings {
        window_events_max: plan.window,
        batch_events_max: plan.window.div_ceil(3),
        ..quick()
    };
    let world = World::with(&settings, Arc::new(SystemClock)).await;
    let record = Arc::default();
    let mut run = world.run(planned(&plan), Follower::new(&plan, &record));
    let numbered: Vec<_> = (0..).zip(&plan.outcomes).collect();
    for (round, batch) in numbered.chunks(plan.batch).enumerate() {
        let events: Vec<_> = batch
            .iter()
            .map(|(number, outcome)| world.event(outcome.key, *number))
            .collect();
        world.publish(&events).await;
        if round % plan.restart_every == plan.restart_every - 1 {
            end(&world, run, plan.ending).await;
            run = world.run(planned(&plan), Follower::new(&plan, &record));
        }
    }
    world.settled().await;
    run.stop().await;
    let record = std::mem::take(&mut *record.lock().unwrap());
    prop_assert!(
        !record.overlapped,
        "two events of one key were handled at once"
    );
    if plan.ending == Ending::Settled {
        compare(&plan, &record.attempts)?;
    } else {
        compare_loosely(&plan, &record.attempts)?;
    }
    compare_dead(&plan, &world).await
}

async fn end(world: &World, run: Run, ending: Ending) {
    match ending {
        Ending::Settled => {
            world.settled().await;
            run.stop().await;
        }
        Ending::Stopped => run.stop().await,
        Ending::Killed => run.kill().await,
    }
}

/// What holds even when deliveries are repeated: no event is tried before every earlier one of its
/// key has been tried to its end, and each is tried to its end.
fn compare_loosely(plan: &Plan, attempts: &[u64]) -> TestCaseResult {
    let mut tried = vec![0; plan.outcomes.len()];
    for number in attempts {
        let number = *number as usize;
        for (earlier, outcome) in plan.outcomes[..number].iter().enumerate() {
            let other_key = outcome.key != plan.outcomes[number].key;
            prop_assert!(
                other_key || tried[earlier] >= outcome.attempts(),
                "{number} was tried before {earlier} was done with"
            );
        }
        tried[number] += 1;
    }
    for (outcome, tried) in plan.outcomes.iter().zip(tried) {
        prop_assert!(
            tried >= outcome.attempts(),
            "{outcome:?} was tried {tried} times"
        );
    }
    Ok(())
}

/// The oracle: each event of a key as often as it must be tried, then the next.
fn compare(plan: &Plan, attempts: &[u64]) -> TestCaseResult {
    for key in 0..KEYS {
        let of_key = |number: &u64| plan.outcomes[*number as usize].key == key;
        let expected: Vec<u64> = (0..)
            .zip(&plan.outcomes)
            .filter(|(_, outcome)| outcome.key == key)
            .flat_map(|(number, outcome)| std::iter::repeat_n(number, outcome.attempts() as usize))
            .collect();
        let actual: Vec<u64> = attempts.iter().copied().filter(of_key).collect();
        prop_assert_eq!(actual, expected, "key {}", key);
    }
    Ok(())
}

async fn compare_dead(plan: &Plan, world: &World) -> TestCaseResult {
    let letters = DeadLetters::new(world.database.clone(), Arc::new(SystemClock));
    let found = letters.list(Some(NAME), 0, DeadLetters::PAGE_MAX).await;
    let dead: BTreeSet<u64> = found.unwrap().iter().map(|l| number(&l.event)).collect();
    let expected: BTreeSet<u64> = (0..)
        .zip(&plan.outcomes)
        .filter(|(_, outcome)| outcome.is_dead())
        .map(|(number, _)| number)
        .collect();
    if plan.ending == Ending::Settled {
        prop_assert_eq!(dead, expected);
    } else {
        // An attempt that was not noted before the end is one more than allowed, and may succeed.
        prop_assert!(dead.is_subset(&expected));
    }
    Ok(())
}
