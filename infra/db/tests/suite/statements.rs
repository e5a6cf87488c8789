//! Statements that travel together: what precedes one, and what waits for the commit.

use infra_db::{Connection, Database, DbError, SqlText, query, query_scalar};

use crate::engine::{Store, on_each_engine};
use crate::{count, in_one_group, insert};

on_each_engine! {
    what_waits_for_the_commit_is_written_by_it,
    a_write_whose_last_statement_fails_is_undone_whole,
    in_a_group_it_fails_alone,
    what_waits_is_seen_by_the_rest_of_its_write,
    a_statement_counts_its_own_rows_alone,
    a_write_that_sends_nothing_is_a_write,
    a_snapshot_sees_one_moment,
}

/// Inserts a thing with the commit, and one before it at once when `before` is some.
async fn insert_with_commit(
    database: &Database,
    before: Option<i64>,
    id: i64,
    name: &'static str,
) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                if let Some(before) = before {
                    insert_now(connection, before).await?;
                }
                query("INSERT INTO things (id, name) VALUES ($1, $2)")
                    .bind(id)
                    .bind(name)
                    .execute_with_commit(connection)
                    .await
            })
        })
        .await
}

async fn insert_now(connection: &mut Connection, id: i64) -> Result<u64, DbError> {
    query("INSERT INTO things (id, name) VALUES ($1, $2)")
        .bind(id)
        .bind(format!("thing {id}"))
        .execute(connection)
        .await
}

async fn what_waits_for_the_commit_is_written_by_it(store: &Store) {
    let database = store.open().await;
    insert_with_commit(&database, None, 1, "alone")
        .await
        .unwrap();
    insert_with_commit(&database, Some(2), 3, "second")
        .await
        .unwrap();
    assert_eq!(count(&database).await, 3);
}

async fn a_write_whose_last_statement_fails_is_undone_whole(store: &Store) {
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let refused = insert_with_commit(&database, Some(2), 1, "one again").await;
    assert!(
        matches!(refused, Err(DbError::NotCommitted(_))),
        "{refused:?}"
    );
    assert_eq!(count(&database).await, 1);
    insert(&database, 2, "two".to_owned()).await.unwrap();
    assert_eq!(count(&database).await, 2);
}

async fn in_a_group_it_fails_alone(store: &Store) {
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let writes = async {
        tokio::join!(
            biased;
            insert_with_commit(&database, Some(2), 3, "three"),
            insert_with_commit(&database, Some(4), 1, "one again"),
            insert_with_commit(&database, None, 5, "five"),
            insert(&database, 6, "six".to_owned()),
        )
    };
    let (first, refused, third, fourth) = in_one_group(&database, writes).await;
    first.unwrap();
    assert!(refused.unwrap_err().is_unique_violation());
    third.unwrap();
    fourth.unwrap();
    let ids: Vec<i64> = query_scalar("SELECT id FROM things ORDER BY id")
        .fetch_all(database.reader())
        .await
        .unwrap();
    assert_eq!(ids, [1, 2, 3, 5, 6]);
}

async fn what_waits_is_seen_by_the_rest_of_its_write(store: &Store) {
    let database = store.open().await;
    let seen: Result<(i64, i64), DbError> = database
        .write(|connection| {
            Box::pin(async move {
                for id in 1..=3 {
                    query("INSERT INTO things (id, name) VALUES ($1, $2)")
                        .bind(id)
                        .bind(format!("thing {id}"))
                        .execute_with_commit(connection)
                        .await?;
                }
                let things = query_scalar("SELECT COUNT(*) FROM things")
                    .fetch_one(&mut *connection)
                    .await?;
                let last = query_scalar("SELECT MAX(id) FROM things")
                    .fetch_one(connection)
                    .await?;
                Ok((things, last))
            })
        })
        .await;
    assert_eq!(seen.unwrap(), (3, 3));
}

/// SQLite goes on to report what the last writing statement wrote.
async fn a_statement_counts_its_own_rows_alone(store: &Store) {
    let database = store.open().await;
    for id in 0..5 {
        insert(&database, id, format!("thing {id}")).await.unwrap();
    }
    let update = |name: &'static str, from: i64| {
        database.write(move |connection| {
            Box::pin(async move {
                query(SqlText::from(
                    "UPDATE things SET name = name || $1 WHERE id >= $2",
                ))
                .bind(name)
                .bind(from)
                .execute(connection)
                .await
            })
        })
    };
    assert_eq!(update("!", 0).await.unwrap(), 5);
    assert_eq!(update("?", 4).await.unwrap(), 1);
    assert_eq!(update("?", 9).await.unwrap(), 0);
}

async fn a_write_that_sends_nothing_is_a_write(store: &Store) {
    let database = store.open().await;
    let before = database.commit_version();
    let nothing = |database: &Database| {
        let database = database.clone();
        async move {
            let done = database.write::<_, DbError, _>(|_| Box::pin(async { Ok(()) }));
            done.await
        }
    };
    nothing(&database).await.unwrap();
    assert!(database.commit_version() > before);
    let writes = async {
        tokio::join!(
            biased;
            nothing(&database),
            insert(&database, 1, "one".to_owned()),
            nothing(&database),
        )
    };
    let (first, second, third) = in_one_group(&database, writes).await;
    first.and(second).and(third).unwrap();
    assert_eq!(count(&database).await, 1);
}

async fn a_snapshot_sees_one_moment(store: &Store) {
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let count_in = async |connection: &mut Connection| -> i64 {
        let counted = query_scalar("SELECT COUNT(*) FROM things").fetch_one(connection);
        counted.await.unwrap()
    };
    let mut snapshot = database.reader().snapshot().await.unwrap();
    let mut reader = database.reader().acquire().await.unwrap();
    assert_eq!(count_in(&mut snapshot).await, 1);
    insert(&database, 2, "two".to_owned()).await.unwrap();
    assert_eq!(count_in(&mut snapshot).await, 1);
    assert_eq!(count_in(&mut reader).await, 2);
    drop(snapshot);
    // The connection is back in the pool without a transaction.
    let mut snapshot = database.reader().snapshot().await.unwrap();
    assert_eq!(count_in(&mut snapshot).await, 2);
}
