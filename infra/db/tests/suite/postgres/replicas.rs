//! Reads from servers that follow: what they show, and who is asked when they do not follow.

use infra_db::{Position, inspect_replicas};
use testing_engines::Postgres;

use super::*;

const DATABASE: &str = "photos";

/// What a reader shows: how many things, and whether by a replica.
async fn look(database: &Database, position: Position) -> (i64, bool) {
    let text = "SELECT COUNT(*), pg_is_in_recovery() FROM things";
    let look = infra_db::query(text);
    let reader = database.reader_at(position);
    look.fetch_one(&reader).await.unwrap()
}

/// Waits until reads come from a replica, or do not any more. None of them may show less than all.
async fn until(database: &Database, is_replica: bool, things: i64) {
    let begun = Instant::now();
    loop {
        let (found, by_replica) = look(database, database.position()).await;
        assert_eq!(found, things);
        if by_replica == is_replica {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "not {is_replica}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn with_replica(primary: &Postgres, replica: &Postgres) -> Database {
    let database = open_postgres(&primary.url(DATABASE)).await;
    let url = replica.url(DATABASE);
    database.with_replicas(&url, SCHEMA).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_read_from_while_it_has_every_write() {
    let Some(primary) = Postgres::start() else {
        return;
    };
    let _ = primary.create_database(DATABASE);
    let mut replica = primary.start_replica();
    let database = with_replica(&primary, &replica).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    until(&database, true, 1).await;
    // Who wrote sees it, no matter which server answers.
    let mut by_replica = 0;
    for id in 2..100 {
        insert(&database, id, id.to_string()).await.unwrap();
        let (found, is_replica) = look(&database, database.position()).await;
        assert_eq!(found, id);
        by_replica += u32::from(is_replica);
    }
    println!("{by_replica} of 98 reads right after a write were the replica's");
    // One that stands still shows what it has to nobody.
    replica.run("SELECT pg_wal_replay_pause()");
    insert(&database, 100, "more".to_owned()).await.unwrap();
    until(&database, false, 100).await;
    replica.run("SELECT pg_wal_replay_resume()");
    until(&database, true, 100).await;
    // Nothing fails when it dies, and it comes back.
    replica.kill();
    for _ in 0..50 {
        assert_eq!(look(&database, database.position()).await, (100, false));
    }
    insert(&database, 101, "last".to_owned()).await.unwrap();
    replica.restart();
    until(&database, true, 101).await;
    assert!(database.close().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_follows_nobody_is_not_read_from() {
    let Some(primary) = Postgres::start() else {
        return;
    };
    let _ = primary.create_database(DATABASE);
    let database = with_replica(&primary, &primary).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let facts = inspect_replicas(&primary.url(DATABASE)).await.unwrap();
    let refused = facts[0].as_ref().unwrap_err().to_string();
    assert!(refused.contains("follows no other"), "{refused}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(look(&database, database.position()).await, (1, false));
}

/// In one thread, so that nothing else runs between the end of a read and the next look.
#[tokio::test]
async fn a_replica_whose_sessions_are_all_lent_is_not_taken_for_dead() {
    const ROUNDS: usize = 5;
    let Some(primary) = Postgres::start() else {
        return;
    };
    let _ = primary.create_database(DATABASE);
    let replica = primary.start_replica();
    let database = with_replica(&primary, &replica).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let mut was_asked = false;
    for _ in 0..ROUNDS {
        let mut held = Vec::new();
        while held.len() < 4 {
            until(&database, true, 1).await;
            let reader = database.reader_at(database.position());
            let mut lent = reader.acquire().await.unwrap();
            let by_replica = infra_db::query_scalar("SELECT pg_is_in_recovery()");
            if by_replica.fetch_one(&mut lent).await.unwrap() {
                held.push(lent);
            }
        }
        // Somebody else is not kept waiting.
        assert_eq!(look(&database, database.position()).await, (1, false));
        held.pop();
        was_asked |= look(&database, database.position()).await.1;
    }
    // Once is enough: a slow reply leaves it out for a moment, too.
    assert!(was_asked, "it was left out while it was busy");
    assert!(database.close().await);
}
