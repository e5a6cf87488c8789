//! The log of events on NATS: what people see while it is away, and what a folder says that is
//! started over another log than its own.

use std::fs::File;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use infra_bus::{
    Bus, Consumer, EmbeddedBus, Event, Handler, HandlerError, JetStreamBus, JetStreamSettings,
    RetryPolicy, Settings, Subscription,
};
use infra_db::Database;
use infra_kernel::{Context, SystemClock};
use testing_engines::Nats;
use tokio_util::sync::CancellationToken;

use crate::fixed_shape::commands::said;
use crate::harness::caller::text;
use crate::harness::server::heliograph;
use crate::harness::{Person, Server, eventually};

const URL: &str = "HELIOGRAPH_BUS_URL";
const MONITOR: &str = "HELIOGRAPH_JETSTREAM__MONITOR";

/// A command on the folder of a server that has stopped, with the log there; nowhere is the
/// folder.
fn run(server: &Server, arguments: &[&str], url: &str) -> Output {
    let mut command = server.command(arguments, URL, url);
    command.output().unwrap()
}

async fn stop(server: &mut Server) {
    server.ask_to_stop();
    assert!(server.ended().await.success());
}

/// The folder as a command has it that is about to end.
fn used_for_a_moment(server: &Server) -> JoinHandle<()> {
    let folder = File::open(server.folder()).unwrap();
    folder.lock_shared().unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        drop(folder);
    })
}

/// Servers that do not have the log take it from nowhere and give nothing.
fn assert_refused_by_other_servers(server: &Server) {
    let other = Nats::start().unwrap();
    for to in ["nats", "folder"] {
        let refused = run(server, &["move", "log", "--to", to], &other.url());
        assert!(!refused.status.success());
        let words = said(&refused);
        assert!(words.contains("Name the servers that have it"), "{words}");
    }
}

/// Somebody says something, and a follower finds it at home.
async fn says_and_is_heard(author: &Person, follower: &Person, words: &str) {
    let post = text(&author.say(words).await, "/id");
    follower.finds_at_home(&post).await;
}

#[tokio::test]
async fn people_go_on_while_the_log_is_away_and_followers_catch_up() {
    let Some(mut nats) = Nats::start() else {
        return;
    };
    let (url, monitor) = (nats.url(), nats.monitor());
    let server = Server::with(&[(URL, &url), (MONITOR, &monitor)]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    says_and_is_heard(&ada, &bob, "before").await;
    nats.kill();
    let meanwhile = text(&ada.say("meanwhile").await, "/id");
    let own: Vec<_> = ada.home().await;
    assert!(!own.is_empty(), "homes are read without it");
    nats.restart();
    bob.finds_at_home(&meanwhile).await;
    // With its disk everything that it had is lost; what happens from here on is not.
    nats.kill();
    nats.wipe();
    let lost = text(&ada.say("while it is wiped").await, "/id");
    nats.restart();
    bob.finds_at_home(&lost).await;
    says_and_is_heard(&ada, &bob, "afterwards").await;
}

#[tokio::test]
async fn a_log_is_moved_to_nats_and_back_and_only_read_where_it_is() {
    let Some(nats) = Nats::start() else { return };
    let (url, monitor) = (nats.url(), nats.monitor());
    let mut server = Server::with(&[(URL, "")]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    says_and_is_heard(&ada, &bob, "in the folder").await;
    stop(&mut server).await;

    let refused = run(&server, &["migrate"], &url);
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.contains("heliograph move log --to nats"), "{words}");
    let ending = used_for_a_moment(&server);
    let moved = run(&server, &["move", "log", "--to", "nats", "--json"], &url);
    ending.join().unwrap();
    assert!(moved.status.success(), "{}", said(&moved));
    let lines = str::from_utf8(&moved.stdout).unwrap().lines();
    let lines: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.last().unwrap()["moved"], true, "{lines:?}");
    let again = run(&server, &["move", "log", "--to", "nats"], &url);
    assert!(again.status.success(), "{}", said(&again));
    let refused = run(&server, &["migrate"], "");
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.contains("heliograph move log --to folder"), "{words}");

    server.set(URL, &url);
    server.set(MONITOR, &monitor);
    server.start_again().await;
    says_and_is_heard(&ada, &bob, "on NATS").await;
    let held = run(&server, &["move", "log", "--to", "folder"], &url);
    assert!(said(&held).contains("another heliograph serves"));
    eventually("everything on NATS is handled", async || {
        let status = run(&server, &["bus", "status", "--json"], &url);
        let status: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
        let mut subscriptions = status.as_array().unwrap().iter();
        let is_handled = |one: &serde_json::Value| one["behind"] == 0 && one["position"] != 0;
        subscriptions.all(is_handled).then_some(())
    })
    .await;
    stop(&mut server).await;

    assert_refused_by_other_servers(&server);
    let back = run(&server, &["move", "log", "--to", "folder"], &url);
    assert!(back.status.success(), "{}", said(&back));
    let again = run(&server, &["move", "log", "--to", "folder"], &url);
    assert!(said(&again).contains("already"), "{}", said(&again));
    server.set(URL, "");
    server.start_again().await;
    says_and_is_heard(&ada, &bob, "in the folder again").await;
}

#[tokio::test]
async fn the_doctor_says_what_the_log_is_and_what_is_wrong_with_it() {
    let Some(nats) = Nats::start() else { return };
    let (url, monitor) = (nats.url(), nats.monitor());
    let mut server = Server::with(&[(URL, &url), (MONITOR, &monitor)]).await;
    server.person("ada").await.say("hello").await;
    stop(&mut server).await;
    let doctor = said(&run(&server, &["doctor"], &url));
    assert!(doctor.contains("the NATS server replies"), "{doctor}");
    assert!(doctor.contains("nobody knows whether"), "{doctor}");
    assert!(doctor.contains("heliograph-events keeps"), "{doctor}");
    let other = Server::with(&[(URL, "")]).await;
    let doctor = said(&run(&other, &["doctor"], &url));
    assert!(doctor.contains("another installation"), "{doctor}");
    let check = said(&run(&server, &["config", "check"], &url));
    assert!(check.contains("the NATS server replies"), "{check}");
    let check = run(&server, &["config", "check"], "nats://127.0.0.1:1");
    assert!(!check.status.success());
    let gone = run(&server, &["doctor"], "nats://ada:tulip@127.0.0.1:1");
    assert!(!gone.status.success());
    let words = said(&gone);
    assert!(words.contains("nats://127.0.0.1:1"), "{words}");
    assert!(!words.contains("tulip"), "{words}");
    // A start over a stream on other servers says so.
    let elsewhere = Nats::start().unwrap();
    server.set(URL, &elsewhere.url());
    server.set(MONITOR, &elsewhere.monitor());
    server.start_again().await;
    eventually("it says that the log is another one", async || {
        let words = server.said();
        words
            .contains("not the one that was used before")
            .then_some(())
    })
    .await;
}

/// Who takes everything and does nothing.
struct Idle;

#[async_trait::async_trait]
impl Handler for Idle {
    async fn handle(&self, _: &Context, _: &Event) -> Result<(), HandlerError> {
        Ok(())
    }
}

/// A subscription of another version of the program, which has read this log once.
async fn leave_subscription(folder: &Path, url: &str, name: &'static str) {
    let file = folder.join("bus.db");
    let database = Database::open(&file, &infra_bus::MIGRATIONS).await.unwrap();
    let (clock, settings) = (Arc::new(SystemClock), Settings::default());
    let bus: Arc<dyn Bus> = if url.is_empty() {
        Arc::new(EmbeddedBus::open(database.clone(), clock, &settings))
    } else {
        let (stream, database) = (JetStreamSettings::default(), database.clone());
        let bus = JetStreamBus::connect(url, &stream, database, clock, &settings).await;
        Arc::new(bus.unwrap())
    };
    let consumer = Consumer {
        subscription: Subscription {
            name,
            topics: &["posts.published"],
            concurrency: 1,
            retry: RetryPolicy::default(),
        },
        handler: Arc::new(Idle),
    };
    let (stop, running) = (CancellationToken::new(), Arc::clone(&bus));
    let token = stop.clone();
    let run = tokio::spawn(async move { running.run(consumer, token).await });
    eventually("it is known", async || {
        let statuses = bus.statuses().await.unwrap();
        let mut names = statuses.iter().map(|status| &status.subscription);
        names.any(|known| known == name).then_some(())
    })
    .await;
    stop.cancel();
    run.await.unwrap();
    database.close().await;
}

#[tokio::test]
async fn a_subscription_that_nobody_reads_is_shown_and_forgotten() {
    let nats = Nats::start();
    let urls = nats.as_ref().map(Nats::url);
    for url in [Some(String::new()), urls].into_iter().flatten() {
        let server = Server::with(&[(URL, &url)]).await;
        let status = || said(&run(&server, &["bus", "status"], &url));
        eventually("it is known", async || {
            status().contains("feed.fan-out").then_some(())
        })
        .await;
        assert!(!status().contains("Nobody"), "{}", status());
        leave_subscription(server.folder(), &url, "feed.gone").await;
        let words = status();
        assert!(words.contains("Nobody reads feed.gone any more"), "{words}");
        let listed = run(&server, &["bus", "status", "--json"], &url);
        let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        let rows = listed.as_array().unwrap().iter();
        let unread: Vec<_> = rows.filter(|row| row["is_read"] == false).collect();
        assert_eq!(unread.len(), 1, "{listed}");
        assert_eq!(unread[0]["subscription"], "feed.gone");
        for (arguments, expected) in [
            (&["feed.fan-out", "--yes"][..], "of this program"),
            (&["feed.nowhere", "--yes"], "there is no subscription"),
            (&["feed.gone"], "say so with --yes"),
        ] {
            let refused = run(&server, &[&["bus", "forget"], arguments].concat(), &url);
            assert!(!refused.status.success());
            assert!(said(&refused).contains(expected), "{}", said(&refused));
        }
        let forgotten = run(&server, &["bus", "forget", "feed.gone", "--yes"], &url);
        assert!(forgotten.status.success(), "{}", said(&forgotten));
        let words = status();
        assert!(!words.contains("feed.gone"), "{words}");
        assert!(words.contains("feed.fan-out"), "{words}");
    }
}

#[tokio::test]
async fn a_url_that_leads_to_no_log_is_refused_with_what_to_do() {
    let folder = tempfile::TempDir::new().unwrap();
    let migrate = |url: &str| {
        let mut command = heliograph();
        command.args(["migrate", "--data-dir"]).arg(folder.path());
        said(&command.env(URL, url).output().unwrap())
    };
    for (url, problem) in [
        ("tls://ada:tulip@127.0.0.1:1", "can be reached"),
        ("kafka://ada:tulip@one", "nats://host:4222"),
        (
            "nats://ada:tulip@127.0.0.1:1",
            "no NATS server can be reached",
        ),
        // A comma begins another address.
        ("nats://ada:tulip,rose@127.0.0.1:1", "nats://host:4222"),
    ] {
        let words = migrate(url);
        assert!(words.contains(problem), "{url}: {words}");
        assert!(!words.contains("tulip"), "{words}");
    }
}

#[tokio::test]
async fn what_is_restored_from_a_backup_does_not_go_on_in_the_stream_of_before() {
    let Some(nats) = Nats::start() else { return };
    let (url, monitor) = (nats.url(), nats.monitor());
    let mut server = Server::with(&[(URL, &url), (MONITOR, &monitor)]).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follow(&ada).await;
    says_and_is_heard(&ada, &bob, "before the backup").await;
    let (backups, restored) = (
        tempfile::TempDir::new().unwrap(),
        tempfile::TempDir::new().unwrap(),
    );
    let target = backups.path().to_str().unwrap();
    let backup = run(&server, &["backup", target], &url);
    assert!(backup.status.success(), "{}", said(&backup));
    says_and_is_heard(&ada, &bob, "after the backup").await;
    stop(&mut server).await;
    let mut restore = heliograph();
    restore
        .args(["restore", target, "--data-dir"])
        .arg(restored.path());
    let restore = restore.env(URL, &url).output().unwrap();
    assert!(restore.status.success(), "{}", said(&restore));
    server.move_to(restored);

    let refused = run(&server, &["migrate"], &url);
    assert!(!refused.status.success());
    let words = said(&refused);
    assert!(words.contains("belongs to another installation"), "{words}");
    let doctor = said(&run(&server, &["doctor"], &url));
    assert!(doctor.contains("another installation"), "{doctor}");
    // With a stream of its own it continues.
    server.set("HELIOGRAPH_JETSTREAM__NAME", "restored");
    server.start_again().await;
    says_and_is_heard(&ada, &bob, "restored").await;
}

#[tokio::test]
async fn the_doctor_says_which_servers_of_a_cluster_lack_events() {
    let Some(mut cluster) = Nats::start_cluster(3) else {
        return;
    };
    let urls: Vec<String> = cluster.iter().map(Nats::url).collect();
    let url = urls.join(",");
    let server = Server::with(&[(URL, &url), ("HELIOGRAPH_JETSTREAM__REPLICAS", "3")]).await;
    server.person("ada").await.say("kept three times").await;
    let says = async |words: &str| {
        let doctor = || said(&run(&server, &["doctor"], &url));
        eventually(words, async || doctor().contains(words).then_some(())).await;
    };
    says("on 3 servers that all have them").await;
    cluster[0].kill();
    says("for 3 servers, of which 2 have them all; if one more of those is lost").await;
    says("the NATS server server-0 of the stream is away").await;
    cluster[0].restart();
    says("on 3 servers that all have them").await;
}
