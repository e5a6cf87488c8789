//! Sessions that are lost: what was answered stands, what stands has had its hooks, once.

use std::net::SocketAddr;

use testing_engines::Postgres;

use super::load::under_load;
use super::proxy::{Cut, Proxy};
use super::*;

/// The address in a URL of the tests' server.
fn address(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once('@').unwrap();
    rest.split_once('/').unwrap().0.parse().unwrap()
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_out() {
    let Some(url) = postgres_url(&[]) else { return };
    let proxy = Proxy::start(address(&url)).await;
    let through = url.replace(&address(&url).to_string(), &proxy.address().to_string());
    let database = open_postgres(&through).await;
    let notes = Notes::default();
    insert_noted(&database, 1, &notes).await.unwrap();
    // The server has committed: as if nothing had been.
    proxy.cut_next(Cut::After);
    insert_noted(&database, 2, &notes).await.unwrap();
    assert_eq!(notes.ids(), [1, 2]);
    // It has not: the write fails, and can be made again.
    proxy.cut_next(Cut::Before);
    let lost = insert_noted(&database, 3, &notes).await.unwrap_err();
    assert!(lost.is_transient(), "{lost:?}");
    assert_eq!(notes.ids(), [1, 2]);
    insert_noted(&database, 3, &notes).await.unwrap();
    // The same for groups.
    for (cut, first, is_committed) in [(Cut::After, 10, true), (Cut::Before, 20, false)] {
        proxy.cut_next(Cut::Never);
        let arm = async { proxy.cut_next(cut) };
        let writes = async {
            tokio::join!(
                biased;
                insert_noted(&database, first, &notes),
                insert_noted(&database, 1, &notes),
                insert_noted(&database, first + 1, &notes),
                arm,
            )
        };
        let (one, refused, other, ()) = in_one_group(&database, writes).await;
        assert_eq!((one.is_ok(), other.is_ok()), (is_committed, is_committed));
        refused.unwrap_err();
    }
    assert_eq!(notes.ids(), [1, 2, 3, 10, 11]);
    assert_eq!(count(&database).await, 5);
}

#[tokio::test]
async fn a_connection_that_is_silently_dead_is_given_up() {
    let Some(url) = postgres_url(&[]) else { return };
    let proxy = Proxy::start(address(&url)).await;
    let through = url.replace(&address(&url).to_string(), &proxy.address().to_string());
    let database = open_postgres(&through).await;
    let notes = Notes::default();
    insert_noted(&database, 1, &notes).await.unwrap();
    proxy.cut_next(Cut::Silent);
    let begun = Instant::now();
    let lost = insert_noted(&database, 2, &notes).await.unwrap_err();
    assert!(lost.is_transient(), "{lost:?}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    insert_noted(&database, 2, &notes).await.unwrap();
    assert_eq!(notes.ids(), [1, 2]);
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn who_was_not_the_home_meanwhile_does_not_go_on() {
    for change in [
        "UPDATE _heliograph_home SET epoch = epoch + 1",
        "DELETE FROM _heliograph_commits",
    ] {
        let Some(url) = postgres_url(&[]) else { return };
        let database = open_postgres(&url).await;
        insert(&database, 1, "one".to_owned()).await.unwrap();
        let mut other = session(&url).await;
        run(&mut other, change).await;
        run(&mut other, END_SESSIONS).await;
        let lost = tokio::time::timeout(Duration::from_secs(10), database.home_lost());
        lost.await.unwrap();
        let refused = insert(&database, 2, "two".to_owned()).await.unwrap_err();
        assert!(matches!(refused, DbError::HomeLost), "{refused:?}");
        assert!(!database.close().await);
    }
}

const END_SESSIONS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE application_name = 'heliograph' AND datname = current_database()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_server_that_is_killed_under_load_nothing_is_lost_and_nothing_doubled() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    let url = server.create_database("photos");
    let harm = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            server = tokio::task::spawn_blocking(move || {
                server.kill_and_restart();
                server
            })
            .await
            .unwrap();
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        server
    };
    under_load(&url, harm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_sessions_that_are_ended_under_load_nothing_is_lost_and_nothing_doubled() {
    let Some(url) = postgres_url(&[]) else { return };
    let harm = async {
        let mut other = session(&url).await;
        for round in 0..60 {
            tokio::time::sleep(Duration::from_micros(40_000 + round * 731)).await;
            run(&mut other, END_SESSIONS).await;
        }
    };
    under_load(&url, harm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_away_writes_and_reads_fail_soon_and_as_transient() {
    let Some(mut server) = Postgres::start() else {
        return;
    };
    let url = server.create_database("photos");
    let database = open_postgres(&url).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    assert_eq!(count(&database).await, 1);
    server.kill();
    let begun = Instant::now();
    let writes = (10..14).map(|id| insert(&database, id, id.to_string()));
    for refused in futures::future::join_all(writes).await {
        let error = Error::from(refused.unwrap_err());
        assert_eq!(error.code(), ErrorCode::Unavailable, "{}", error.causes());
    }
    for _ in 0..5 {
        let counted = infra_db::query_scalar("SELECT COUNT(*) FROM things");
        let read = counted.fetch_one::<i64>(database.reader()).await;
        assert!(read.unwrap_err().is_transient());
    }
    assert!(
        begun.elapsed() < Duration::from_secs(9),
        "{:?}",
        begun.elapsed()
    );
    server.restart();
    let begun = Instant::now();
    while insert(&database, 2, "two".to_owned()).await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it does not go on"
        );
    }
    let mut reads = 0;
    while infra_db::query_scalar("SELECT COUNT(*) FROM things")
        .fetch_one::<i64>(database.reader())
        .await
        .is_err()
    {
        reads += 1;
        assert!(reads < 5, "reads do not go on");
    }
    assert!(database.close().await);
}
