//! Statements within writes, alone and in groups, and beside them.

use infra_db::{Connection, Database, DbError, SqlText, query, query_scalar};

use crate::engine::{Store, on_each_engine};
use crate::{count, in_one_group, insert};

on_each_engine! {
    a_write_whose_last_statement_fails_is_undone_whole,
    in_a_group_it_fails_alone,
    what_was_written_is_seen_by_the_rest_of_its_write,
    a_statement_counts_its_own_rows_alone,
    a_write_that_sends_nothing_is_a_write,
    a_snapshot_sees_one_moment,
    a_write_that_goes_on_after_a_failure_is_refused,
    what_a_failed_write_has_written_is_nobodys,
    values_that_have_no_place_are_refused,
    a_returning_statement_may_be_a_writes_first,
}

/// Inserts a thing, and one before it when `before` is some.
async fn insert_after(database: &Database, before: Option<i64>, id: i64) -> Result<(), DbError> {
    database
        .write(move |connection| {
            Box::pin(async move {
                if let Some(before) = before {
                    insert_now(&mut *connection, before).await?;
                }
                insert_now(connection, id).await.map(drop)
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

async fn a_write_whose_last_statement_fails_is_undone_whole(store: &Store) {
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let refused = insert_after(&database, Some(2), 1).await;
    assert!(refused.unwrap_err().is_unique_violation());
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
            insert_after(&database, Some(2), 3),
            insert_after(&database, Some(4), 1),
            insert_after(&database, None, 5),
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

async fn what_was_written_is_seen_by_the_rest_of_its_write(store: &Store) {
    let database = store.open().await;
    let seen: Result<(i64, i64), DbError> = database
        .write(|connection| {
            Box::pin(async move {
                for id in 1..=3 {
                    insert_now(connection, id).await?;
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

async fn a_write_that_goes_on_after_a_failure_is_refused(store: &Store) {
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let goes_on = || {
        database.write::<_, DbError, _>(|connection| {
            Box::pin(async move {
                let _ = insert_now(connection, 1).await;
                let _ = insert_now(connection, 2).await;
                Ok(())
            })
        })
    };
    assert!(matches!(goes_on().await, Err(DbError::Refused(_))));
    let writes = async {
        tokio::join!(biased; insert(&database, 3, "three".to_owned()), goes_on(), insert(&database, 4, "four".to_owned()))
    };
    let (first, refused, last) = in_one_group(&database, writes).await;
    first.and(last).unwrap();
    assert!(matches!(refused, Err(DbError::Refused(_))));
    assert_eq!(count(&database).await, 3);
}

async fn what_a_failed_write_has_written_is_nobodys(store: &Store) {
    let database = store.open().await;
    let fails = |panics: bool| {
        database.write::<(), DbError, _>(move |connection| {
            Box::pin(async move {
                insert_now(connection, 7).await?;
                assert!(!panics, "on purpose");
                Err(DbError::Closed)
            })
        })
    };
    fails(false).await.unwrap_err();
    insert(&database, 1, "one".to_owned()).await.unwrap();
    fails(true).await.unwrap_err();
    let writes = async {
        tokio::join!(
            biased;
            fails(false),
            insert_after(&database, Some(2), 3),
            fails(true),
            insert_after(&database, None, 4),
        )
    };
    let (_, second, _, fourth) = in_one_group(&database, writes).await;
    second.and(fourth).unwrap();
    assert_eq!(count(&database).await, 4);
}

async fn values_that_have_no_place_are_refused(store: &Store) {
    let database = store.open().await;
    let refused = database.write::<_, DbError, _>(|connection| {
        Box::pin(async move {
            query("INSERT INTO things (id, name) VALUES ($1, $2)")
                .bind(1_i64)
                .execute(connection)
                .await
        })
    });
    let refused = format!("{:?}", refused.await.unwrap_err());
    assert!(refused.contains("values: 1, places: 2"), "{refused}");
    insert(&database, 1, "one".to_owned()).await.unwrap();
}

async fn a_returning_statement_may_be_a_writes_first(store: &Store) {
    let database = store.open().await;
    let returned: Result<Option<i64>, DbError> = database
        .write(|connection| {
            Box::pin(async move {
                query_scalar("INSERT INTO things (id, name) VALUES (1, 'one') RETURNING id")
                    .fetch_optional(connection)
                    .await
            })
        })
        .await;
    assert_eq!(returned.unwrap(), Some(1));
    assert_eq!(count(&database).await, 1);
}
