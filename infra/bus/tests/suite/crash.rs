//! `kill -9`, many times: what was acknowledged is not lost, and nothing happens twice.
//!
//! The test runs itself again as a child process: it writes rows with their events and says so on
//! its standard output after each commit, while a relay, the bus and a consumer turn every event
//! into an effect in a database of its own. The parent kills it at random moments and starts it
//! again on the same folder. In the end everything is drained and compared.
//!
//! `BUS_CRASH_KILLS` and `BUS_CRASH_SEED` set the number of kills and the seed.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use infra_bus::{Bus as _, EmbeddedBus, Event, HandlerError, Relay, RetryPolicy, Subscription};
use infra_db::Database;
use infra_kernel::{EventId, IdGenerator, SystemClock};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;

use crate::kit::{
    NAME, Recorder, Run, TOPIC, count, eventually, failed, headers, open_database, quick,
    quick_retry, run, subscription,
};
use crate::relay::{open_domain, open_effects, take_effect, write};

/// How many times a child is killed, all lanes together.
const KILLS: u64 = 200;
/// How many children live concurrently, each in a folder of its own.
const LANES: u64 = 4;
/// Where the child works; that it is set makes the process a child.
const FOLDER: &str = "BUS_CRASH_FOLDER";
/// What stands before the number of a write that was committed.
const WRITTEN: &str = "written ";
/// How many tasks of the child write concurrently.
const WRITERS: u64 = 4;
/// One delivery in this many fails after its effect, one before.
const FAILURE_ODDS: u32 = 10;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn killed_at_any_moment_it_loses_nothing_and_does_nothing_twice() {
    let kills = from_environment("BUS_CRASH_KILLS").unwrap_or(KILLS);
    let seed = from_environment("BUS_CRASH_SEED").unwrap_or_else(rand::random);
    println!("{kills} kills, BUS_CRASH_SEED={seed}");
    let begun = Instant::now();
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let kills = kills / LANES + u64::from(lane < kills % LANES);
            std::thread::spawn(move || run_lane(kills, seed.wrapping_add(lane)))
        })
        .collect();
    let mut hits = Hits::default();
    for lane in lanes {
        let more = lane.join().unwrap();
        hits.unacknowledged += more.unacknowledged;
        hits.repeats += more.repeats;
    }
    println!("{hits:?}, {:?}", begun.elapsed());
    // Without these the kills came at the wrong moments and the test showed nothing.
    assert!(hits.unacknowledged > 0, "no write was cut from its answer");
    assert!(hits.repeats > 0, "no delivery was repeated");
}

/// That the kills hit something.
#[derive(Debug, Default)]
struct Hits {
    /// Writes that were committed when the kill came before their response.
    unacknowledged: usize,
    /// Deliveries after the effect had happened.
    repeats: i64,
}

/// Kills a child again and again, then checks.
fn run_lane(kills: u64, seed: u64) -> Hits {
    let folder = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = BTreeSet::new();
    for _ in 0..kills {
        acknowledged.extend(live_and_die(folder.path(), &mut random));
    }
    assert!(!acknowledged.is_empty(), "nothing was ever written");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(drain_and_check(folder.path(), &acknowledged))
}

/// One life of a child. Half of them end at a moment counted from the start, which hits opening and
/// recovery; the others at a moment counted from the first write, which hits the work.
fn live_and_die(folder: &Path, random: &mut StdRng) -> Vec<i64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    if random.random_bool(0.5) {
        std::thread::sleep(Duration::from_millis(random.random_range(0..150)));
        kill_and_collect(&mut child, output)
    } else {
        let mut output = output;
        let mut begun = Vec::new();
        // Ends when the child has written once. If it died instead, the rest is empty and the
        // comparison tells.
        while !begun.iter().any(|line: &String| line.starts_with(WRITTEN)) {
            let mut line = String::new();
            if output.read_line(&mut line).unwrap() == 0 {
                panic!("the child ended by itself");
            }
            begun.push(line);
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..120)));
        let mut written = numbers(&begun);
        written.extend(kill_and_collect(&mut child, output));
        written
    }
}

fn kill_and_collect(child: &mut Child, mut output: BufReader<ChildStdout>) -> Vec<i64> {
    child.kill().unwrap();
    child.wait().unwrap();
    let mut lines = Vec::new();
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        lines.push(std::mem::take(&mut line));
    }
    numbers(&lines)
}

/// The writes that were acknowledged. A last line without its end was cut by the kill and
/// acknowledged nothing.
fn numbers(lines: &[String]) -> Vec<i64> {
    lines
        .iter()
        .filter_map(|line| line.strip_prefix(WRITTEN)?.strip_suffix('\n'))
        .map(|number| number.parse().unwrap())
        .collect()
}

/// The bus with all its neighbours, in one folder.
struct Parts {
    bus: EmbeddedBus,
    bus_database: Database,
    domain: Database,
    effects: Database,
    consumer: Run,
    stop: CancellationToken,
}

async fn start(folder: &Path) -> Parts {
    let bus_database = open_database(folder).await;
    let domain = open_domain(folder).await;
    let effects = open_effects(folder).await;
    let bus = EmbeddedBus::open(bus_database.clone(), Arc::new(SystemClock), &quick());
    let database = effects.clone();
    let handler = Recorder::new(move |event| act(database.clone(), event));
    let subscription = Subscription {
        retry: RetryPolicy {
            attempts_max: 1_000,
            ..quick_retry()
        },
        ..subscription()
    };
    let consumer = run(&bus, subscription, handler);
    let stop = CancellationToken::new();
    let relay = Relay::new(domain.clone(), Arc::new(bus.clone()));
    let token = stop.clone();
    tokio::spawn(async move { relay.run(token).await });
    Parts {
        bus,
        bus_database,
        domain,
        effects,
        consumer,
        stop,
    }
}

/// The effect, with failures before and after it, so that redelivery is under way too when the kill
/// comes.
async fn act(effects: Database, event: Event) -> Result<(), HandlerError> {
    if rand::random_ratio(1, FAILURE_ODDS) {
        return Err(failed("before the effect"));
    }
    take_effect(&effects, event).await?;
    if rand::random_ratio(1, FAILURE_ODDS) {
        return Err(failed("after the effect"));
    }
    Ok(())
}

/// The child's life. In an ordinary run of the tests it has no folder and does nothing.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let parts = start(Path::new(&folder)).await;
        let ids = Arc::new(IdGenerator::new(0, Arc::new(SystemClock)));
        let writers =
            (0..WRITERS).map(|key| write_for_ever(parts.domain.clone(), ids.clone(), key));
        futures::future::join_all(writers).await;
    });
}

async fn write_for_ever(domain: Database, ids: Arc<IdGenerator>, key: u64) {
    loop {
        let id: EventId = ids.next();
        let event = Event {
            id,
            topic: TOPIC.to_owned(),
            key,
            payload: id.get().to_be_bytes().to_vec(),
            occurred_at: id.created_at(),
            headers: headers("crash"),
        };
        write(&domain, event).await.unwrap();
        // Past the test harness's own capture, in one write that a kill cannot cut into another's.
        let line = format!("{WRITTEN}{}\n", id.to_sql());
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn drain_and_check(folder: &Path, acknowledged: &BTreeSet<i64>) -> Hits {
    let parts = start(folder).await;
    eventually("everything is drained", async || {
        let statuses = parts.bus.statuses().await.unwrap();
        let drained = |status: &infra_bus::Status| {
            status.subscription == NAME && status.behind == 0 && status.waiting == 0
        };
        count(&parts.domain, "outbox").await == 0 && statuses.iter().any(drained)
    })
    .await;
    parts.stop.cancel();
    parts.consumer.stop().await;
    let written = ids_in(&parts.domain, "SELECT id FROM writes").await;
    let effects = ids_in(&parts.effects, "SELECT write_id FROM effects").await;
    let written_set: BTreeSet<i64> = written.iter().copied().collect();
    let effects_set: BTreeSet<i64> = effects.iter().copied().collect();
    let lost: Vec<_> = acknowledged.difference(&written_set).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let missing: Vec<_> = written_set.difference(&effects_set).collect();
    assert!(missing.is_empty(), "written without an effect: {missing:?}");
    let invented: Vec<_> = effects_set.difference(&written_set).collect();
    assert!(
        invented.is_empty(),
        "an effect without a write: {invented:?}"
    );
    assert_eq!(effects.len(), effects_set.len(), "an effect happened twice");
    assert_eq!(count(&parts.bus_database, "dead_letters").await, 0);
    println!(
        "{} written, {} of them acknowledged",
        written.len(),
        acknowledged.len()
    );
    Hits {
        unacknowledged: written.len() - acknowledged.len(),
        repeats: count(&parts.effects, "repeats").await,
    }
}

async fn ids_in(database: &Database, statement: &'static str) -> Vec<i64> {
    infra_db::query_scalar(statement)
        .fetch_all(database.reader())
        .await
        .unwrap()
}
