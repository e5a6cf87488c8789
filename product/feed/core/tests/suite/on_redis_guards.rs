//! Timelines in Redis: what ended meanwhile is not put back, whatever was lost in between.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use infra_bus::HandlerError;
use infra_kernel::Page;
use product_feed::Settings;
use product_feed_gateway::GetHomeRequest;
use testing_engines::{Redis, free_port};

use crate::bench::Bench;
use crate::on_redis::{bench_on, handle_at_last, until_kept};
use crate::world::context;

const ANN: u64 = 1;
const BEN: u64 = 2;

/// Ben's home after he has left Ann while a fan-out of hers is under way that has listed him, when
/// something happens to the server in between; and whether the fan-out got through at once.
async fn home_after(bench: &Arc<Bench>, happens: impl Fn()) -> (Vec<u64>, bool) {
    let (_, published) = bench.world.publish(ANN);
    let gate = bench.world.followers_gate.close().await;
    let fan_out = tokio::spawn({
        let (bench, event) = (Arc::clone(bench), published.clone());
        async move { bench.try_handle(&event).await }
    });
    bench.world.followers_gate.arrival().await;
    bench.unfollow(BEN, ANN).await;
    happens();
    until_kept(bench, BEN).await;
    drop(gate);
    let first_try = fan_out.await.unwrap();
    if let Err(error) = &first_try {
        assert!(matches!(error, HandlerError::Unavailable(_)), "{error:?}");
        handle_at_last(bench, &published).await;
    }
    (bench.home(BEN).await, first_try.is_ok())
}

#[tokio::test]
async fn a_fan_out_puts_back_nothing_that_ended_while_nothing_was_kept() {
    let Some(server) = Redis::start() else { return };
    let bench = Arc::new(bench_on(&server).await);
    bench.follow(BEN, ANN).await;
    assert!(!bench.is_kept(BEN).await);
    let (home, got_through) = home_after(&bench, || {}).await;
    assert!(home.is_empty() && got_through, "{home:?}");
}

#[tokio::test]
async fn a_fan_out_puts_back_nothing_that_ended_before_a_flush() {
    let Some(server) = Redis::start() else { return };
    let bench = Arc::new(bench_on(&server).await);
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let flush = || drop(server.ask(&["FLUSHALL"]));
    let (home, got_through) = home_after(&bench, flush).await;
    assert!(home.is_empty() && !got_through, "{home:?}");
}

#[tokio::test]
async fn a_fan_out_puts_back_nothing_whose_deletion_the_server_has_forgotten() {
    let Some(server) = Redis::start() else { return };
    let bench = Arc::new(bench_on(&server).await);
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let (post, published) = bench.world.publish(ANN);
    let gate = bench.world.followers_gate.close_for_one().await;
    let fan_out = tokio::spawn({
        let (bench, event) = (Arc::clone(&bench), published.clone());
        async move { bench.try_handle(&event).await }
    });
    bench.world.followers_gate.arrival().await;
    bench.delete(post).await;
    // As when it makes room.
    assert!(server.ask(&["DEL", "feed-guards"]).contains(":1"));
    assert!(bench.home(BEN).await.is_empty());
    drop(gate);
    let first_try = fan_out.await.unwrap();
    assert!(
        matches!(first_try, Err(HandlerError::Unavailable(_))),
        "{first_try:?}"
    );
    handle_at_last(&bench, &published).await;
    assert_eq!(bench.holding(post).await, 0);
}

#[tokio::test]
async fn a_deletion_looks_where_the_post_can_be() {
    let settings = Settings {
        merge_threshold: 3,
        fan_out_chunk: 2,
        ..Settings::default()
    };
    let Some(server) = Redis::start() else { return };
    let bench = Bench::on(Some(server.database(0)), settings).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let early = bench.publish(ANN).await;
    // So many begin to follow later that Ben is on none of the first pages.
    for reader in 100..130 {
        bench.world.follow(reader, ANN);
    }
    bench.world.clock.advance(Duration::from_secs(1));
    let late = bench.publish(ANN).await;
    assert_eq!(
        (bench.holding(early).await, bench.holding(late).await),
        (1, 0)
    );
    bench.delete(early).await;
    assert_eq!(bench.holding(early).await, 0);
    // What was published long after is with nobody but its author.
    bench.world.clock.advance(Duration::from_secs(2 * 60 * 60));
    bench.home(ANN).await;
    let merged = bench.publish(ANN).await;
    // Nor is it in timelines that are made later, whose readers see it nevertheless.
    for reader in [BEN, 100] {
        bench.rebuild(reader).await;
        assert_eq!(bench.home(reader).await[..2], [merged, late]);
    }
    assert_eq!(bench.holding(merged).await, 1);
    let listed = bench.world.followers_listed.load(Ordering::SeqCst);
    bench.delete(merged).await;
    assert_eq!(bench.holding(merged).await, 0);
    let now = bench.world.followers_listed.load(Ordering::SeqCst);
    assert_eq!(now, listed, "no follower was looked for");
    assert_eq!(bench.home(BEN).await, [late]);
}

#[tokio::test]
async fn what_one_place_kept_is_not_believed_after_another_one_was_used() {
    let Some(server) = Redis::start() else { return };
    let mut bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    for redis in [
        None,
        Some(server.database(0)),
        None,
        Some(server.database(0)),
    ] {
        let early = bench.publish(ANN).await;
        bench.redis = redis;
        bench.restart().await;
        let late = bench.publish(ANN).await;
        assert_eq!(bench.home(BEN).await[..2], [late, early]);
        bench.restart().await;
        assert!(bench.is_kept(BEN).await, "a restart alone loses nothing");
        assert_eq!(bench.whole(BEN, 3).await, bench.world.expected(BEN));
    }
}

#[tokio::test]
async fn what_a_server_kept_is_not_believed_after_another_one_was_used() {
    let (Some(server), Some(other)) = (Redis::start(), Redis::start()) else {
        return;
    };
    let mut bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    for database in [
        server.database(1),
        server.database(0),
        other.database(0),
        server.database(0),
        server.database(1),
    ] {
        bench.redis = Some(database);
        bench.restart().await;
        assert_eq!(bench.whole(BEN, 3).await, bench.world.expected(BEN));
        bench.publish(ANN).await;
        assert_eq!(bench.whole(BEN, 3).await, bench.world.expected(BEN));
    }
}

/// Tells the server at a port of this machine something.
fn tell(port: u16, command: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream
        .write_all(format!("{command}\r\n").as_bytes())
        .unwrap();
    let mut reply = [0];
    stream.read_exact(&mut reply).unwrap();
    assert_ne!(reply, *b"-", "{command}");
}

#[tokio::test]
async fn another_server_at_the_same_address_is_noticed_and_so_is_the_first_one_after_it() {
    let (Some(server), Some(other)) = (Redis::start(), Redis::start()) else {
        return;
    };
    let (here, there, spare) = (server.port(), other.port(), free_port());
    let bench = bench_on(&server).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    tell(here, &format!("CONFIG SET port {spare}"));
    tell(there, &format!("CONFIG SET port {here}"));
    tell(spare, "CLIENT KILL TYPE normal");
    // Nobody but readers waits for the connection: an event would say that timelines have gaps.
    until_kept(&bench, 98).await;
    bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, bench.world.expected(BEN));
    tell(here, &format!("CONFIG SET port {there}"));
    tell(spare, &format!("CONFIG SET port {here}"));
    tell(there, "CLIENT KILL TYPE normal");
    assert!(bench.is_kept(BEN).await, "the first server has it still");
    until_kept(&bench, 99).await;
    assert_eq!(bench.home(BEN).await, bench.world.expected(BEN));
}

#[tokio::test]
async fn what_guarded_the_tables_before_does_not_afterwards() {
    let Some(server) = Redis::start() else { return };
    let mut bench = Bench::on(None, Settings::default()).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    bench.unfollow(BEN, ANN).await;
    bench.redis = Some(server.database(0));
    bench.restart().await;
    bench.follow(BEN, ANN).await;
    let dropped = bench.core.tidy().await.unwrap().dropped;
    assert_eq!(dropped, 1, "the tables are cleared meanwhile");
    bench.redis = None;
    bench.restart().await;
    assert!(bench.home(BEN).await.is_empty());
    let post = bench.publish(ANN).await;
    assert_eq!(bench.home(BEN).await, [post], "the follow ended long ago");
}

#[tokio::test]
async fn what_another_process_began_to_make_before_a_change_is_made_again() {
    let Some(server) = Redis::start() else { return };
    let bench = bench_on(&server).await;
    let other = bench.another().await;
    bench.follow(BEN, ANN).await;
    bench.publish(ANN).await;
    let gate = bench.world.posts_gate.close_for_one().await;
    let reading = tokio::spawn(async move {
        let request = GetHomeRequest {
            account_id: BEN,
            page: Some(Page::newest(40).into()),
        };
        other.get_home(&context(), request).await.unwrap().entries
    });
    bench.world.posts_gate.arrival().await;
    bench.unfollow(BEN, ANN).await;
    drop(gate);
    assert!(reading.await.unwrap().is_empty());
    assert!(bench.is_kept(BEN).await);
    assert!(bench.home(BEN).await.is_empty());
}

#[tokio::test]
async fn an_old_event_leaves_no_hole_below_what_is_kept() {
    let settings = Settings {
        timeline_entries_max: 10,
        ..Settings::default()
    };
    let Some(server) = Redis::start() else { return };
    let bench = Bench::on(Some(server.database(0)), settings).await;
    bench.follow(BEN, ANN).await;
    bench.home(BEN).await;
    let (_, oldest) = bench.world.publish(ANN);
    bench.handle(&oldest).await;
    for _ in 0..30 {
        bench.publish(ANN).await;
    }
    bench.handle(&oldest).await;
    let expected = bench.world.expected(BEN);
    for limit in 1..20 {
        let page = bench.page(BEN, Page::newest(limit)).await;
        assert_eq!(page, expected[..page.len()]);
        assert_eq!(page.len(), limit as usize);
    }
}
