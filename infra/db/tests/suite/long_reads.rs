//! Reads of a file that take long hold up nobody else.

use std::cell::Cell;
use std::time::Duration;

use infra_db::{Connection, DbError, SqlText, query_scalar};

use crate::engine::Store;
use crate::{count, insert};

/// Counts for some hundred milliseconds, and then the things.
const LONG: &str = "WITH RECURSIVE counted (n) AS \
    (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 1000000) \
    SELECT (SELECT max(n) FROM counted) * 0 + (SELECT COUNT(*) FROM things)";

/// A test's runtime has one thread: were the long read in it, nothing would run meanwhile.
#[tokio::test]
async fn others_read_meanwhile() {
    let store = Store::sqlite();
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let is_done = Cell::new(false);
    let long = async {
        let read: Result<i64, _> = query_scalar(LONG).fetch_one(database.reader()).await;
        is_done.set(true);
        read.unwrap()
    };
    let short = async {
        let mut reads = 0;
        while !is_done.get() {
            reads += count(&database).await;
            tokio::task::yield_now().await;
        }
        reads
    };
    let (long, reads) = tokio::join!(biased; long, short);
    assert_eq!(long, 1);
    assert!(reads > 10, "{reads} reads beside a long one");
}

#[tokio::test]
async fn a_snapshot_stays_that_of_its_moment() {
    let store = Store::sqlite();
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let long = async |snapshot: &mut Connection| -> Result<i64, DbError> {
        query_scalar(LONG).fetch_one(snapshot).await
    };
    let mut snapshot = database.reader().snapshot().await.unwrap();
    assert_eq!(long(&mut snapshot).await.unwrap(), 1);
    insert(&database, 2, "two".to_owned()).await.unwrap();
    assert_eq!(long(&mut snapshot).await.unwrap(), 1);
    drop(snapshot);
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_gives_its_place_back() {
    let store = Store::sqlite();
    let database = store.open().await;
    for _ in 0..8 {
        let long = query_scalar(LONG).fetch_one::<i64>(database.reader());
        let given_up = tokio::time::timeout(Duration::from_millis(5), long).await;
        assert!(given_up.is_err(), "it was not long");
    }
    assert_eq!(count(&database).await, 0);
    assert!(database.close().await, "all connections are back");
}

#[tokio::test]
async fn a_read_that_nobody_waits_for_ends() {
    let store = Store::sqlite();
    let database = store.open().await;
    let endless = LONG.replace("1000000)", "1000000000000)");
    // As many as there are places.
    for _ in 0..4 {
        let long = query_scalar(SqlText::assembled(&endless)).fetch_one::<i64>(database.reader());
        let given_up = tokio::time::timeout(Duration::from_millis(5), long).await;
        assert!(given_up.is_err(), "it has an end");
    }
    assert_eq!(count(&database).await, 0);
}

/// SQLite looks at the clock after so many instructions of a statement, over all its runs: that of
/// a snapshot's beginning comes after some hundred of them.
#[tokio::test]
async fn the_bound_of_a_read_is_not_that_of_a_later_snapshot() {
    let store = Store::sqlite();
    let database = store.open().await;
    for _ in 0..500 {
        assert_eq!(count(&database).await, 0);
        // Longer than a read may take where it is asked for.
        tokio::time::sleep(Duration::from_millis(3)).await;
        let mut snapshot = database.reader().snapshot().await.unwrap();
        let things: i64 = query_scalar("SELECT COUNT(*) FROM things")
            .fetch_one(&mut snapshot)
            .await
            .unwrap();
        assert_eq!(things, 0);
    }
}
