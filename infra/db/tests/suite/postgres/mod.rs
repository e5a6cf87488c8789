//! What only a server can do to a database.

mod encryption;
mod home_lease;
mod load;
mod long_loss;
mod lost_sessions;
mod migrating;
mod proxy;
mod replicas;
mod standby;
mod two_homes;

use std::time::{Duration, Instant};

use infra_db::PostgresOptions;
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;

use super::*;
use crate::engine::{SCHEMA, open_postgres, postgres_url};
use crate::hooks::{Notes, insert_noted};

/// A session of the tests' own, past the database's.
async fn session(url: &str) -> PgConnection {
    session_of(url, SCHEMA).await
}

/// The same with this schema in sight.
pub(crate) async fn session_of(url: &str, schema: &str) -> PgConnection {
    let mut session = PgConnection::connect(url).await.unwrap();
    let path = format!("SET search_path = {schema}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(path))
        .execute(&mut session)
        .await
        .unwrap();
    session
}

pub(crate) async fn run(session: &mut PgConnection, text: &'static str) {
    sqlx::raw_sql(text).execute(session).await.unwrap();
}

/// Work whose first statement is refused, and which takes no notice.
async fn insert_in_spite(database: &Database, id: i64) -> Result<i64, DbError> {
    let work = database.write(move |connection| {
        Box::pin(async move {
            let refused = infra_db::query("INSERT INTO things (id, name) VALUES (1, 'one')")
                .execute(&mut *connection)
                .await;
            refused.unwrap_err();
            let insert = infra_db::query("INSERT INTO things (id, name) VALUES ($1, 'more')");
            let _ = insert.bind(id).execute(connection).await;
            Ok(id)
        })
    });
    work.await
}

#[tokio::test]
async fn work_that_goes_on_after_a_failure_is_not_answered_as_done() {
    let Some(url) = postgres_url(&[]) else { return };
    let database = open_postgres(&url).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let alone = insert_in_spite(&database, 2).await;
    assert!(matches!(alone, Err(DbError::Refused(_))), "{alone:?}");
    let writes = async {
        tokio::join!(
            biased;
            insert(&database, 3, "three".to_owned()),
            insert_in_spite(&database, 4),
            insert(&database, 5, "five".to_owned()),
        )
    };
    let (before, in_spite, after) = in_one_group(&database, writes).await;
    before.and(after).unwrap();
    assert!(matches!(in_spite, Err(DbError::Refused(_))), "{in_spite:?}");
    assert_eq!(count(&database).await, 3);
}

/// Raises what a server says, in a write.
async fn raise(database: &Database, state: &'static str) -> DbError {
    let raised = database.write::<(), DbError, _>(move |connection| {
        Box::pin(async move {
            let text = format!("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$");
            infra_db::query(infra_db::SqlText::assembled(&text))
                .execute(connection)
                .await?;
            Ok(())
        })
    });
    raised.await.unwrap_err()
}

#[tokio::test]
async fn what_a_server_says_is_understood() {
    let Some(url) = postgres_url(&[]) else { return };
    let database = open_postgres(&url).await;
    for state in ["08006", "40001", "40P01", "53300", "57P03", "55P03"] {
        let error = raise(&database, state).await;
        assert!(
            error.is_transient() && !error.is_full(),
            "{state}: {error:?}"
        );
        assert_eq!(Error::from(error).code(), ErrorCode::Unavailable);
    }
    let full = raise(&database, "53100").await;
    assert!(full.is_full());
    assert_eq!(Error::from(full).code(), ErrorCode::StorageFull);
    assert!(raise(&database, "23505").await.is_unique_violation());
    for state in ["42601", "22012", "XX000"] {
        let error = raise(&database, state).await;
        assert!(
            !error.is_transient() && !error.is_full(),
            "{state}: {error:?}"
        );
    }
    // None of them is in the way of what comes next.
    insert(&database, 1, "one".to_owned()).await.unwrap();
}

#[tokio::test]
async fn statements_and_waits_have_an_end() {
    let Some(url) = postgres_url(&[]) else { return };
    let database = open_postgres(&url).await;
    let slow = infra_db::query_scalar("SELECT CAST(pg_sleep(60) AS TEXT)");
    let begun = Instant::now();
    let slow = slow.fetch_one::<String>(database.reader()).await;
    assert!(slow.unwrap_err().is_transient());
    assert!(begun.elapsed() < Duration::from_secs(8));
    // A lock that somebody holds past us.
    let mut other = session(&url).await;
    run(&mut other, "BEGIN; LOCK TABLE things").await;
    let begun = Instant::now();
    let refused = insert(&database, 1, "one".to_owned()).await.unwrap_err();
    assert!(refused.is_transient(), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{refused:?}");
    run(&mut other, "ROLLBACK").await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_list_of_ids_is_no_call_of_a_function() {
    let Some(url) = postgres_url(&[]) else { return };
    let database = open_postgres(&url).await;
    let text = "EXPLAIN SELECT id FROM things WHERE id IN (SELECT value FROM json_each('[1,2]'))";
    let plan = infra_db::query_scalar(text);
    let plan: Vec<String> = plan.fetch_all(database.reader()).await.unwrap();
    let plan = plan.join("\n");
    assert!(
        plan.contains("Function Scan on json_array_elements_text"),
        "{plan}"
    );
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let arguments = ["--encoding=LATIN1", "--locale=C", "--template=template0"];
    let Some(url) = postgres_url(&arguments) else {
        return;
    };
    let opened = Database::open_postgres(&url, SCHEMA, &MIGRATIONS, PostgresOptions::default());
    let error = opened.await.err().unwrap();
    assert!(error.to_string().contains("LATIN1"), "{error}");
}

#[tokio::test]
async fn no_error_repeats_the_password() {
    let Some(url) = postgres_url(&[]) else { return };
    let secret = "mysecret";
    let wrong = url.replace("heliograph@", &format!("nobody:{secret}@"));
    let closed = format!("postgres://me:{secret}@127.0.0.1:1/photos?password={secret}");
    for url in [wrong, closed] {
        let options = PostgresOptions {
            home_wait: Duration::ZERO,
        };
        let error = Database::open_postgres(&url, SCHEMA, &MIGRATIONS, options).await;
        let error = error.err().unwrap();
        let debug = format!("{error} {error:?}");
        let causes = Error::from(error).causes().to_string();
        assert!(
            !debug.contains(secret) && !causes.contains(secret),
            "{debug} {causes}"
        );
    }
}

#[tokio::test]
async fn domains_share_a_database_and_see_only_their_own() {
    let Some(url) = postgres_url(&[]) else { return };
    let things = open_postgres(&url).await;
    let options = PostgresOptions::default();
    let others = Database::open_postgres(&url, "others", &MIGRATIONS, options).await;
    let others = others.unwrap();
    insert(&things, 1, "one".to_owned()).await.unwrap();
    assert_eq!((count(&things).await, count(&others).await), (1, 0));
    assert!(!format!("{:?}", things.path()).contains("others"));
    for bad in ["", "pg-things", "Things", "a\"b"] {
        let refused = Database::open_postgres(&url, bad, &MIGRATIONS, options).await;
        assert!(matches!(refused.err(), Some(DbError::Address(_))));
    }
}

#[tokio::test]
async fn the_first_host_that_is_a_primary_is_used() {
    let Some(url) = postgres_url(&[]) else { return };
    // Nobody listens on port 1.
    let url = url.replace("heliograph@", "heliograph@127.0.0.1:1,");
    let database = open_postgres(&url).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_second_home_is_refused_and_takes_over_when_the_first_ends() {
    let Some(url) = postgres_url(&[]) else { return };
    let first = open_postgres(&url).await;
    insert(&first, 1, "one".to_owned()).await.unwrap();
    let options = PostgresOptions {
        home_wait: Duration::from_millis(300),
    };
    let refused = Database::open_postgres(&url, SCHEMA, &MIGRATIONS, options).await;
    let error = refused.err().unwrap();
    assert!(
        error.to_string().contains("another process is the home"),
        "{error}"
    );
    // It waits for one that ends in time.
    let waiting = tokio::spawn({
        let url = url.clone();
        async move { open_postgres(&url).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    insert(&first, 2, "two".to_owned()).await.unwrap();
    assert!(!waiting.is_finished());
    assert!(first.close().await);
    let second = waiting.await.unwrap();
    assert_eq!(count(&second).await, 2);
    insert(&second, 3, "three".to_owned()).await.unwrap();
}

#[tokio::test]
async fn marks_of_commits_do_not_pile_up() {
    let Some(url) = postgres_url(&[]) else { return };
    let database = open_postgres(&url).await;
    for id in 0..600 {
        insert(&database, id, id.to_string()).await.unwrap();
    }
    // What only reads leaves none.
    for _ in 0..3 {
        let read = database.write::<i64, DbError, _>(|connection| {
            Box::pin(infra_db::query_scalar("SELECT COUNT(*) FROM things").fetch_one(connection))
        });
        assert_eq!(read.await.unwrap(), 600);
    }
    let marks = infra_db::query_scalar("SELECT COUNT(*) FROM _heliograph_commits");
    let marks: i64 = marks.fetch_one(database.reader()).await.unwrap();
    assert!((1..300).contains(&marks), "{marks}");
}
