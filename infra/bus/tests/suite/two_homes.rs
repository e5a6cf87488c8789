//! Two processes that want one database (ADR 0026): a domain's on a server, whose events each of
//! them would relay; and the log's in a file, which commands write beside the server.

use std::collections::BTreeSet;
use std::sync::Arc;

use infra_bus::{Bus as _, EmbeddedBus, Event, Relay, outbox};
use infra_db::{Database, DbError, Migrator};
use infra_kernel::{EventId, IdGenerator, SystemClock};
use testing_databases::{Contest, compete};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::kit::{Recorder, TOPIC, World, accept, headers, open_database, quick, subscription};

static ON_POSTGRES: Migrator = infra_db::migrations!("tests/suite/migrations/domain_on_postgres");

/// A process that writes a domain, and relays its events until it is dropped.
struct Process {
    database: Database,
    ids: Arc<IdGenerator>,
    _stop: DropGuard,
}

impl Process {
    fn begin(database: Database, bus: &EmbeddedBus) -> Self {
        let stop = CancellationToken::new();
        let relay = Relay::new(database.clone(), Arc::new(bus.clone()));
        let token = stop.clone();
        tokio::spawn(async move { relay.run(token).await });
        Self {
            database,
            ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
            _stop: stop.drop_guard(),
        }
    }

    /// Writes something that is numbered within the write, as domains do, and its event.
    async fn write(&self, key: u64) -> Result<(), DbError> {
        let ids = Arc::clone(&self.ids);
        let write = self.database.write(move |connection| {
            Box::pin(async move {
                let id: EventId = ids.next();
                let insert = infra_db::query("INSERT INTO writes (id) VALUES ($1)");
                let insert = insert.bind(id.to_sql());
                insert.execute(&mut *connection).await?;
                let event = Event {
                    id,
                    topic: TOPIC.to_owned(),
                    key,
                    payload: Vec::new(),
                    occurred_at: id.created_at(),
                    headers: headers("two-homes"),
                };
                outbox::append(connection, &event).await
            })
        });
        write.await
    }
}

async fn ids_in(database: &Database, statement: &'static str) -> Vec<i64> {
    let ids = infra_db::query_scalar(statement);
    ids.fetch_all(database.reader()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_of_two_homes_is_published_over_a_take_over() {
    let Some(contest) = Contest::over("domain", &ON_POSTGRES) else {
        return;
    };
    let world = World::new().await;
    let process = |database| Process::begin(database, &world.bus);
    let write = Process::write;
    let ids = "SELECT id FROM writes WHERE id > $1 ORDER BY id";
    let third = compete(&contest, process, write, ids).await;
    // What is left is published by the next home, and nothing is left then.
    let stop = CancellationToken::new();
    stop.cancel();
    let relay = Relay::new(third.clone(), Arc::new(world.bus.clone()));
    relay.run(stop).await;
    let left = ids_in(&third, "SELECT position FROM outbox").await;
    assert!(left.is_empty(), "{left:?}");
    let written = ids_in(&third, "SELECT id FROM writes ORDER BY id").await;
    let published = ids_in(
        &world.database,
        "SELECT event_id FROM log ORDER BY position",
    )
    .await;
    let lost: Vec<_> = written
        .iter()
        .filter(|id| !published.contains(id))
        .collect();
    assert!(lost.is_empty(), "written and not published: {lost:?}");
    assert_eq!(published, written, "published in the order of the commits");
}

/// On SQLite one transaction at a time writes, of whichever process, so positions stay in order: a
/// reader misses nothing of what a command publishes beside the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_the_log_in_a_file_misses_nothing_of_two_processes() {
    const EVENTS: u64 = 300;
    let world = World::new().await;
    let recorder = Recorder::new(accept);
    let run = world.run(subscription(), recorder.clone());
    let other = open_database(world.folder.path()).await;
    let command = EmbeddedBus::open(other.clone(), Arc::new(SystemClock), &quick());
    let publish = async |bus: &EmbeddedBus, first: u64| {
        for number in (first..2 * EVENTS).step_by(2) {
            bus.publish(&[world.event(number % 7, number)])
                .await
                .unwrap();
        }
    };
    tokio::join!(publish(&world.bus, 0), publish(&command, 1));
    recorder.has_seen(2 * EVENTS as usize).await;
    run.stop().await;
    let seen: BTreeSet<u64> = recorder.seen().into_iter().collect();
    assert!(seen.into_iter().eq(0..2 * EVENTS));
    other.close().await;
}
