//! Limits on the server are the limits of one process: the same calls come to the same, whatever
//! they are.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use infra_kernel::Uptime;
use infra_redis::{LIMITS, Redis, RedisLimiter};
use infra_resilience::{Bucket, BucketKey, Grant, Limit, LimitReached, Limiter, LocalLimiter};
use proptest::prelude::*;

/// What a caller does.
#[derive(Debug, Clone)]
enum Step {
    /// Takes from these limits' buckets of a key.
    Take { limits: Vec<usize>, key: u8 },
    /// Releases one of those that were taken.
    Release(usize),
    /// Time passes, in microseconds.
    Wait(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let limits = proptest::sample::subsequence(vec![0, 1, 2, 3], 0..=4);
    prop_oneof![
        6 => (limits, 0_u8..3).prop_map(|(limits, key)| Step::Take { limits, key }),
        2 => any::<usize>().prop_map(Step::Release),
        2 => (0_u32..40_000_000).prop_map(Step::Wait),
    ]
}

/// Of one process each: what they count there, nobody shares.
fn limits(are_guarded: bool) -> [Limit; 4] {
    let limits = [
        Limit::new("few", 2, 10),
        Limit::new("some", 3, 30),
        Limit::new("odd", 7, 60),
        Limit::new("none", 0, 60),
    ];
    limits.map(|limit| if are_guarded { limit.guarded() } else { limit })
}

fn buckets<'l>(limits: &'l [Limit; 4], which: &[usize], key: u8) -> Vec<Bucket<'l>> {
    let key = BucketKey::of(&[&[key]]);
    let which = which.iter().map(|at| &limits[*at]);
    which.map(|limit| Bucket { limit, key }).collect()
}

/// What is to be compared: not where it was counted.
fn outcome(
    taken: Result<Grant, LimitReached>,
) -> Result<Option<infra_resilience::Level>, LimitReached> {
    taken.map(|grant| grant.level)
}

async fn play(
    steps: &[Step],
    are_guarded: bool,
    shared: &RedisLimiter,
) -> Result<(), TestCaseError> {
    let (here, there) = (limits(are_guarded), limits(are_guarded));
    let local = LocalLimiter::default();
    let mut now_us = 1_800_000_000_000_000;
    let mut taken = Vec::new();
    for step in steps {
        let now = Uptime::from_microseconds(now_us);
        match step {
            Step::Take { limits, key } => {
                let one = local.take(&buckets(&here, limits, *key), now).await;
                let other = shared.take(&buckets(&there, limits, *key), now).await;
                if let (Ok(one), Ok(other)) = (one, other) {
                    taken.push((limits, *key, one, other));
                }
                prop_assert_eq!(outcome(one), outcome(other));
            }
            Step::Release(which) if !taken.is_empty() => {
                let (limits, key, one, other) = taken.swap_remove(which % taken.len());
                local.release(one, &buckets(&here, limits, key), now).await;
                shared
                    .release(other, &buckets(&there, limits, key), now)
                    .await;
            }
            Step::Release(_) => {}
            Step::Wait(us) => now_us += i64::from(*us),
        }
    }
    Ok(())
}

#[test]
fn the_server_and_one_process_agree_on_every_sequence_of_calls() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime
        .block_on(Redis::open(&server.url(), &[LIMITS]))
        .unwrap();
    let shared = RedisLimiter::new(redis, NonZeroU32::MIN).with_time_of_callers();
    let steps = proptest::collection::vec(step(), 1..60);
    proptest!(ProptestConfig::with_cases(64), |(steps in steps, are_guarded: bool)| {
        server.ask(&["FLUSHALL"]);
        runtime.block_on(play(&steps, are_guarded, &shared))?;
    });
}

#[tokio::test]
async fn processes_share_what_is_left_and_the_servers_clock() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let mut processes = Vec::new();
    for _ in 0..4 {
        let redis = Redis::open(&server.url(), &[LIMITS]).await.unwrap();
        processes.push(RedisLimiter::new(redis, NonZeroU32::MIN));
    }
    let limit = Limit::new("shared", 10, 3_600);
    let bucket = Bucket {
        limit: &limit,
        key: BucketKey::of(&[b"ada"]),
    };
    let mut allowed = 0;
    for (at, process) in processes.iter().cycle().take(40).enumerate() {
        // Their own clocks count for nothing.
        let now = Uptime::from_microseconds(at as i64 * 1_000_000_000_000);
        allowed += u32::from(process.take(&[bucket], now).await.is_ok());
    }
    assert_eq!(allowed, 10);
    let reached = processes[0]
        .take(&[bucket], Uptime::default())
        .await
        .unwrap_err();
    assert!(reached.wait > Duration::from_secs(300), "{reached:?}");
    // What is kept goes by itself.
    let key = "limit:shared:ada";
    let left = server.ask(&[
        "EVAL",
        "return redis.call('PTTL', redis.call('KEYS', '*')[1])",
        "0",
    ]);
    let left: i64 = left.trim_start_matches(':').trim().parse().unwrap();
    assert!((3_000_000..=3_600_001).contains(&left), "{key}: {left} ms");
}

#[tokio::test]
async fn of_callers_in_the_same_moment_only_as_many_get_one_as_there_are() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = Redis::open(&server.url(), &[LIMITS]).await.unwrap();
    let limiter = Arc::new(RedisLimiter::new(redis, NonZeroU32::MIN));
    let limit = Arc::new(Limit::new("crowd", 5, 3_600));
    let tries = (0..100).map(|_| {
        let (limiter, limit) = (Arc::clone(&limiter), Arc::clone(&limit));
        tokio::spawn(async move {
            let key = BucketKey::of(&[b"ada"]);
            let bucket = Bucket { limit: &limit, key };
            limiter.take(&[bucket], Uptime::default()).await.is_ok()
        })
    });
    let mut allowed = 0;
    for one in tries.collect::<Vec<_>>() {
        allowed += u32::from(one.await.unwrap());
    }
    assert_eq!(allowed, 5);
}
