//! What makes commits durable where they do not wait for the disk themselves.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use infra_db::{Database, Durability, OpenOptions};

use crate::{MIGRATIONS, count, insert};

async fn open(path: &Path) -> Database {
    let options = OpenOptions {
        durability: Durability::OnSync,
        ..OpenOptions::default()
    };
    Database::open_with(path, &MIGRATIONS, options)
        .await
        .unwrap()
}

fn log_of(database: &Path) -> PathBuf {
    database.with_extension("db-wal")
}

/// The database as it is without its log.
async fn rows_in_the_file_alone(path: &Path) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    fs::copy(path, &copy).unwrap();
    let copied = Database::open(&copy, &MIGRATIONS).await.unwrap();
    count(&copied).await
}

#[tokio::test]
async fn a_log_that_is_gone_is_no_durable_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("things.db");
    let database = open(&path).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    fs::rename(log_of(&path), folder.path().join("away")).unwrap();
    assert!(database.sync().await.is_err());
}

#[tokio::test]
async fn of_a_linked_database_the_log_that_is_synced_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let (file, link) = (
        elsewhere.path().join("things.db"),
        folder.path().join("things.db"),
    );
    fs::write(&file, "").unwrap();
    symlink(&file, &link).unwrap();
    let database = open(&link).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    // One that lies beside the link is not it.
    fs::write(log_of(&link), "").unwrap();
    fs::rename(log_of(&file), elsewhere.path().join("away")).unwrap();
    assert!(database.sync().await.is_err());
}

#[tokio::test]
async fn after_a_failure_everything_is_written_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("things.db");
    let database = open(&path).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let away = folder.path().join("away");
    fs::rename(log_of(&path), &away).unwrap();
    assert!(database.sync().await.is_err());
    fs::rename(&away, log_of(&path)).unwrap();
    insert(&database, 2, "two".to_owned()).await.unwrap();
    assert_eq!(rows_in_the_file_alone(&path).await, 0);
    database.sync().await.unwrap();
    assert_eq!(rows_in_the_file_alone(&path).await, 2);
    // And from then on the log is enough.
    insert(&database, 3, "three".to_owned()).await.unwrap();
    database.sync().await.unwrap();
    assert_eq!(count(&database).await, 3);
}

#[tokio::test]
async fn a_database_in_which_nothing_was_ever_written_can_be_synced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("things.db");
    open(&path).await.close().await;
    let database = open(&path).await;
    database.sync().await.unwrap();
    insert(&database, 1, "one".to_owned()).await.unwrap();
    database.sync().await.unwrap();
}
