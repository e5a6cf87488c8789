//! Headers: from the outbox to the handler and the dead letters, of older and of newer servers, and
//! damaged ones.

use std::io::Write;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use infra_bus::{DeadLetters, Event, Handler, HandlerError, Headers, PayloadError, Relay, outbox};
use infra_db::{Database, DbError, Migrator};
use infra_kernel::{Context, CorrelationId, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::kit::{
    NAME, Recorder, Run, TOPIC, World, eventually, failed, headers, run, subscription,
};
use crate::relay::{DOMAIN, open_domain, write};

/// A row of an outbox as somebody else may have left it.
#[derive(Clone)]
struct Row {
    number: u64,
    correlation_id: &'static str,
    headers: Vec<u8>,
}

async fn insert(domain: &Database, row: Row) {
    let work = domain.write::<(), DbError, _>(move |connection| {
        Box::pin(async move {
            infra_db::query(
                "INSERT INTO outbox (event_id, topic, key, payload, occurred_at, correlation_id, headers)
                 VALUES ($1, $2, 1, $3, 0, $4, CAST($5 AS TEXT))",
            )
            .bind(row.number.cast_signed())
            .bind(TOPIC)
            .bind(row.number.to_be_bytes().to_vec())
            .bind(row.correlation_id)
            .bind(row.headers)
            .execute(connection)
            .await?;
            Ok(())
        })
    });
    work.await.unwrap();
}

/// A relay that runs until the guard is dropped.
fn relay(domain: &Database, world: &World) -> tokio_util::sync::DropGuard {
    let stop = CancellationToken::new();
    let (relay, token) = (
        Relay::new(domain.clone(), Arc::new(world.bus.clone())),
        stop.clone(),
    );
    tokio::spawn(async move { relay.run(token).await });
    stop.drop_guard()
}

/// Notes each event with the correlation id of its context. Fails at the first attempt of each, so
/// that every event also goes through the redelivery table.
#[derive(Default)]
struct Keeper {
    handled: Mutex<Vec<(Event, String)>>,
    tried: Mutex<Vec<infra_kernel::EventId>>,
}

#[async_trait]
impl Handler for Keeper {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let is_first = {
            let mut tried = self.tried.lock().unwrap();
            let is_first = !tried.contains(&event.id);
            tried.push(event.id);
            is_first
        };
        if is_first {
            return Err(failed("at first"));
        }
        let name = context.correlation_id().to_string();
        self.handled.lock().unwrap().push((event.clone(), name));
        Ok(())
    }
}

impl Keeper {
    fn run(self: &Arc<Self>, world: &World) -> Run {
        run(&world.bus, subscription(), Arc::clone(self) as _)
    }

    async fn handled(&self, count: usize) -> Vec<(Headers, String)> {
        eventually("they are handled", async || {
            self.handled.lock().unwrap().len() >= count
        })
        .await;
        let handled = self.handled.lock().unwrap();
        let of = |(event, name): &(Event, String)| (event.headers.clone(), name.clone());
        handled.iter().map(of).collect()
    }
}

/// The way of every event: outbox, log, redelivery, handler.
async fn deliver(rows: Vec<Row>) -> Vec<(Headers, String)> {
    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let keeper = Arc::<Keeper>::default();
    let run = keeper.run(&world);
    let count = rows.len();
    for row in rows {
        insert(&domain, row).await;
    }
    let _relay = relay(&domain, &world);
    let handled = keeper.handled(count).await;
    world.settled().await;
    run.stop().await;
    handled
}

#[tokio::test]
async fn headers_go_from_the_change_to_the_handler() {
    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let keeper = Arc::<Keeper>::default();
    let run = keeper.run(&world);
    let name = CorrelationId::from_caller("request-of-ada").unwrap();
    let context = Context::system(name, std::time::Duration::from_secs(1));
    let event = Event::new(&context, &world.ids, TOPIC, 1, &());
    write(&domain, event).await.unwrap();
    let waiting = outbox::read(&domain, 10).await.unwrap().events;
    assert_eq!(waiting[0].headers, Headers::new(&context));
    let _relay = relay(&domain, &world);
    let handled = keeper.handled(1).await;
    assert_eq!(
        handled,
        [(Headers::new(&context), "request-of-ada".to_owned())]
    );
    assert_eq!(handled[0].0.schema_version, Headers::SCHEMA_VERSION_MAX);
    run.stop().await;
}

#[tokio::test]
async fn headers_that_are_not_known_survive_to_the_handler_and_to_the_dead_letters() {
    let text = br#"{"schema_version":1,"correlation_id":"later","tenant":{"id":[7]},"priority":2}"#;
    let row = Row {
        number: 1,
        correlation_id: "later",
        headers: text.to_vec(),
    };
    let (handled, _) = deliver(vec![row.clone()]).await.remove(0);
    let expected: Headers = serde_json::from_slice(text).unwrap();
    assert_eq!((&handled, handled.others.len()), (&expected, 2));

    let world = World::new().await;
    let domain = open_domain(world.folder.path()).await;
    let reject = Recorder::new(async |_| Err(HandlerError::Reject("no".into())));
    let run = world.run(subscription(), reject.clone());
    insert(&domain, row).await;
    let _relay = relay(&domain, &world);
    let letters = DeadLetters::new(world.database.clone(), Arc::new(SystemClock));
    for attempts in [1, 2] {
        reject.has_seen(attempts).await;
        eventually("it is dead", async || {
            world.status().await.dead_letters == 1
        })
        .await;
        let letter = letters.list(None, 0, 1).await.unwrap().remove(0);
        assert_eq!(letter.event.headers, expected);
        letters.replay(letter.id).await.unwrap();
    }
    run.stop().await;
}

/// The schema of the first migrations, with a row in each table that holds events.
#[tokio::test]
async fn events_of_before_there_were_headers_are_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let first =
        |migrator: &Migrator| Migrator::with_migrations(migrator.iter().take(1).cloned().collect());
    let path = folder.path().join("domain.db");
    let old = Database::open(&path, &first(&DOMAIN)).await.unwrap();
    old_row(
        &old,
        "INSERT INTO outbox (event_id, topic, key, payload, occurred_at, correlation_id)
         VALUES (3, 'things.made', 1, x'0000000000000003', 0, 'of-outbox')",
    )
    .await;
    let path = folder.path().join("bus.db");
    let bus = Database::open(&path, &first(&infra_bus::MIGRATIONS)).await;
    let bus = bus.unwrap();
    for statement in [
        "INSERT INTO subscriptions VALUES ('test.subscription', 1, 0)",
        "INSERT INTO redelivery VALUES ('test.subscription', 1, 1, 'things.made', 1,
             x'0000000000000001', 0, 'of-redelivery', 1, 0, 'away')",
        "INSERT INTO log VALUES (2, 2, 'things.made', 1, x'0000000000000002', 0, 'of-log', 0)",
        "INSERT INTO dead_letters VALUES (1, 'another', 1, 1, 'things.made', 1,
             x'0000000000000001', 0, 'of-dead', 1, 'no', 0)",
    ] {
        old_row(&bus, statement).await;
    }
    old.close().await;
    bus.close().await;

    let world = World::in_folder(folder).await;
    let domain = open_domain(world.folder.path()).await;
    let keeper = Arc::<Keeper>::default();
    let run = keeper.run(&world);
    let _relay = relay(&domain, &world);
    let handled = keeper.handled(3).await;
    for ((found, context), name) in handled.iter().zip(["of-redelivery", "of-log", "of-outbox"]) {
        assert_eq!((found, context.as_str()), (&headers(name), name));
    }
    run.stop().await;
    let letters = DeadLetters::new(world.database.clone(), Arc::new(SystemClock));
    let dead = letters.list(None, 0, 1).await.unwrap().remove(0);
    assert_eq!(dead.event.headers, headers("of-dead"));
}

async fn old_row(database: &Database, statement: &'static str) {
    let work = database.write::<(), DbError, _>(move |connection| {
        Box::pin(async move {
            infra_db::query(statement).execute(connection).await?;
            Ok(())
        })
    });
    work.await.unwrap();
}

/// Each goes without headers, under the correlation id of its column, and holds up nothing.
#[tokio::test]
async fn damaged_headers_hold_nothing_up() {
    let long = format!(r#"{{"note":"{}"}}"#, "x".repeat(Headers::BYTES_MAX));
    let damaged: [&[u8]; 8] = [
        b"",
        b"{\"schema_version\":1,",
        b"[1]",
        b"null",
        br#"{"schema_version":"one"}"#,
        br#"{"schema_version":-1}"#,
        b"\xff\xfe\x00",
        long.as_bytes(),
    ];
    let rows = damaged.iter().zip(1..).map(|(text, number)| Row {
        number,
        correlation_id: "of-the-column",
        headers: text.to_vec(),
    });
    let expected = (headers("of-the-column"), "of-the-column".to_owned());
    for handled in deliver(rows.collect()).await {
        assert_eq!(handled, expected);
    }
}

/// A number that is written longer than it was read, so often that all of it would be too long.
#[tokio::test]
async fn headers_that_grow_too_long_go_without_what_is_not_known() {
    let numbers = vec!["1E9"; Headers::BYTES_MAX / 4 - 10].join(",");
    let text = format!(r#"{{"schema_version":1,"numbers":[{numbers}]}}"#);
    assert!(text.len() <= Headers::BYTES_MAX);
    let rows = vec![
        Row {
            number: 1,
            correlation_id: "long",
            headers: text.into_bytes(),
        },
        Row {
            number: 2,
            correlation_id: "next",
            headers: b"{}".to_vec(),
        },
    ];
    let handled: Vec<Headers> = deliver(rows)
        .await
        .into_iter()
        .map(|(found, _)| found)
        .collect();
    assert_eq!(handled, [headers("long"), headers("next")]);
}

#[tokio::test]
async fn a_payload_of_a_newer_schema_is_not_guessed_at() {
    let world = World::new().await;
    let mut event = world.event(1, 1);
    event.payload = Vec::new();
    assert!(event.decode::<()>().is_ok());
    event.headers.schema_version = Headers::SCHEMA_VERSION_MAX + 1;
    let error = event.decode::<()>().unwrap_err();
    assert!(matches!(error, PayloadError::NewerSchema(2)), "{error}");
    let error = HandlerError::from(error);
    assert!(matches!(error, HandlerError::Reject(_)), "{error}");
}

/// What was logged, line by line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_a_handler_logs_stands_under_the_operation_that_caused_the_event() {
    let log = Log::default();
    let writer = log.clone();
    let collector = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: with a collector of one thread only, another test's thread that meets
    // a span first decides that nobody wants it.
    tracing::subscriber::set_global_default(collector).unwrap();
    let world = World::new().await;
    let recorder = Recorder::new(async |_| {
        tracing::info!("a follower was found");
        Ok(())
    });
    let run = world.run(subscription(), recorder.clone());
    let event = world.event(1, 5);
    world.publish(std::slice::from_ref(&event)).await;
    recorder.has_seen(1).await;
    run.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains("a follower"));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    let span = &line["span"];
    assert_eq!(span["correlation_id"], "correlation-5");
    assert_eq!(
        (&span["subscription"], &span["topic"]),
        (&NAME.into(), &TOPIC.into())
    );
    assert_eq!(span["event_id"], event.id.get());
}
