//! A server that loses everything, ends, hangs, or is demoted.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use infra_redis::{Call, RedisError};

use crate::support::{WAIT_MAX, add, add_when_back, open};

/// Calls in a row of which each would be noticed if it waited.
const CALLS: u32 = 1_000;
/// What all of them may take: far less than one wait.
const CALLS_TAKE_MAX: Duration = Duration::from_millis(80);

/// Without a server a call costs no wait.
async fn fails_at_once(redis: &infra_redis::Redis) {
    let begun = Instant::now();
    for _ in 0..CALLS {
        let failed = add(redis, "a", 1).await;
        assert!(matches!(failed, Err(RedisError::Away)), "{failed:?}");
    }
    let took = begun.elapsed();
    assert!(took < CALLS_TAKE_MAX, "{CALLS} calls took {took:?}");
}

#[tokio::test]
async fn functions_that_are_lost_are_loaded_again() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    assert_eq!(add(&redis, "a", 1).await.unwrap(), 1);
    server.ask(&["FLUSHALL"]);
    assert_eq!(add(&redis, "a", 1).await.unwrap(), 1);
    server.ask(&["FUNCTION", "FLUSH"]);
    assert_eq!(add(&redis, "a", 1).await.unwrap(), 2);
}

#[tokio::test]
async fn a_server_that_ended_costs_no_waits_and_comes_back_with_functions() {
    let Some(mut server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    let mut runs = HashSet::new();
    for _ in 0..3 {
        assert_eq!(add_when_back(&redis, "a").await, 1);
        let run = redis.connected().unwrap().run();
        assert!(runs.insert(run), "each run has its own name");
        server.kill();
        let begun = Instant::now();
        assert!(add(&redis, "a", 1).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(1));
        while redis.is_connected() {
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "it is not noticed"
            );
            let _ = add(&redis, "a", 1).await;
        }
        fails_at_once(&redis).await;
        server.restart();
    }
    assert_eq!(add_when_back(&redis, "a").await, 1);
}

#[tokio::test]
async fn a_server_that_hangs_costs_a_few_calls_their_wait_and_no_more() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    server.ask(&["CLIENT", "PAUSE", "2000", "ALL"]);
    for _ in 0..3 {
        let late = add(&redis, "a", 1).await;
        assert!(matches!(late, Err(RedisError::TimedOut)), "{late:?}");
    }
    fails_at_once(&redis).await;
    add_when_back(&redis, "b").await;
}

#[tokio::test]
async fn a_primary_that_is_demoted_is_left() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    let run = redis.connected().unwrap().run();
    assert_eq!(add(&redis, "a", 1).await.unwrap(), 1);
    server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    let refused = add(&redis, "a", 1).await;
    assert!(
        matches!(refused, Err(RedisError::Refused(_))),
        "{refused:?}"
    );
    fails_at_once(&redis).await;
    server.ask(&["REPLICAOF", "NO", "ONE"]);
    add_when_back(&redis, "a").await;
    let later = redis.connected().unwrap().run();
    assert_ne!(
        later, run,
        "what it took from another one may lack something"
    );
}

#[tokio::test]
async fn a_full_server_that_has_the_functions_is_connected_to_again() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    let first = add(&redis, "a", 1).await.unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
    let begun = Instant::now();
    loop {
        match add(&redis, "a", 1).await {
            Err(RedisError::Full(_)) => break,
            replied => assert!(begun.elapsed() < WAIT_MAX, "{replied:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Who starts now connects, too.
    assert!(open(&server).await.is_connected());
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(add(&redis, "a", 1).await.unwrap(), first + 1);
}

#[tokio::test]
async fn a_full_server_without_the_functions_is_as_one_that_is_away() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let redis = open(&server).await;
    let failed = add(&redis, "a", 1).await;
    assert!(matches!(failed, Err(RedisError::Away)), "{failed:?}");
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(add_when_back(&redis, "a").await, 1);
}

#[tokio::test]
async fn a_call_that_fails_is_no_fault_of_the_connection() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    for _ in 0..10 {
        let none: [&str; 0] = [];
        let failed = redis.call(&Call::new("tests_fail_1", &none)).await;
        assert!(matches!(failed, Err(RedisError::Refused(_))), "{failed:?}");
    }
    assert_eq!(add(&redis, "a", 1).await.unwrap(), 1);
}

#[tokio::test]
async fn many_calls_at_once_are_bounded_and_each_gets_its_own_reply() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    let calls = (0..2_000_i64).map(|number| {
        let redis = redis.clone();
        tokio::spawn(async move { (number, add(&redis, &number.to_string(), number).await) })
    });
    let (mut done, mut busy) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        match call.await.unwrap() {
            (number, Ok(sum)) => {
                assert_eq!(sum, number);
                done += 1;
            }
            (_, Err(RedisError::Busy | RedisError::TimedOut)) => busy += 1,
            (_, Err(error)) => panic!("{error}"),
        }
    }
    assert!(
        done > 0 && done + busy == 2_000,
        "{done} done, {busy} refused"
    );
}
