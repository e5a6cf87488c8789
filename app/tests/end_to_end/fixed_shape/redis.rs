//! Limits and homes on Redis: what people see while it is emptied, away or back, and what the
//! doctor says.

use std::process::Output;

use serde_json::json;
use testing_engines::Redis;

use crate::fixed_shape::commands::said;
use crate::harness::caller::text;
use crate::harness::person::PASSWORD;
use crate::harness::server::heliograph;
use crate::harness::{Person, Server, eventually};

const URL: &str = "HELIOGRAPH_REDIS_URL";
const READS_MAX: &str = "HELIOGRAPH_LIMITS__READS_PER_ACCOUNT_MAX";
/// So long that nothing comes back within the test.
const READS_WINDOW: (&str, &str) = ("HELIOGRAPH_LIMITS__READS_WINDOW_S", "86400");
const FAILURES_MAX: &str = "HELIOGRAPH_ACCOUNTS__SIGN_IN_FAILURES_PER_ACCOUNT";

/// How many more requests that read a person has, as the reply to one says.
async fn reads_left(person: &Person) -> u32 {
    let reply = person.get("/api/v1/preferences").await;
    assert_eq!(reply.header("x-ratelimit-limit"), "1000");
    reply.header("x-ratelimit-remaining").parse().unwrap()
}

/// Waits until Redis holds what the server writes there while a person does something.
async fn until_redis_has(redis: &Redis, names: &str, meanwhile: impl AsyncFn()) {
    eventually(&format!("Redis to have {names}"), async || {
        meanwhile().await;
        let found = redis.ask(&["KEYS", names]);
        found.contains(names.trim_end_matches('*')).then_some(())
    })
    .await;
}

async fn until_redis_counts(redis: &Redis, reader: &Person) {
    let read = async || _ = reads_left(reader).await;
    until_redis_has(redis, "limit:reads:*", read).await;
}

async fn until_homes_are_kept(redis: &Redis, reader: &Person) {
    let read = async || drop(reader.home().await);
    until_redis_has(redis, "home:*", read).await;
}

/// Whether this wrong password is held back.
async fn is_held_back(server: &Server, guess: u32) -> bool {
    let reply = server.web().sign_in("ada", &format!("guess {guess}")).await;
    reply.status == 429
}

#[tokio::test]
async fn limits_go_on_while_redis_is_emptied_away_and_back() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let url = redis.url();
    let settings = [
        (URL, url.as_str()),
        (READS_MAX, "1000"),
        READS_WINDOW,
        (FAILURES_MAX, "4"),
    ];
    let mut server = Server::with(&settings).await;
    let ada = server.person("ada").await;
    let left = reads_left(&ada).await;
    assert_eq!(reads_left(&ada).await, left - 1);
    // A restart of the process frees nobody any more.
    server.ask_to_stop();
    assert!(server.ended().await.success());
    server.start_again().await;
    assert_eq!(reads_left(&ada).await, left - 2);
    for guess in 0..2 {
        assert!(!is_held_back(&server, guess).await);
    }
    redis.ask(&["FLUSHALL"]);
    assert_eq!(reads_left(&ada).await, 999);
    for guess in 2..4 {
        assert!(!is_held_back(&server, guess).await);
    }
    assert!(
        is_held_back(&server, 4).await,
        "a flush frees nobody who guesses"
    );
    redis.kill();
    for left in [999, 998, 997] {
        assert_eq!(reads_left(&ada).await, left, "this process counts alone");
    }
    assert!(is_held_back(&server, 5).await, "nor does its end");
    ada.say("while it is away").await;
    redis.restart();
    until_redis_counts(&redis, &ada).await;
    assert!(is_held_back(&server, 6).await);
    server.person("bob").await;
    let web = server.web();
    web.sign_in("bob", PASSWORD).await;
    assert!(web.is_signed_in().await, "guesses about Ada lock Bob out");
}

#[tokio::test]
async fn a_server_starts_without_redis_and_uses_it_when_it_comes() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.kill();
    let url = redis.url();
    let server = Server::with(&[(URL, &url), (READS_MAX, "1000")]).await;
    let ada = server.person("ada").await;
    reads_left(&ada).await;
    redis.restart();
    until_redis_counts(&redis, &ada).await;
}

fn doctor(server: &Server, url: &str) -> Output {
    server.command(&["doctor"], URL, url).output().unwrap()
}

#[tokio::test]
async fn the_doctor_says_what_redis_is_and_what_may_be_lost() {
    let bounded = ["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(redis) = Redis::start_with(&bounded) else {
        return;
    };
    let server = Server::with(&[(URL, &redis.url())]).await;
    let words = said(&doctor(&server, &redis.url()));
    assert!(words.contains("replies; it is Redis"), "{words}");
    assert!(
        words.contains("64 MiB and removes what is used least"),
        "{words}"
    );
    assert!(words.contains("keeps nothing on its disk"), "{words}");
    assert!(!words.contains("zset-max-listpack-entries"), "{words}");
    redis.ask(&["CONFIG", "SET", "zset-max-listpack-entries", "128"]);
    let words = said(&doctor(&server, &redis.url()));
    assert!(
        words.contains("five times the memory that it could (zset-max-listpack-entries is 128)"),
        "{words}"
    );
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "volatile-ttl"]);
    let words = said(&doctor(&server, &redis.url()));
    assert!(words.contains("removes also what is in use"), "{words}");
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    let words = said(&doctor(&server, &redis.url()));
    assert!(words.contains("removes nothing"), "{words}");
    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    let words = said(&doctor(&server, &redis.url()));
    assert!(words.contains("no bound on its memory"), "{words}");

    let port = redis.port().to_string();
    let replica = Redis::start_with(&["--replicaof", "127.0.0.1", &port]).unwrap();
    let refused = doctor(&server, &replica.url());
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.contains("name the primary"), "{words}");
    let words = said(&doctor(&server, &redis.url()));
    assert!(words.contains("a replica follows Redis"), "{words}");
    let check = |url: &str| {
        let mut check = server.command(&["config", "check"], URL, url);
        check.output().unwrap()
    };
    let words = said(&check(&redis.url()));
    assert!(words.contains("replies; it is Redis"), "{words}");
    assert!(!check("redis://127.0.0.1:1").status.success());
    let gone = doctor(&server, "redis://ada:tulip@127.0.0.1:1");
    assert!(!gone.status.success());
    let words = said(&gone);
    assert!(
        words.contains("no Redis server replies at redis://127.0.0.1:1"),
        "{words}"
    );
    assert!(!words.contains("tulip"), "{words}");
}

#[tokio::test]
async fn a_url_that_leads_to_no_server_that_will_do_is_refused_with_what_to_do() {
    let folder = tempfile::TempDir::new().unwrap();
    let run = |command: &str, url: &str| {
        let mut program = heliograph();
        program.args([command, "--data-dir"]).arg(folder.path());
        program.env(URL, url).output().unwrap()
    };
    for (url, problem) in [
        ("rediss://ada:tulip@one", "encrypted connections"),
        ("memcached://ada:tulip@one", "redis://host:6379"),
        ("redis://ada:tulip@one/first", "redis://host:6379"),
    ] {
        let refused = run("migrate", url);
        assert!(!refused.status.success(), "{url}");
        let words = said(&refused);
        assert!(words.contains(problem), "{url}: {words}");
        assert!(!words.contains("tulip"), "{words}");
    }
    let Some(redis) = Redis::start_with(&["--requirepass", "daffodil"]) else {
        return;
    };
    let refused = run(
        "migrate",
        &format!("redis://:tulip@127.0.0.1:{}", redis.port()),
    );
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(
        words.contains("does not accept the account and password"),
        "{words}"
    );
    assert!(!words.contains("tulip"), "{words}");
}

#[tokio::test]
async fn homes_go_on_while_redis_is_emptied_away_and_back_and_nothing_deleted_reappears() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let server = Server::with(&[(URL, &redis.url())]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    let kept = text(&ada.say("kept").await, "/id");
    let deleted = text(&ada.say("deleted").await, "/id");
    let hidden = json!({"status": "for followers", "visibility": "private"});
    let hidden = text(&ada.publish(&hidden).await, "/id");
    for post in [&kept, &deleted, &hidden] {
        bob.finds_at_home(post).await;
    }
    until_homes_are_kept(&redis, &bob).await;
    redis.kill();
    // Read from the posts, and what cannot be told to Redis waits.
    bob.finds_at_home(&deleted).await;
    ada.delete(&format!("/api/v1/statuses/{deleted}"))
        .await
        .ok();
    bob.misses_at_home(&deleted).await;
    let meanwhile = text(&ada.say("meanwhile").await, "/id");
    bob.finds_at_home(&meanwhile).await;
    redis.restart();
    until_homes_are_kept(&redis, &bob).await;
    let late = text(&ada.say("late").await, "/id");
    bob.finds_at_home(&late).await;
    redis.ask(&["FLUSHALL"]);
    for post in [&kept, &hidden, &meanwhile, &late] {
        bob.finds_at_home(post).await;
    }
    bob.misses_at_home(&deleted).await;
    // What a timeline may still name, the rules hide.
    bob.unfollow(&ada).await;
    let home = bob.home().await;
    assert!(home.iter().all(|post| post["id"] != *hidden), "{home:?}");
}
