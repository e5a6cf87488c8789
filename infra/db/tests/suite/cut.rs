//! One moment of several databases, beside writers that do not wait for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use infra_db::Database;
use infra_db::cut::Cut;

use crate::{MIGRATIONS, count, insert};

/// How many moments are looked at.
const CUTS: usize = 15;

async fn open(path: &Path) -> Database {
    Database::open(path, &MIGRATIONS).await.unwrap()
}

/// Copies both and returns how many rows each copy has.
async fn copied(paths: &[PathBuf], folder: &Path, name: usize) -> (i64, i64) {
    let cut = Cut::take(paths).unwrap();
    let mut counts = Vec::new();
    for (number, path) in paths.iter().enumerate() {
        let copy = folder.join(format!("{name}-{number}.db"));
        let mut bytes = 0;
        cut.copy(path, &copy, &mut |more| bytes += more).unwrap();
        assert_eq!(bytes, std::fs::metadata(&copy).unwrap().len());
        let database = Database::open_read_only(&copy);
        counts.push(count(&database).await);
        database.close().await;
    }
    (counts[0], counts[1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_commit_lies_between_the_databases_of_a_cut() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["first.db", "second.db"].map(|name| folder.path().join(name));
    let (first, second) = (open(&paths[0]).await, open(&paths[1]).await);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    // What is in the second is in the first, and the other way round but for the last.
    let writer = tokio::spawn(async move {
        let mut written = 0;
        while !stopped.load(Ordering::Relaxed) {
            written += 1;
            insert(&first, written, written.to_string()).await.unwrap();
            insert(&second, written, written.to_string()).await.unwrap();
        }
        (first, second, written)
    });
    let mut seen = Vec::new();
    for name in 0..CUTS {
        let (first, second) = copied(&paths, folder.path(), name).await;
        assert!(
            first == second || first == second + 1,
            "{first} and {second}"
        );
        seen.push(first);
    }
    stop.store(true, Ordering::Relaxed);
    let (first, second, written) = writer.await.unwrap();
    assert!(
        seen.is_sorted() && seen[0] < *seen.last().unwrap(),
        "{seen:?}"
    );
    assert!(*seen.last().unwrap() <= written);
    first.close().await;
    second.close().await;
    // The last one to close has taken the logs away: the cuts hold nothing.
    assert!(!folder.path().join("first.db-wal").exists());
}

#[tokio::test]
async fn a_cut_keeps_its_moment_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first.db");
    let database = open(&path).await;
    insert(&database, 1, "before".to_owned()).await.unwrap();
    let paths = [path.clone()];
    let cut = Cut::take(&paths).unwrap();
    for number in 2..200 {
        insert(&database, number, format!("{number} {}", "x".repeat(2_000)))
            .await
            .unwrap();
    }
    let copy = folder.path().join("copy.db");
    cut.copy(&path, &copy, &mut |_| {}).unwrap();
    drop(cut);
    let copied = Database::open_read_only(&copy);
    assert_eq!((count(&copied).await, count(&database).await), (1, 199));
    copied.close().await;
    let beside: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("copy"))
        .collect();
    assert_eq!(beside, ["copy.db"]);
}

#[tokio::test]
async fn a_cut_of_what_is_not_there_names_it_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone.db");
    let error = Cut::take(std::slice::from_ref(&path))
        .unwrap_err()
        .to_string();
    assert!(error.contains("gone.db"), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_copy_that_another_process_holds_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (
        folder.path().join("first.db"),
        folder.path().join("copy.db"),
    );
    open(&path).await.close().await;
    let holder = rusqlite::Connection::open(&copy).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let cut = Cut::take(std::slice::from_ref(&path)).unwrap();
    let error = cut.copy(&path, &copy, &mut |_| {}).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("copy.db is held by another process"),
        "{error}"
    );
}
