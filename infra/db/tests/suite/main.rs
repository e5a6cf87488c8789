//! The database as its users see it: group commit, isolation of failures, closing.

// A test's helper that cannot continue has failed the test.
#![allow(clippy::unwrap_used)]
// The tests have a session of their own, past the database.
#![allow(clippy::disallowed_methods)]

mod cut;
mod engine;
mod hooks;
mod links;
mod long_reads;
mod looks;
mod migrations;
mod postgres;
mod statements;
mod syncs;
mod transfer;
mod values;

use std::path::Path;
use std::sync::Arc;

use infra_db::{
    CommitWatch, Database, DatabaseState, DbError, Migrator, examine, inspect, json_ids,
};
use infra_kernel::{Error, ErrorCode};

use engine::{Store, on_each_engine};

static MIGRATIONS: Migrator = infra_db::migrations!("tests/suite/migrations");

on_each_engine! {
    a_failing_write_undoes_only_itself,
    a_panicking_write_undoes_only_itself,
    a_refusal_by_what_was_never_committed_is_not_believed,
    a_refused_write_neither_undoes_nor_blocks_the_others_of_its_group,
    closing_finishes_what_was_handed_in_and_refuses_what_comes_later,
    a_reader_cannot_write,
}

async fn open(folder: &Path) -> Database {
    Database::open(&folder.join("things.db"), &MIGRATIONS)
        .await
        .unwrap()
}

async fn insert(database: &Database, id: i64, name: String) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query("INSERT INTO things (id, name) VALUES ($1, $2)")
                    .bind(id)
                    .bind(name)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

async fn count(database: &Database) -> i64 {
    infra_db::query_scalar("SELECT COUNT(*) FROM things")
        .fetch_one(database.reader())
        .await
        .unwrap()
}

async fn a_failing_write_undoes_only_itself(store: &Store) {
    let database = store.open().await;
    let writes = (0..200).map(|index| insert(&database, index, format!("thing {}", index % 150)));
    let results = futures::future::join_all(writes).await;
    let refused: Vec<_> = results
        .iter()
        .filter_map(|result| result.as_ref().err())
        .collect();
    assert_eq!(refused.len(), 50);
    assert!(refused.iter().all(|error| error.is_unique_violation()));
    assert_eq!(count(&database).await, 150);
}

async fn a_panicking_write_undoes_only_itself(store: &Store) {
    let database = store.open().await;
    let panics = database.write::<(), DbError, _>(|_| Box::pin(async { panic!("on purpose") }));
    let (panicked, written) = tokio::join!(panics, insert(&database, 1, "one".to_owned()));
    let panicked = panicked.unwrap_err();
    assert!(matches!(panicked, DbError::Refused(_)), "{panicked:?}");
    assert!(!panicked.is_transient(), "it would panic again");
    written.unwrap();
    assert_eq!(count(&database).await, 1);
}

/// Hands these in while a write keeps the writer busy, and returns what they said: they share a
/// commit.
async fn in_one_group<T>(database: &Database, writes: impl Future<Output = T>) -> T {
    let (begun, busy) = tokio::sync::oneshot::channel::<()>();
    let (open, gate) = tokio::sync::oneshot::channel::<()>();
    let busy_with = database.clone();
    let first = tokio::spawn(async move {
        let work = busy_with.write::<(), DbError, _>(|_| {
            Box::pin(async {
                begun.send(()).unwrap();
                gate.await.unwrap();
                Ok(())
            })
        });
        work.await
    });
    busy.await.unwrap();
    // Polled in this order: the group is handed in, and then the gate is opened.
    let opened = async { open.send(()).unwrap() };
    let (results, ()) = tokio::join!(biased; writes, opened);
    first.await.unwrap().unwrap();
    results
}

/// A write that is well until its commit.
async fn insert_stray_part(database: &Database, id: i64) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                infra_db::query("INSERT INTO parts (id, thing_id) VALUES ($1, 4711)")
                    .bind(id)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

async fn a_refusal_by_what_was_never_committed_is_not_believed(store: &Store) {
    let database = store.open().await;
    let writes = async {
        tokio::join!(
            biased;
            insert(&database, 1, "one".to_owned()),
            insert(&database, 1, "one again".to_owned()),
            insert_stray_part(&database, 1),
        )
    };
    let (first, refused, stray) = in_one_group(&database, writes).await;
    for result in [&first, &stray] {
        assert!(
            matches!(result, Err(DbError::NotCommitted(_))),
            "{result:?}"
        );
    }
    // Nobody knows which of them it was: each may be written alone.
    assert!(
        [first, stray]
            .iter()
            .flat_map(|result| result.as_ref().err())
            .all(DbError::is_transient)
    );
    // What stood in its way was undone, so it was not in its way.
    assert!(
        matches!(refused, Err(DbError::NotCommitted(_))),
        "{refused:?}"
    );
    assert_eq!(count(&database).await, 0);
    insert(&database, 1, "one".to_owned()).await.unwrap();
    // Alone it is known, and asking again is no help.
    let alone = insert_stray_part(&database, 1).await.unwrap_err();
    assert!(matches!(alone, DbError::Refused(_)), "{alone:?}");
    assert!(!alone.is_transient());
    assert_eq!(Error::from(alone).code(), ErrorCode::Internal);
}

async fn a_refused_write_neither_undoes_nor_blocks_the_others_of_its_group(store: &Store) {
    let database = store.open().await;
    let writes = async {
        tokio::join!(
            biased;
            insert(&database, 1, "one".to_owned()),
            insert(&database, 1, "one again".to_owned()),
            insert(&database, 2, "two".to_owned()),
        )
    };
    let (first, refused, last) = in_one_group(&database, writes).await;
    first.unwrap();
    assert!(refused.unwrap_err().is_unique_violation());
    last.unwrap();
    assert_eq!(count(&database).await, 2);
}

async fn closing_finishes_what_was_handed_in_and_refuses_what_comes_later(store: &Store) {
    let database = store.open().await;
    let writes: Vec<_> = (0..100)
        .map(|index| {
            let database = database.clone();
            tokio::spawn(async move { insert(&database, index, format!("thing {index}")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    database.close().await;
    let mut acknowledged = 0;
    for write in writes {
        acknowledged += i64::from(write.await.unwrap().is_ok());
    }
    assert!(matches!(
        insert(&database, 1_000, "late".to_owned()).await,
        Err(DbError::Closed)
    ));
    assert_eq!(count(&store.open().await).await, acknowledged);
}

async fn a_reader_cannot_write(store: &Store) {
    let database = store.open().await;
    let refused = infra_db::query("INSERT INTO things (id, name) VALUES (1, 'one')")
        .execute(database.reader())
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_in_the_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("things.db"),
        "not a database, but long enough to look like one".repeat(100),
    )
    .unwrap();
    let error = Database::open(&folder.path().join("things.db"), &MIGRATIONS)
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("things.db"), "{error}");
}

/// The names of what lies in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn closing_leaves_one_whole_file_without_what_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    let secret = "unmistakable".repeat(10);
    insert(&database, 1, secret.clone()).await.unwrap();
    // A reader's connection is open, as it is in a server that has read.
    assert_eq!(count(&database).await, 1);
    database
        .write::<(), DbError, _>(|connection| {
            Box::pin(async move {
                infra_db::query("DELETE FROM things")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    database.close().await;
    assert_eq!(names(folder.path()), ["things.db"]);
    let bytes = std::fs::read(folder.path().join("things.db")).unwrap();
    let mut windows = bytes.windows(secret.len());
    assert!(!windows.any(|window| window == secret.as_bytes()));
}

#[tokio::test]
async fn what_stays_open_at_a_close_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let held = database.reader().acquire().await.unwrap();
    assert!(!database.close().await, "a read is under way");
    drop(held);

    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    assert!(database.close().await);
    assert!(database.close().await, "once more changes nothing");
    assert_eq!(names(folder.path()), ["things.db"]);

    // A fault that ends the task which writes.
    let watch: CommitWatch = Arc::new(|_| Box::pin(async { panic!("on purpose") }));
    let path = folder.path().join("things.db");
    let database = Database::open_watched(&path, &MIGRATIONS, watch).await;
    let database = database.unwrap();
    let lost = insert(&database, 2, "two".to_owned()).await;
    assert!(matches!(lost, Err(DbError::Closed)), "{lost:?}");
    assert!(!database.close().await);
}

#[tokio::test]
async fn a_full_disk_is_distinguished_from_other_failures() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    let refused = database
        .write::<(), DbError, _>(|connection| {
            Box::pin(async move {
                // SQLite's own bound on the file has it say what it says when the disk is full.
                infra_db::query("PRAGMA max_page_count = 1")
                    .execute(&mut *connection)
                    .await?;
                infra_db::query("INSERT INTO things (id, name) VALUES (1, hex(zeroblob(1000000)))")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await;
    let error = Error::from(refused.unwrap_err());
    assert_eq!(error.code(), ErrorCode::StorageFull, "{}", error.causes());
    assert_eq!(count(&database).await, 0);
}

#[tokio::test]
async fn a_full_disk_is_what_the_whole_group_gets() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    let too_much = database.write::<(), Error, _>(|connection| {
        Box::pin(async move {
            infra_db::query("PRAGMA max_page_count = 1")
                .execute(&mut *connection)
                .await?;
            infra_db::query("INSERT INTO things (id, name) VALUES (2, hex(zeroblob(1000000)))")
                .execute(connection)
                .await?;
            Ok(())
        })
    });
    let insert = |id| insert(&database, id, "small".to_owned());
    let (before, full, after) = tokio::join!(insert(1), too_much, insert(3));
    assert_eq!(full.unwrap_err().code(), ErrorCode::StorageFull);
    for result in [before, after] {
        // Where SQLite undid all, all are told why; otherwise they stand.
        if let Err(error) = result {
            assert!(error.is_full(), "{error:?}");
        }
    }
}

#[test]
fn ids_become_json() {
    assert_eq!(json_ids([]), "[]");
    assert_eq!(json_ids([1, -2]), "[1,-2]");
}

/// A database's first transaction comes before its write-ahead log.
#[tokio::test]
async fn a_write_that_was_cut_off_before_there_was_a_log_is_undone_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (path, cut) = (folder.path().join("whole.db"), folder.path().join("cut.db"));
    let writing = rusqlite::Connection::open(&path).unwrap();
    // The cache is so small that the write goes to the file before it is committed.
    writing
        .execute_batch(
            "PRAGMA cache_size = 1; CREATE TABLE large (bytes BLOB); BEGIN; \
             INSERT INTO large VALUES (zeroblob(1000000))",
        )
        .unwrap();
    // What a kill would leave.
    std::fs::copy(&path, &cut).unwrap();
    std::fs::copy(
        path.with_extension("db-journal"),
        cut.with_extension("db-journal"),
    )
    .unwrap();
    let looked = examine(&cut, &MIGRATIONS).await.unwrap();
    assert!(
        matches!(looked, DatabaseState::Ready { pending: 1.. }),
        "{looked:?}"
    );
    let database = Database::open(&cut, &MIGRATIONS).await.unwrap();
    let large: i64 = infra_db::query_scalar("SELECT count(*) FROM large")
        .fetch_one(database.reader())
        .await
        .unwrap();
    assert_eq!(large, 0, "it was never committed");
    insert(&database, 1, "one".to_owned()).await.unwrap();
}
