//! What a server must be, and what is said of one that is not.

use infra_redis::{ConnectError, Redis, RedisError, inspect};

use crate::support::{LIBRARIES, add, add_when_back, open};

#[tokio::test]
async fn functions_are_there_from_the_first_call() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let redis = open(&server).await;
    assert_eq!(add(&redis, "a", 2).await.unwrap(), 2);
    assert_eq!(add(&redis.clone(), "a", 3).await.unwrap(), 5);
    // Another process, as one that is started while the first one serves.
    assert_eq!(add(&open(&server).await, "a", 1).await.unwrap(), 6);
}

#[tokio::test]
async fn who_is_not_let_in_hears_so_and_no_password_is_said() {
    let Some(server) = testing_engines::Redis::start_with(&["--requirepass", "tulip"]) else {
        return;
    };
    let port = server.port();
    let with_password = format!("redis://:tulip@127.0.0.1:{port}");
    let redis = Redis::open(&with_password, LIBRARIES).await.unwrap();
    assert_eq!(add(&redis, "a", 1).await.unwrap(), 1);
    for account in [":daffodil@", "ada:daffodil@", ""] {
        let url = format!("redis://{account}127.0.0.1:{port}");
        let refused = Redis::open(&url, LIBRARIES).await.err().unwrap();
        assert!(
            matches!(refused, ConnectError::Unauthorized(_)),
            "{refused}"
        );
        assert!(!format!("{refused:?}").contains("daffodil"), "{refused:?}");
    }
}

#[tokio::test]
async fn who_may_not_load_functions_hears_so() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    server.ask(&[
        "ACL",
        "SETUSER",
        "ada",
        "on",
        ">tulip",
        "~*",
        "+@all",
        "-function",
    ]);
    let url = format!("redis://ada:tulip@127.0.0.1:{}", server.port());
    let refused = Redis::open(&url, LIBRARIES).await.err().unwrap();
    assert!(matches!(refused, ConnectError::Forbidden(..)), "{refused}");
}

#[tokio::test]
async fn a_replica_is_refused_and_its_primary_is_asked_for() {
    let Some(primary) = testing_engines::Redis::start() else {
        return;
    };
    let port = primary.port().to_string();
    let replica = testing_engines::Redis::start_with(&["--replicaof", "127.0.0.1", &port]).unwrap();
    let refused = Redis::open(&replica.url(), LIBRARIES).await.err().unwrap();
    assert!(matches!(refused, ConnectError::Replica(_)), "{refused}");
    let refused = inspect(&replica.url(), 0).await.unwrap_err();
    assert!(
        refused.to_string().contains("name the primary"),
        "{refused}"
    );
}

#[tokio::test]
async fn code_that_the_server_does_not_take_is_no_matter_of_waiting() {
    let Some(server) = testing_engines::Redis::start() else {
        return;
    };
    let broken = infra_redis::Library {
        code: "#!lua name=broken_1\nredis.register_function(",
    };
    let refused = Redis::open(&server.url(), &[broken]).await.err().unwrap();
    assert!(matches!(refused, ConnectError::Library(..)), "{refused}");
    assert!(!refused.is_transient());
}

#[tokio::test]
async fn a_server_that_is_away_at_the_start_may_come_later() {
    let Some(mut server) = testing_engines::Redis::start() else {
        return;
    };
    server.kill();
    let redis = open(&server).await;
    assert!(!redis.is_connected());
    assert!(matches!(add(&redis, "a", 1).await, Err(RedisError::Away)));
    server.restart();
    assert_eq!(add_when_back(&redis, "a").await, 1);
    assert!(redis.is_connected());
}

#[tokio::test]
async fn a_server_says_what_it_is() {
    let bounded = ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = testing_engines::Redis::start_with(&bounded) else {
        return;
    };
    let facts = inspect(&server.url(), 0).await.unwrap();
    assert_eq!(facts.address, server.url());
    assert!(
        facts
            .version
            .starts_with(|first: char| first.is_ascii_digit())
    );
    assert_eq!(facts.memory_max_bytes, 64 << 20);
    assert!(facts.memory_bytes > 100_000, "{facts:?}");
    assert_eq!(facts.eviction, "allkeys-lru");
    assert_eq!(facts.has_snapshots, Some(false));
    assert!(!facts.has_append_only_file);
    assert_eq!(facts.listpack_entries_max, Some(1_024));
    assert_eq!(facts.replicas, 0);
    assert!(
        facts.clock_ahead_us > 1_600_000_000_000_000,
        "since the epoch"
    );
}
