//! The database as its users see it: group commit, isolation of failures, closing.

// A test's helper that cannot go on has failed the test.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use infra_db::{Database, DbError, json_ids};
use sqlx::migrate::Migrator;

static MIGRATIONS: Migrator = sqlx::migrate!("tests/suite/migrations");

async fn open(folder: &Path) -> Database {
    Database::open(&folder.join("things.db"), &MIGRATIONS)
        .await
        .unwrap()
}

async fn insert(database: &Database, id: i64, name: String) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                sqlx::query("INSERT INTO things (id, name) VALUES ($1, $2)")
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
    sqlx::query_scalar("SELECT COUNT(*) FROM things")
        .fetch_one(database.reader())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_failing_write_undoes_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
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

#[tokio::test]
async fn a_panicking_write_undoes_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    let panics = database.write::<(), DbError, _>(|_| Box::pin(async { panic!("on purpose") }));
    let (panicked, written) = tokio::join!(panics, insert(&database, 1, "one".to_owned()));
    assert!(matches!(panicked, Err(DbError::NotCommitted(_))));
    written.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn closing_finishes_what_was_handed_in_and_refuses_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
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
    assert_eq!(count(&open(folder.path()).await).await, acknowledged);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    let refused = sqlx::query("INSERT INTO things (id, name) VALUES (1, 'one')")
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

#[test]
fn ids_become_json() {
    assert_eq!(json_ids([]), "[]");
    assert_eq!(json_ids([1, -2]), "[1,-2]");
}
