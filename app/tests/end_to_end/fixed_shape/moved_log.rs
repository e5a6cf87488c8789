//! `heliograph move log`, killed at any moment: nothing is lost and nothing is handled twice, of
//! what people have written and of what a subscription has half read.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_bus::{
    Bus, Consumer, EmbeddedBus, Event, Handler, HandlerError, Headers, JetStreamBus,
    JetStreamSettings, LogPlace, RetryPolicy, Settings, Subscription, log_place,
};
use infra_db::Database;
use infra_kernel::{Context, EventId, IdGenerator, SystemClock};
use serde_json::Value;
use testing_engines::Nats;
use tokio_util::sync::CancellationToken;

use crate::fixed_shape::commands::said;
use crate::fixed_shape::moved_databases::kills::pipe_of_lines;
use crate::harness::caller::{ids, text};
use crate::harness::{Person, Server, eventually};

const URL: &str = "HELIOGRAPH_BUS_URL";
const MONITOR: &str = "HELIOGRAPH_JETSTREAM__MONITOR";
/// A subscription of another version of the program, and what it takes.
const NAME: &str = "tests.reader";
const TOPIC: &str = "tests.counted";
/// How many keys its events have.
const KEYS: u64 = 7;
/// How many events it has handled before a move, and how many wait for it: more pages of a move
/// than it may be ahead of who reads what it says.
const HANDLED: u64 = 500;
const WAITING: u64 = 5_000;

/// Notes the numbers of the events that it handles.
#[derive(Default)]
struct Noted(Mutex<Vec<u64>>);

#[async_trait::async_trait]
impl Handler for Noted {
    async fn handle(&self, _: &Context, event: &Event) -> Result<(), HandlerError> {
        let number = u64::from_be_bytes(event.payload.as_slice().try_into().unwrap());
        self.0.lock().unwrap().push(number);
        Ok(())
    }
}

/// The bus of a folder that no server has, with the log on these servers; nowhere is the folder.
async fn open(folder: &Path, url: &str) -> (Database, Arc<dyn Bus>) {
    let file = folder.join("bus.db");
    let database = Database::open(&file, &infra_bus::MIGRATIONS).await.unwrap();
    let (clock, settings) = (Arc::new(SystemClock), Settings::default());
    if url.is_empty() {
        let bus = EmbeddedBus::open(database.clone(), clock, &settings);
        return (database, Arc::new(bus));
    }
    let (stream, of_bus) = (JetStreamSettings::default(), database.clone());
    let bus = JetStreamBus::connect(url, &stream, of_bus, clock, &settings).await;
    (database, Arc::new(bus.unwrap()))
}

async fn publish(folder: &Path, url: &str, numbers: std::ops::Range<u64>) {
    let (database, bus) = open(folder, url).await;
    // Of no process of the program.
    let ids = IdGenerator::new(900, Arc::new(SystemClock));
    let context = Context::background(Duration::from_secs(60));
    let event = |number: u64| {
        let id: EventId = ids.next();
        Event {
            id,
            topic: TOPIC.to_owned(),
            key: number % KEYS,
            payload: number.to_be_bytes().to_vec(),
            occurred_at: id.created_at(),
            headers: Headers::new(&context),
        }
    };
    let events: Vec<_> = numbers.map(event).collect();
    bus.publish(&events).await.unwrap();
    bus.sync().await.unwrap();
    database.close().await;
}

/// Lets the subscription handle all that it can; their numbers.
async fn handle(folder: &Path, url: &str) -> Vec<u64> {
    let (database, bus) = open(folder, url).await;
    let noted = Arc::new(Noted::default());
    let consumer = Consumer {
        subscription: Subscription {
            name: NAME,
            topics: &[TOPIC],
            concurrency: 4,
            retry: RetryPolicy::default(),
        },
        handler: noted.clone(),
    };
    let (stop, running) = (CancellationToken::new(), Arc::clone(&bus));
    let token = stop.clone();
    let run = tokio::spawn(async move { running.run(consumer, token).await });
    eventually("everything is handled", async || {
        let statuses = bus.statuses().await.unwrap();
        let status = statuses.iter().find(|status| status.subscription == NAME)?;
        (status.behind == 0 && status.waiting == 0 && status.dead_letters == 0).then_some(())
    })
    .await;
    stop.cancel();
    run.await.unwrap();
    database.close().await;
    std::mem::take(&mut *noted.0.lock().unwrap())
}

/// Each number once, and those of a key in their order.
fn assert_once(handled: &[u64], numbers: std::ops::Range<u64>) {
    let mut last = BTreeMap::new();
    for number in handled {
        let earlier = last.insert(number % KEYS, *number);
        assert!(earlier.is_none_or(|earlier| earlier < *number), "{number}");
    }
    let mut all = handled.to_vec();
    all.sort_unstable();
    assert!(all.into_iter().eq(numbers), "{} handled", handled.len());
}

/// When a move is killed.
enum Moment {
    /// It has said so often that it has come to this step.
    Step(&'static str, usize),
    /// So many milliseconds after it has compared everything: it decides then, empties the old log,
    /// and looks after the outboxes.
    Compared(u64),
}

impl Moment {
    /// Reads what a move says, until it has come there.
    fn wait(&self, mut lines: impl Iterator<Item = Value>) {
        match *self {
            Self::Step(step, times) => {
                let steps = lines.filter(|line| line["step"] == step);
                assert_eq!(steps.take(times).count(), times, "{step}");
            }
            Self::Compared(later) => {
                let is_last = |line: &Value| line["events"] == line["of_events"];
                assert!(lines.any(|line| line["step"] == "compared" && is_last(&line)));
                std::thread::sleep(Duration::from_millis(later));
            }
        }
    }
}

/// Starts a move and kills it at this moment, unless it has come to its end by then. Returns
/// whether the subscriptions still read the old log.
async fn kill_at(server: &Server, to: &str, url: &str, moment: &Moment) -> bool {
    let arguments = ["move", "log", "--json", "--to", to];
    let mut command = server.command(&arguments, URL, url);
    let (lines, output) = pipe_of_lines();
    let started = command.stdout(output).stderr(Stdio::null()).spawn();
    let mut child = started.unwrap();
    // The end of the lines is that of the child.
    drop(command);
    let lines = BufReader::new(lines).lines().map_while(Result::ok);
    moment.wait(lines.map(|line| serde_json::from_str(&line).unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    let file = server.folder().join("bus.db");
    let database = Database::open(&file, &infra_bus::MIGRATIONS).await.unwrap();
    let place = log_place(&database).await.unwrap();
    database.close().await;
    (place == LogPlace::Here) == (to == "nats")
}

/// Kills a move at moments of its whole length, and then lets one come to its end.
async fn moved_over_kills(server: &Server, to: &str, url: &str) {
    for (step, times) in [("copied", 1), ("copied", 18), ("compared", 1)] {
        let is_old = kill_at(server, to, url, &Moment::Step(step, times)).await;
        assert!(is_old, "{step} {times}");
    }
    let mut is_old = true;
    for later in [0, 2, 5, 10, 20, 40] {
        if is_old {
            is_old = kill_at(server, to, url, &Moment::Compared(later)).await;
            println!("killed {later} ms after the comparison, the old log is read: {is_old}");
        }
    }
    let mut moved = server.command(&["move", "log", "--to", to], URL, url);
    let moved = moved.output().unwrap();
    assert!(moved.status.success(), "{}", said(&moved));
}

/// A folder with the log in it, and who uses it.
struct Place {
    server: Server,
    ada: Person,
    bob: Person,
    /// What she has said, in that order.
    posts: Vec<String>,
}

impl Place {
    async fn begin() -> Self {
        let server = Server::with(&[(URL, "")]).await;
        let (ada, bob) = (server.person("ada").await, server.person("bob").await);
        bob.follow(&ada).await;
        bob.home().await;
        Self {
            server,
            ada,
            bob,
            posts: Vec::new(),
        }
    }

    /// She posts, and the server is killed at once: some of it is in outboxes.
    async fn say_and_kill(&mut self) {
        for number in 0..5 {
            let post = self.ada.say(&format!("words {number}")).await;
            self.posts.push(text(&post, "/id"));
        }
        self.server.kill();
    }

    async fn start_with(&mut self, url: &str, monitor: &str) {
        self.server.set(URL, url);
        self.server.set(MONITOR, monitor);
        self.server.start_again().await;
    }

    /// Everything that she has said comes to her follower, once.
    async fn check(&self) {
        eventually("everything is at home", async || {
            let mut home = ids(&self.bob.home().await);
            home.reverse();
            (home == self.posts).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_of_the_log_that_is_killed_loses_nothing_and_repeats_nothing() {
    let Some(nats) = Nats::start() else { return };
    let (url, monitor) = (nats.url(), nats.monitor());
    let mut place = Place::begin().await;
    place.say_and_kill().await;
    let folder = place.server.folder().to_owned();
    publish(&folder, "", 0..HANDLED).await;
    let mut handled = handle(&folder, "").await;
    let end = HANDLED + WAITING;
    publish(&folder, "", HANDLED..end).await;
    moved_over_kills(&place.server, "nats", &url).await;
    handled.extend(handle(&folder, &url).await);
    assert_once(&handled, 0..end);
    place.start_with(&url, &monitor).await;
    place.check().await;
    place.say_and_kill().await;

    publish(&folder, &url, end..end + WAITING).await;
    moved_over_kills(&place.server, "folder", &url).await;
    handled.extend(handle(&folder, "").await);
    assert_once(&handled, 0..end + WAITING);
    place.start_with("", "").await;
    place.check().await;
}
