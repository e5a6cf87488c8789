//! Migrations that a server runs outside a transaction.

use std::borrow::Cow;

use infra_db::PostgresOptions;
use sqlx::migrate::{Migration, MigrationType};

use super::*;

/// How long somebody reads who is waited for: longer than a home waits for a lock.
const LONGER_THAN_A_LOCK: std::time::Duration = std::time::Duration::from_secs(3);

/// Those of the suite, and an index that is made beside others' writes.
fn with_index() -> Migrator {
    let index = Migration::new(
        3,
        Cow::Borrowed("index"),
        MigrationType::Simple,
        sqlx::SqlSafeStr::into_sql_str(
            "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS parts_by_thing ON parts (thing_id);",
        ),
        true,
    );
    Migrator::with_migrations(MIGRATIONS.iter().cloned().chain([index]).collect())
}

#[tokio::test]
async fn an_index_that_was_not_finished_is_made_again() {
    let Some(url) = postgres_url(&[]) else { return };
    open_postgres(&url).await.close().await;
    let mut session = session(&url).await;
    run(
        &mut session,
        "INSERT INTO things (id, name) VALUES (1, 'one'); \
         INSERT INTO parts (id, thing_id) VALUES (1, 1), (2, 1)",
    )
    .await;
    // What is left of one that fails, whatever it fails by.
    let failing = "CREATE UNIQUE INDEX CONCURRENTLY parts_by_thing ON parts (thing_id)";
    sqlx::raw_sql(failing)
        .execute(&mut session)
        .await
        .unwrap_err();
    let options = PostgresOptions::default();
    let opened = Database::open_postgres(&url, SCHEMA, &with_index(), options).await;
    let database = opened.unwrap();
    let is_valid: bool = infra_db::query_scalar(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'parts_by_thing'::regclass",
    )
    .fetch_one(database.reader())
    .await
    .unwrap();
    assert!(is_valid);
    assert!(database.close().await);
    // One that is somebody else's, or that somebody is making now, is nobody's to drop once the
    // migrations are run.
    run(
        &mut session,
        "CREATE INDEX of_an_operator ON parts (thing_id); \
         UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'of_an_operator'::regclass",
    )
    .await;
    let opened = Database::open_postgres(&url, SCHEMA, &with_index(), options).await;
    let is_there = infra_db::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'of_an_operator')",
    );
    let database = opened.unwrap();
    assert!(is_there.fetch_one::<bool>(database.reader()).await.unwrap());
}

#[tokio::test]
async fn an_index_is_waited_for_as_long_as_others_read_what_was_before() {
    for is_first_start in [false, true] {
        let Some(url) = postgres_url(&[]) else { return };
        if !is_first_start {
            open_postgres(&url).await.close().await;
        }
        // As a `pg_dump` does, of another schema of the same database.
        let mut reading = sqlx::PgConnection::connect(&url).await.unwrap();
        run(
            &mut reading,
            "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class",
        )
        .await;
        let read = async {
            tokio::time::sleep(LONGER_THAN_A_LOCK).await;
            run(&mut reading, "COMMIT").await;
        };
        let (migrations, options) = (with_index(), PostgresOptions::default());
        let open = Database::open_postgres(&url, SCHEMA, &migrations, options);
        let (opened, ()) = tokio::join!(open, read);
        let database = opened.unwrap();
        // What is not about such an index waits for nobody's lock again.
        let waits = database.write(|connection| {
            let bound = infra_db::query_scalar("SELECT current_setting('lock_timeout')");
            Box::pin(async move { bound.fetch_one::<String>(connection).await })
        });
        assert_eq!(waits.await.unwrap(), "2s");
        assert!(database.close().await);
    }
}
