//! What happens when the NATS server fails: killed under load, its store lost or set back, gone for
//! a while, and servers that will not do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use infra_bus::{ConnectError, Event, HandlerError, JetStreamBus, JetStreamSettings, Relay};
use infra_db::Database;
use infra_kernel::SystemClock;
use testing_engines::Nats;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::conformance::{Place, Stage};
use crate::kit::{Recorder, count, eventually, open_database, quick, subscription};
use crate::relay::{open_domain, open_effects, take_effect, write};

/// How many keys the events have.
const KEYS: u64 = 4;

/// A domain, its relay, a bus on NATS and a consumer whose effects the inbox guards.
struct Scene {
    server: Nats,
    stage: Stage,
    domain: Database,
    effects: Database,
    recorder: Arc<dyn Seen>,
    stop: CancellationToken,
    relay: JoinHandle<()>,
    consumer: crate::conformance::Running,
}

/// A recorder, whatever its closure is.
trait Seen: infra_bus::Handler {
    fn numbers(&self) -> Vec<u64>;
}

impl<F, R> Seen for Recorder<F>
where
    F: Fn(Event) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    fn numbers(&self) -> Vec<u64> {
        self.seen()
    }
}

impl Scene {
    async fn begin() -> Option<Self> {
        let server = Nats::start()?;
        let stage = Stage::new(&Place::jet_stream(&server, "faults")).await;
        let domain = open_domain(stage.folder.path()).await;
        let effects = open_effects(stage.folder.path()).await;
        let database = effects.clone();
        let recorder = Recorder::new(move |event: Event| {
            let effects = database.clone();
            async move { Ok(take_effect(&effects, event).await?) }
        });
        let consumer = stage.run(subscription(), recorder.clone());
        let stop = CancellationToken::new();
        let relay = Relay::new(domain.clone(), stage.bus());
        let token = stop.clone();
        let relay = tokio::spawn(async move { relay.run(token).await });
        Some(Self {
            server,
            stage,
            domain,
            effects,
            recorder,
            stop,
            relay,
            consumer,
        })
    }

    async fn write(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let event = self.stage.event(number % KEYS, number);
            write(&self.domain, event).await.unwrap();
        }
    }

    /// Waits until as many events have had an effect.
    async fn effects(&self, events: i64) {
        eventually("all have had their effect", async || {
            count(&self.effects, "effects").await >= events
        })
        .await;
    }

    /// Waits until the relay has noted that so many are published.
    async fn marked(&self, rows: i64) {
        eventually("all are marked", async || {
            count(&self.domain, "outbox WHERE published_at IS NOT NULL").await == rows
        })
        .await;
    }

    /// Stops everything; nothing may be lost, doubled or out of order.
    async fn end(self, events: u64) {
        self.effects(events.cast_signed()).await;
        self.stop.cancel();
        self.relay.await.unwrap();
        self.consumer.stop().await;
        let total = count(&self.effects, "effects").await;
        assert_eq!(total, events.cast_signed(), "effects");
        let distinct = "(SELECT DISTINCT write_id FROM effects)";
        assert_eq!(count(&self.effects, distinct).await, total, "doubled");
        assert_eq!(count(&self.stage.database, "dead_letters").await, 0);
        assert_first_in_order(&self.recorder.numbers());
    }
}

/// Of each key every event is first handled after all earlier ones: repetitions may come later.
fn assert_first_in_order(numbers: &[u64]) {
    let mut next: BTreeMap<u64, u64> = (0..KEYS).map(|key| (key, key)).collect();
    for number in numbers {
        let expected = next.get_mut(&(number % KEYS)).unwrap();
        assert!(number <= expected, "{number} came before {expected}");
        if number == expected {
            *expected += KEYS;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_it_loses_nothing_and_changes_no_order() {
    let Some(mut scene) = Scene::begin().await else {
        return;
    };
    let mut written = 0;
    for _ in 0..6 {
        scene.write(written..written + 60).await;
        scene.server.kill();
        scene.write(written + 60..written + 80).await;
        scene.server.restart();
        written += 80;
    }
    scene.end(written).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_published_again_to_a_server_whose_store_is_lost() {
    let Some(mut scene) = Scene::begin().await else {
        return;
    };
    scene.write(0..100).await;
    scene.effects(100).await;
    scene.stage.settled().await;
    scene.marked(100).await;
    scene.server.kill();
    scene.server.wipe();
    scene.server.restart();
    eventually("all come again", async || {
        count(&scene.effects, "repeats").await >= 100
    })
    .await;
    scene.write(100..150).await;
    scene.end(150).await;
}

/// As a loss of power does it to a server that had not written everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_end_of_a_log_had_is_published_again() {
    let Some(mut scene) = Scene::begin().await else {
        return;
    };
    scene.write(0..40).await;
    scene.effects(40).await;
    scene.server.kill();
    scene.server.copy_store();
    scene.server.restart();
    scene.write(40..80).await;
    scene.effects(80).await;
    scene.stage.settled().await;
    scene.server.kill();
    scene.server.restore_copy();
    // More than was lost, so that the log's end is soon further than the cursor.
    scene.write(80..200).await;
    scene.server.restart();
    eventually("what was lost comes again", async || {
        count(&scene.effects, "repeats").await >= 40
    })
    .await;
    scene.end(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_goes_on_after_a_while_without_a_server() {
    let Some(mut scene) = Scene::begin().await else {
        return;
    };
    scene.write(0..20).await;
    scene.marked(20).await;
    scene.server.kill();
    scene.write(20..60).await;
    // Longer than one request waits.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(
        count(&scene.domain, "outbox WHERE published_at IS NULL").await,
        40
    );
    scene.server.restart();
    scene.end(60).await;
}

pub(crate) async fn refusal(url: &str, stream: &JetStreamSettings) -> ConnectError {
    let folder = tempfile::tempdir().unwrap();
    let database = open_database(folder.path()).await;
    let clock = Arc::new(SystemClock);
    let connected = JetStreamBus::connect(url, stream, database, clock, &quick()).await;
    connected.err().expect("it will not do")
}

#[tokio::test]
async fn a_server_that_acknowledges_before_it_writes_is_refused() {
    let Some(server) = Nats::start_with("2m") else {
        return;
    };
    let stream = JetStreamSettings {
        monitor: server.monitor(),
        ..JetStreamSettings::default()
    };
    let refused = refusal(&server.url(), &stream).await;
    assert!(matches!(refused, ConnectError::NotSynced), "{refused}");
    assert!(refused.to_string().contains("sync_interval: always"));
}

#[tokio::test]
async fn a_server_that_takes_smaller_messages_than_events_may_be_is_refused() {
    let Some(server) = Nats::start_taking(64_000) else {
        return;
    };
    let refused = refusal(&server.url(), &JetStreamSettings::default()).await;
    let said = refused.to_string();
    assert!(
        matches!(refused, ConnectError::SmallMessages { .. }),
        "{said}"
    );
    assert!(
        said.contains("64000 bytes") && said.contains("max_payload"),
        "{said}"
    );
}

/// Says what an old server says first.
async fn serve_old(listener: tokio::net::TcpListener) {
    let (mut connection, _) = listener.accept().await.unwrap();
    let info = "INFO {\"server_id\":\"OLD\",\"version\":\"2.9.10\",\"headers\":true,\
                \"max_payload\":1048576,\"jetstream\":true}\r\n";
    connection.write_all(info.as_bytes()).await.unwrap();
    let mut buffer = [0; 4_096];
    while let Ok(1..) = connection.read(&mut buffer).await {
        connection.write_all(b"PONG\r\n").await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let old = tokio::spawn(serve_old(listener));
    let url = format!("nats://{address}");
    let refused = refusal(&url, &JetStreamSettings::default()).await;
    old.abort();
    assert!(
        refused
            .to_string()
            .starts_with("the NATS server has version 2.9.10, and 2.12 or newer is needed"),
        "{refused}"
    );
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_refused() {
    let stream = JetStreamSettings::default();
    let nowhere = "nats://ada:tulip@127.0.0.1:1, nats://bob:rose@127.0.0.1:2";
    let refused = refusal(nowhere, &stream).await;
    assert!(
        matches!(refused, ConnectError::Unreachable(..)),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .ends_with("at nats://127.0.0.1:1,nats://127.0.0.1:2"),
        "a password is not shown: {refused}"
    );
    let stream = JetStreamSettings {
        name: "Two Words".to_owned(),
        ..stream
    };
    let refused = refusal("nats://127.0.0.1:1", &stream).await;
    assert!(matches!(refused, ConnectError::Setting(_)), "{refused}");
    let refused = refusal("ada:tulip@127.0.0.1:1", &JetStreamSettings::default()).await;
    assert!(matches!(refused, ConnectError::Servers(_)), "{refused}");
    assert!(!refused.to_string().contains("tulip"), "{refused}");
}

#[tokio::test]
async fn a_stream_of_another_installation_is_refused() {
    let Some(server) = Nats::start() else { return };
    let place = Place::jet_stream(&server, "shared");
    let first = Stage::new(&place).await;
    let Place::JetStream(url, stream) = &place else {
        unreachable!()
    };
    let refused = refusal(url, stream).await;
    assert!(matches!(refused, ConnectError::Foreign(_)), "{refused}");
    assert!(refused.to_string().contains("jetstream.name"), "{refused}");
    // Its own it may open as often as it likes.
    first.elsewhere(&place).await;
}
