//! Timelines in Redis: emptied, ended, started again and brought up from an old snapshot, while
//! people post and read.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::future::join_all;
use infra_bus::{Event, HandlerError};
use infra_kernel::Page;
use product_feed::Settings;
use product_feed_gateway::GetHomeRequest;
use testing_engines::Redis;

use crate::bench::Bench;
use crate::world::context;

const ANN: u64 = 1;
const BEN: u64 = 2;
/// How long a test waits for what has to happen.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A feed on a server of its own.
pub(crate) async fn bench_on(server: &Redis) -> Bench {
    Bench::on(Some(server.database(0)), Settings::default()).await
}

/// Handles an event as the bus does: again until it is handled.
pub(crate) async fn handle_at_last(bench: &Bench, event: &Event) {
    let begun = Instant::now();
    while let Err(error) = bench.try_handle(event).await {
        assert!(matches!(error, HandlerError::Unavailable(_)), "{error:?}");
        assert!(begun.elapsed() < WAIT_MAX, "it is never handled: {error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn until_kept(bench: &Bench, account: u64) {
    let begun = Instant::now();
    while !bench.is_kept(account).await {
        assert!(begun.elapsed() < WAIT_MAX, "nothing is kept again");
        bench.home(account).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_the_server_every_post_arrives_once() {
    const READERS: Range<u64> = 10..20;
    let Some(mut server) = Redis::start() else {
        return;
    };
    let bench = Arc::new(bench_on(&server).await);
    for reader in READERS {
        bench.follow(reader, ANN).await;
        bench.home(reader).await;
    }
    let writing = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move {
            for _ in 0..300 {
                let (_, event) = bench.world.publish(ANN);
                handle_at_last(&bench, &event).await;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    });
    let reading = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move {
            loop {
                for reader in READERS {
                    let home = bench.home(reader).await;
                    let once: BTreeSet<_> = home.iter().collect();
                    assert_eq!(once.len(), home.len(), "a post stands twice");
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.ask(&["FLUSHALL"]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        if round == 1 {
            server.ask(&["SHUTDOWN", "NOSAVE"]);
        }
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.restart();
    }
    writing.await.unwrap();
    reading.abort();
    assert!(
        reading.await.is_err_and(|error| error.is_cancelled()),
        "a reader failed"
    );
    for reader in READERS {
        until_kept(&bench, reader).await;
        assert_eq!(bench.whole(reader, 40).await, bench.world.expected(reader));
    }
}

#[tokio::test]
async fn what_an_older_snapshot_brings_back_is_not_believed() {
    let Some(mut server) = Redis::start() else {
        return;
    };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let early = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [early]);
    let saved = server.ask(&["SAVE"]);
    assert!(saved.contains("OK"), "{saved}");
    let late = bench.publish(ANN).await;
    bench.delete(early).await;
    server.kill();
    server.restart();
    assert!(bench.is_kept(BEN).await, "the snapshot has the timeline");
    // It has the mark, too: only the run of the server is another one.
    until_connected(&bench).await;
    assert_eq!(bench.home(BEN).await, [late]);
    assert_eq!(bench.holding(early).await, 0);
}

/// Waits until there is a connection, by reading: an event that finds none would say that timelines
/// have gaps.
async fn until_connected(bench: &Bench) {
    const STRANGER: u64 = 99;
    until_kept(bench, STRANGER).await;
}

#[tokio::test]
async fn while_it_is_away_homes_are_read_from_the_posts_and_events_wait() {
    let Some(mut server) = Redis::start() else {
        return;
    };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    for _ in 0..50 {
        bench.publish(ANN).await;
    }
    server.kill();
    let (_, event) = bench.world.publish(ANN);
    let failed = bench.try_handle(&event).await;
    assert!(
        matches!(failed, Err(HandlerError::Unavailable(_))),
        "{failed:?}"
    );
    assert_eq!(bench.whole(BEN, 7).await, bench.world.expected(BEN));
    server.restart();
    handle_at_last(&bench, &event).await;
    until_kept(&bench, BEN).await;
    assert_eq!(bench.whole(BEN, 7).await, bench.world.expected(BEN));
}

#[tokio::test]
async fn a_server_that_hangs_costs_readers_little() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let post = bench.publish(ANN).await;
    server.ask(&["CLIENT", "PAUSE", "20000", "ALL"]);
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(bench.home(BEN).await, [post]);
    }
    // Three of them wait for 100 ms.
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

/// Has the server's process stop or go on.
fn signal(server: &Redis, signal: &str) {
    let process = server.process_id().to_string();
    let sent = Command::new("kill").args([signal, &process]).status();
    assert!(sent.unwrap().success(), "kill {signal} {process}");
}

#[tokio::test]
async fn what_events_could_not_say_while_it_was_unreachable_is_there_at_once_afterwards() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    signal(&server, "-STOP");
    // Replies that do not come cost the connection.
    for _ in 0..3 {
        assert!(bench.home(BEN).await.is_empty());
    }
    let (post, event) = bench.world.publish(ANN);
    bench.try_handle(&event).await.unwrap_err();
    assert_eq!(bench.home(BEN).await, [post]);
    signal(&server, "-CONT");
    // It has lost nothing, and the event waits for its turn.
    until_connected(&bench).await;
    until_kept(&bench, BEN).await;
    assert_eq!(bench.home(BEN).await, [post]);
    bench.handle(&event).await;
    assert_eq!(bench.home(BEN).await, [post]);
    assert_eq!(bench.holding(post).await, 1);
}

/// How many timelines are made when all are lost and each of these readers comes thrice.
async fn made_when_all_are_lost(
    server: &Redis,
    bench: &Arc<Bench>,
    readers: Range<u64>,
    post: u64,
) -> usize {
    const MAKINGS_MAX: usize = 8;
    server.ask(&["FLUSHALL"]);
    let listed = bench.world.following_listed.load(Ordering::SeqCst);
    let gate = bench.world.posts_gate.close().await;
    let everyone_thrice = readers.clone().chain(readers.clone()).chain(readers);
    let homes = everyone_thrice.map(|reader| {
        let bench = Arc::clone(bench);
        tokio::spawn(async move { bench.home(reader).await })
    });
    let homes: Vec<_> = homes.collect();
    let begun = || bench.world.following_listed.load(Ordering::SeqCst) - listed;
    let waited = Instant::now();
    while begun() < MAKINGS_MAX {
        assert!(waited.elapsed() < WAIT_MAX, "{} are made", begun());
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(begun(), MAKINGS_MAX);
    drop(gate);
    for home in homes {
        assert_eq!(home.await.unwrap(), [post]);
    }
    begun()
}

#[tokio::test]
async fn when_all_are_lost_only_a_few_are_made_at_a_time_and_nobody_is_turned_away() {
    const READERS: Range<u64> = 100..200;
    const TRIES_MAX: usize = 10;
    let Some(server) = Redis::start() else { return };
    let bench = Arc::new(bench_on(&server).await);
    for reader in READERS {
        bench.world.follow(reader, ANN);
    }
    let post = bench.publish(ANN).await;
    join_all(READERS.map(|reader| bench.home(reader))).await;
    for _ in 0..TRIES_MAX {
        let made = made_when_all_are_lost(&server, &bench, READERS, post).await;
        if made == READERS.count() {
            return;
        }
        // On a busy machine Redis does not always reply in time, and homes come from the posts.
        assert!(made > READERS.count(), "{made} were made");
        until_connected(&bench).await;
    }
    panic!("one reader's timeline is made more than once, each time");
}

#[tokio::test]
async fn two_processes_keep_one_timeline() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    let other = bench.another().await;
    bench.follow(BEN, ANN).await;
    assert!(bench.home(BEN).await.is_empty());
    let post = bench.publish(ANN).await;
    let listed = bench.world.posts_listed.load(Ordering::SeqCst);
    let request = || GetHomeRequest {
        account_id: BEN,
        page: Some(Page::newest(40).into()),
    };
    let reply = other.get_home(&context(), request()).await.unwrap();
    let posts: Vec<_> = reply.entries.iter().map(|entry| entry.post_id).collect();
    assert_eq!(posts, [post]);
    bench.unfollow(BEN, ANN).await;
    let reply = other.get_home(&context(), request()).await.unwrap();
    assert!(reply.entries.is_empty());
    let now = bench.world.posts_listed.load(Ordering::SeqCst);
    assert_eq!(now, listed, "neither made what the other has");
}

#[tokio::test]
async fn a_timeline_has_a_lifetime_that_only_its_reader_extends() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let redis = bench.redis.as_ref().unwrap();
    let key = "redis.call('KEYS', 'home:*')[1]";
    let left = || redis.run(&format!("return redis.call('TTL', {key})"));
    let active_s = i64::try_from(Settings::default().active_window_s).unwrap();
    assert!((active_s - 60..=active_s).contains(&left()), "{}", left());
    redis.run(&format!("return redis.call('EXPIRE', {key}, 1000)"));
    bench.publish(ANN).await;
    bench.follow(BEN, 7).await;
    bench.unfollow(BEN, ANN).await;
    assert!(left() <= 1_000, "nobody has read");
    bench.home(BEN).await;
    assert!(left() > 1_000);
}

#[tokio::test]
async fn eight_hundred_posts_are_one_compact_list() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    for _ in 0..800 {
        bench.world.publish(ANN);
    }
    bench.home(BEN).await;
    let redis = bench.redis.as_ref().unwrap();
    let key = "redis.call('KEYS', 'home:*')[1]";
    let of = |what: &str| redis.run(&format!("return redis.call({what}, {key})"));
    assert_eq!(of("'ZCARD'"), 801);
    let bytes = of("'MEMORY', 'USAGE'");
    println!("a timeline of 800 posts takes {bytes} bytes");
    assert!(bytes < 26_000, "{bytes}");
    let encoding = server.ask(&[
        "EVAL",
        &format!("return redis.call('OBJECT', 'ENCODING', {key})"),
        "0",
    ]);
    assert!(encoding.contains("listpack"), "{encoding}");
    // It stays bounded, and compact, whatever comes in and leaves.
    for _ in 0..300 {
        bench.publish(ANN).await;
    }
    for followee in 1_000..1_090 {
        bench.follow(BEN, followee).await;
        bench.unfollow(BEN, followee).await;
    }
    bench.home(BEN).await;
    assert!(of("'ZCARD'") <= 1_001, "{}", of("'ZCARD'"));
    assert_eq!(
        bench.page(BEN, Page::newest(200)).await,
        bench.world.expected(BEN)[..200]
    );
}

#[tokio::test]
async fn a_timeline_that_nobody_completes_does_not_grow() {
    let settings = Settings {
        timeline_entries_max: 16,
        ..Settings::default()
    };
    let Some(server) = Redis::start() else { return };
    let bench = Bench::on(Some(server.database(0)), settings).await;
    bench.home(BEN).await;
    bench.follow(BEN, ANN).await;
    for _ in 0..100 {
        bench.publish(ANN).await;
        assert!(bench.held_by(BEN).await <= 18);
    }
    assert_eq!(bench.home(BEN).await, bench.world.expected(BEN)[..40]);
}

#[tokio::test]
async fn a_server_without_room_keeps_nobody_from_reading() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    let post = bench.publish(ANN).await;
    bench.home(BEN).await;
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(bench.home(BEN).await, [post], "what is kept is read");
    assert!(
        bench.home(7).await.is_empty(),
        "and what cannot be kept, too"
    );
    bench.delete(post).await;
    assert!(bench.home(BEN).await.is_empty());
    // What comes meanwhile has no place there: who would have a gap has nothing.
    let late = bench.publish(ANN).await;
    assert!(!bench.is_kept(BEN).await);
    assert_eq!(bench.home(BEN).await, [late]);
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    let later = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [later, late]);
    assert!(bench.is_kept(BEN).await);
}
