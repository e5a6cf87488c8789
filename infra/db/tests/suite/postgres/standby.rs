//! A primary that is lost for good, and the standby that takes its place.

use testing_engines::Postgres;

use super::load::under_load;
use super::*;

const DATABASE: &str = "photos";

/// A primary with an empty database, and the standby that it waits for.
fn pair() -> Option<(Postgres, Postgres)> {
    let primary = Postgres::start()?;
    let _ = primary.create_database(DATABASE);
    let standby = primary.start_standby();
    Some((primary, standby))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_promoted_under_load_has_everything_that_was_acknowledged() {
    let Some((mut primary, standby)) = pair() else {
        return;
    };
    let url = primary.url_with_standby(&standby, DATABASE);
    let harm = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        tokio::task::spawn_blocking(move || {
            primary.kill();
            standby.promote();
            (primary, standby)
        })
        .await
        .unwrap()
    };
    under_load(&url, harm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_primary_has_is_not_acknowledged() {
    let Some((mut primary, mut standby)) = pair() else {
        return;
    };
    let database = open_postgres(&primary.url_with_standby(&standby, DATABASE)).await;
    let notes = Notes::default();
    insert_noted(&database, 1, &notes).await.unwrap();
    standby.kill();
    // The primary has it on its disk, and even shows it once the session that waits is given up.
    let lost = insert_noted(&database, 2, &notes).await.unwrap_err();
    assert!(matches!(lost, DbError::Undecided), "{lost:?}");
    assert_eq!(notes.ids(), [1]);
    // A heartbeat waits for the standby, too.
    assert!(!database.lease().holds(Instant::now()));
    primary.kill();
    standby.restart();
    standby.promote();
    let begun = Instant::now();
    while insert_noted(&database, 3, &notes).await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(15),
            "it does not go on"
        );
    }
    assert_eq!(notes.ids(), [1, 3]);
    assert_eq!(count(&database).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_primary_that_is_still_there_is_not_chosen() {
    const END_SESSIONS: &str =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'photos'";
    let Some((primary, standby)) = pair() else {
        return;
    };
    let url = primary.url_with_standby(&standby, DATABASE);
    let notes = Notes::default();
    let database = open_postgres(&url).await;
    insert_noted(&database, 1, &notes).await.unwrap();
    standby.promote();
    // It is named first, takes sessions as a primary, and is all that the home has seen so far.
    assert_eq!(primary.run("SELECT pg_is_in_recovery()"), "f");
    assert_ne!(primary.run(END_SESSIONS), "0");
    let begun = Instant::now();
    while insert_noted(&database, 2, &notes).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(15));
    }
    // More concurrent reads than there are sessions open: each of the new ones is with the new one.
    let reads = (0..16).map(|_| count(&database));
    assert_eq!(futures::future::join_all(reads).await, [2; 16]);
    database.close().await;
    let again = open_postgres(&url).await;
    assert_eq!(count(&again).await, 2);
    again.close().await;

    // Both of two copies of the old one were promoted: nobody can tell.
    let other = primary.start_replica();
    other.promote();
    let url = other.url_with_standby(&standby, DATABASE);
    let options = PostgresOptions::default();
    let opened = Database::open_postgres(&url, SCHEMA, &MIGRATIONS, options).await;
    let refused = opened.err().unwrap().to_string();
    assert!(refused.contains("of the same timeline 2"), "{refused}");
    // One server by two names is one.
    let url = standby.url_with_standby(&standby, DATABASE);
    assert_eq!(count(&open_postgres(&url).await).await, 2);
}
