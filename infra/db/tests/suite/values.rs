//! Values and rows, which are the same on every engine.

use super::*;

on_each_engine! {
    values_and_their_absence_come_back,
    a_text_with_nul_is_the_fault_of_who_sent_it,
    a_snapshot_is_of_one_moment,
    rows_are_read_up_to_the_last_that_is_wanted,
    lists_are_rows,
    opened_again_everything_is_there,
}

type Values = (
    Option<i64>,
    Option<bool>,
    Option<f64>,
    Option<String>,
    Option<Vec<u8>>,
);

async fn values_and_their_absence_come_back(store: &Store) {
    let database = store.open().await;
    let given: [Values; 2] = [
        (
            Some(i64::MIN),
            Some(true),
            Some(0.5),
            Some("\u{1f33b} text".to_owned()),
            Some(vec![0, 255]),
        ),
        (None, None, None, None, None),
    ];
    // The same text with and without values: it is prepared once.
    for (number, truth, real, text, bytes) in given {
        let read: Values = infra_db::query("SELECT $1, $2 = TRUE, $3, $4, $5")
            .bind(number)
            .bind(truth)
            .bind(real)
            .bind(text.clone())
            .bind(bytes.clone())
            .fetch_one(database.reader())
            .await
            .unwrap();
        assert_eq!(read, (number, truth, real, text, bytes));
    }
}

async fn a_text_with_nul_is_the_fault_of_who_sent_it(store: &Store) {
    let database = store.open().await;
    let writes = async {
        tokio::join!(
            biased;
            insert(&database, 1, "one".to_owned()),
            insert(&database, 2, "tw\0".to_owned()),
            insert(&database, 3, "three".to_owned()),
        )
    };
    let (first, refused, last) = in_one_group(&database, writes).await;
    first.unwrap();
    last.unwrap();
    let error = Error::from(refused.unwrap_err());
    assert_eq!(error.code(), ErrorCode::Invalid, "{}", error.causes());
    let read = infra_db::query_scalar("SELECT id FROM things WHERE name = $1")
        .bind("tw\0")
        .fetch_optional::<i64>(database.reader())
        .await;
    assert!(matches!(read, Err(DbError::NulInText)), "{read:?}");
    assert_eq!(count(&database).await, 2);
}

async fn a_snapshot_is_of_one_moment(store: &Store) {
    let database = store.open().await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let in_snapshot = async |snapshot: &mut infra_db::Connection| -> i64 {
        let counted = infra_db::query_scalar("SELECT COUNT(*) FROM things");
        counted.fetch_one(snapshot).await.unwrap()
    };
    // More than there are connections: each goes back without what it had begun.
    for round in 1..=6 {
        let mut snapshot = database.reader().snapshot().await.unwrap();
        assert_eq!(in_snapshot(&mut snapshot).await, round);
        insert(&database, round + 1, round.to_string())
            .await
            .unwrap();
        assert_eq!(in_snapshot(&mut snapshot).await, round);
        drop(snapshot);
        assert_eq!(count(&database).await, round + 1);
    }
}

async fn rows_are_read_up_to_the_last_that_is_wanted(store: &Store) {
    let database = store.open().await;
    for id in 1..=5 {
        insert(&database, id, id.to_string()).await.unwrap();
    }
    let after_first = || {
        let text = "SELECT id, name FROM things WHERE id > $1 ORDER BY id";
        infra_db::query(text).bind(1)
    };
    let reader = database.reader();
    let mut seen = 0;
    let is_second = move |_: &(i64, String)| {
        seen += 1;
        seen == 2
    };
    let rows = after_first().fetch_until(reader, is_second).await.unwrap();
    assert_eq!(rows, [(2, "2".to_owned()), (3, "3".to_owned())]);
    let all: Vec<(i64, String)> = after_first().fetch_until(reader, |_| false).await.unwrap();
    assert_eq!(all.len(), 4);
    let failing = infra_db::query("SELECT id FROM nothing");
    let failed = failing.fetch_until(reader, |_: &(i64,)| false).await;
    assert!(failed.is_err());
}

async fn lists_are_rows(store: &Store) {
    let database = store.open().await;
    for id in 1..=3 {
        insert(&database, id, format!("thing {id}")).await.unwrap();
    }
    let found: Vec<i64> = infra_db::query_scalar(
        "SELECT id FROM things WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
    )
    .bind(json_ids([3, 1, 9]))
    .fetch_all(database.reader())
    .await
    .unwrap();
    assert_eq!(found, [1, 3]);
    let texts: Vec<(i64, String)> =
        infra_db::query("SELECT key, value FROM json_each($1, '$') ORDER BY key")
            .bind(r#"["b","a"]"#)
            .fetch_all(database.reader())
            .await
            .unwrap();
    assert_eq!(texts, [(0, "b".to_owned()), (1, "a".to_owned())]);
}

async fn opened_again_everything_is_there(store: &Store) {
    for round in 0..3 {
        let database = store.open().await;
        assert_eq!(count(&database).await, round);
        insert(&database, round, round.to_string()).await.unwrap();
        assert!(database.close().await);
        let late = count_or_error(&database).await;
        assert!(late.is_err_and(|error| error.is_transient()));
    }
}

async fn count_or_error(database: &Database) -> Result<i64, DbError> {
    let counted = infra_db::query_scalar("SELECT COUNT(*) FROM things");
    counted.fetch_one(database.reader()).await
}
