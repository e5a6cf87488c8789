//! Until when a home answers from what it remembers, and from when the next one writes.

use std::time::Instant;

use infra_resilience::HOME_LEASE;

use super::*;
use crate::engine::postgres_url_by_link;

async fn read(database: &Database) -> Result<i64, DbError> {
    let counted = infra_db::query_scalar("SELECT COUNT(*) FROM things");
    counted.fetch_one(database.reader()).await
}

/// Waits until the lease holds, or does not.
async fn until_lease(database: &Database, holds: bool) {
    let lease = database.lease();
    let begun = Instant::now();
    while lease.holds(Instant::now()) != holds {
        assert!(begun.elapsed() < Duration::from_secs(20), "not {holds}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_home_that_is_cut_off_answers_nothing_until_it_is_back() {
    let Some((url, link)) = postgres_url_by_link() else {
        return;
    };
    let database = open_postgres(&url).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    // By heartbeats alone it holds on.
    let begun = Instant::now();
    while begun.elapsed() < HOME_LEASE * 2 {
        assert!(database.lease().holds(Instant::now()));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(read(&database).await.unwrap(), 1);
    link.cut();
    let cut_at = Instant::now();
    until_lease(&database, false).await;
    let held = cut_at.elapsed();
    assert!(held < HOME_LEASE + Duration::from_millis(50), "{held:?}");
    let refused = read(&database).await.unwrap_err();
    assert!(matches!(refused, DbError::LeaseExpired(_)), "{refused:?}");
    assert_eq!(Error::from(refused).code(), ErrorCode::Unavailable);
    link.heal();
    let healed_at = Instant::now();
    until_lease(&database, true).await;
    assert_eq!(read(&database).await.unwrap(), 1);
    println!(
        "answers for {held:?} after the cut, and again {:?} after its end",
        healed_at.elapsed()
    );
}

#[tokio::test]
async fn reads_and_writes_that_fail_do_not_keep_heartbeats_back() {
    let Some(url) = postgres_url(&[]) else { return };
    let database = open_postgres(&url).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < HOME_LEASE * 2 {
        let refused = insert(&database, 1, "one".to_owned()).await.unwrap_err();
        assert!(refused.is_unique_violation());
        assert!(database.lease().holds(Instant::now()));
    }
}

#[tokio::test]
async fn after_a_home_that_took_no_leave_the_next_one_writes_when_the_lease_has_ended() {
    let Some(url) = postgres_url(&[]) else { return };
    let first = open_postgres(&url).await;
    let lease = first.lease();
    insert(&first, 1, "one".to_owned()).await.unwrap();
    // Gone without a farewell, as after a kill.
    drop(first);
    let second = open_postgres(&url).await;
    assert_eq!(read(&second).await.unwrap(), 1);
    insert(&second, 2, "two".to_owned()).await.unwrap();
    assert!(!lease.holds(Instant::now()), "both could answer");
    assert!(second.lease().holds(Instant::now()));
    // One that takes leave is not waited for.
    let lease = second.lease();
    assert!(second.close().await);
    assert!(!lease.holds(Instant::now()));
    let begun = Instant::now();
    let third = open_postgres(&url).await;
    insert(&third, 3, "three".to_owned()).await.unwrap();
    assert!(begun.elapsed() < HOME_LEASE, "{:?}", begun.elapsed());
}
