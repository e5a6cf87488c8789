//! A database is moved to the other engine whole, or refused.

mod refusals;

use std::path::Path;

use infra_db::transfer::{self, Survey, TransferError};
use infra_db::{Database, Migrator, PostgresOptions};

use crate::engine::postgres_url;
use crate::postgres::{run, session_of};

static SQLITE: Migrator = infra_db::migrations!("tests/suite/transfer/sqlite");
static POSTGRES: Migrator = infra_db::migrations!("tests/suite/transfer/postgres");

const SCHEMA: &str = "moved";
const MOVE: &str = "0a1b2c3d";
/// More than fit into two pages.
const ROWS: i64 = 2_345;

async fn file(path: &Path) -> Database {
    transfer::open_target_file(path, &SQLITE).await.unwrap()
}

async fn target(url: &str) -> Database {
    let claimed = transfer::claim_schemas(url, &[SCHEMA], MOVE).await;
    claimed.unwrap();
    let opened = transfer::open_claimed_schema(url, SCHEMA, &POSTGRES).await;
    opened.unwrap()
}

async fn used(url: &str) -> Result<Database, infra_db::DbError> {
    Database::open_postgres(url, SCHEMA, &POSTGRES, PostgresOptions::default()).await
}

async fn survey(database: &Database) -> Survey {
    transfer::survey(database, &mut |_, _| {}).await.unwrap()
}

async fn copy(source: &Database, survey: &Survey, target: &Database) {
    let mut unheard = |_: &str, _| {};
    let copied = transfer::copy(source, survey, target, MOVE, &mut unheard);
    copied.await.unwrap();
}

async fn verify(survey: &Survey, target: &Database) -> Result<(), TransferError> {
    transfer::verify(survey, target, &mut |_, _| {}).await
}

/// Every kind of value, its absence, and what is easily changed on the way.
async fn fill(database: &Database) {
    let texts = [
        "",
        "'quoted' \"twice\" \\ \t \r\n",
        "\u{1f33b} ärger",
        "Z",
        "_",
        "NULL",
    ];
    let write = database.write::<(), infra_db::DbError, _>(move |connection| {
        Box::pin(async move {
            for id in 0..ROWS {
                let text = texts[usize::try_from(id).unwrap() % texts.len()];
                let row = infra_db::query(
                    "INSERT INTO kinds (id, truth, fraction, \"text\", bytes) VALUES ($1, $2, $3, $4, $5)",
                );
                let odd = id % 2 == 1;
                row.bind(if id == 0 { i64::MIN } else { id * 1_000_003 })
                    .bind(odd.then_some(id % 3 == 0))
                    .bind([0.1, -0.0, f64::INFINITY, f64::MIN_POSITIVE][(id % 4) as usize])
                    .bind((id % 5 > 0).then_some(text))
                    .bind((id % 7 > 0).then(|| (0..=255_u8).take(id as usize % 257).collect::<Vec<_>>()))
                    .execute(&mut *connection)
                    .await?;
            }
            for word in ["b", "B", "ä", "a b", "a-b", "ab", "Zebra", "\u{1f33b}"] {
                for id in [1, 2] {
                    infra_db::query("INSERT INTO \"a-words\" (word, kind_id) VALUES ($1, $2)")
                        .bind(word)
                        .bind(id * 1_000_003)
                        .execute(&mut *connection)
                        .await?;
                }
            }
            for text in [
                "INSERT INTO loose (below) VALUES (7), (NULL), (7)",
                "INSERT INTO numbered (note) VALUES ('one'), ('two'), ('three')",
                "DELETE FROM numbered WHERE position = 3",
                "UPDATE counts SET count = 5",
            ] {
                infra_db::query(text).execute(&mut *connection).await?;
            }
            Ok(())
        })
    });
    write.await.unwrap();
}

async fn next_number(database: &Database) -> i64 {
    let write = database.write::<i64, infra_db::DbError, _>(|connection| {
        Box::pin(
            infra_db::query_scalar(
                "INSERT INTO numbered (note) VALUES ('next') RETURNING position",
            )
            .fetch_one(connection),
        )
    });
    write.await.unwrap()
}

#[tokio::test]
async fn everything_comes_over_and_back() {
    let Some(url) = postgres_url(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    fill(&source).await;
    let there = target(&url).await;
    let before = survey(&source).await;
    assert_eq!(before.rows(), u64::try_from(ROWS).unwrap() + 16 + 3 + 2 + 1);
    copy(&source, &before, &there).await;
    verify(&before, &there).await.unwrap();
    assert_eq!(survey(&there).await.tables, before.tables);
    transfer::release(&there).await.unwrap();
    assert!(there.close().await);
    let there = used(&url).await.unwrap();
    let back = file(&folder.path().join("two.db")).await;
    copy(&there, &survey(&there).await, &back).await;
    verify(&before, &back).await.unwrap();
    transfer::release(&back).await.unwrap();
    assert_eq!(survey(&back).await.tables, before.tables);
    // The third was given before it was deleted.
    assert_eq!(
        (next_number(&there).await, next_number(&back).await),
        (4, 4)
    );
}

#[tokio::test]
async fn texts_are_in_one_order_whatever_a_server_orders_by() {
    let arguments = [
        "--template=template0",
        "--locale-provider=icu",
        "--icu-locale=en-US",
        "--locale=C",
    ];
    let Some(url) = postgres_url(&arguments) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    fill(&source).await;
    let (before, there) = (survey(&source).await, target(&url).await);
    copy(&source, &before, &there).await;
    verify(&before, &there).await.unwrap();
    let facts = infra_db::inspect_postgres(&url, 0).await.unwrap();
    assert_eq!(facts.collation, "ICU");
}

#[tokio::test]
async fn a_copy_that_was_cut_goes_on_where_it_was() {
    let Some(url) = postgres_url(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    fill(&source).await;
    let (before, there) = (survey(&source).await, target(&url).await);
    cut_after(&source, &before, &there, "kinds").await;
    assert!(there.close().await);
    let there = target(&url).await;
    let mut steps = Vec::new();
    let mut note = |table: &str, rows: u64| steps.push((table.to_owned(), rows));
    let copied = transfer::copy(&source, &before, &there, MOVE, &mut note);
    copied.await.unwrap();
    let of_kinds: Vec<_> = steps.iter().filter(|(table, _)| table == "kinds").collect();
    let all: u64 = of_kinds.iter().map(|(_, rows)| rows).sum();
    assert_eq!(all, u64::try_from(ROWS).unwrap());
    assert!(
        of_kinds[0].1 >= 1_000,
        "what is there is not copied again: {steps:?}"
    );
    verify(&before, &there).await.unwrap();
}

/// Copies until the first page of this table is written, and drops the rest of the work.
async fn cut_after(source: &Database, survey: &Survey, target: &Database, at: &str) {
    let cut = tokio::sync::Notify::new();
    let mut note = |table: &str, _| {
        if table == at {
            cut.notify_one();
        }
    };
    let copying = transfer::copy(source, survey, target, MOVE, &mut note);
    tokio::select! {
        biased;
        () = cut.notified() => {}
        copied = copying => panic!("it was not cut: {copied:?}"),
    }
}

#[tokio::test]
async fn a_source_that_has_changed_since_is_copied_from_the_beginning() {
    let Some(url) = postgres_url(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    fill(&source).await;
    let there = target(&url).await;
    cut_after(&source, &survey(&source).await, &there, "kinds").await;
    let change = source.write::<u64, infra_db::DbError, _>(|connection| {
        let text = "UPDATE kinds SET \"text\" = 'changed' WHERE id = 1000003";
        Box::pin(infra_db::query(text).execute(connection))
    });
    assert_eq!(change.await.unwrap(), 1);
    let after = survey(&source).await;
    copy(&source, &after, &there).await;
    verify(&after, &there).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_differs_is_refused_and_made_again() {
    let Some(url) = postgres_url(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    fill(&source).await;
    let (before, there) = (survey(&source).await, target(&url).await);
    let mut other = session_of(&url, SCHEMA).await;
    for (change, table) in [
        (
            "UPDATE kinds SET truth = NOT truth WHERE id = 1000003",
            "kinds",
        ),
        ("UPDATE kinds SET truth = NULL WHERE id = 1000003", "kinds"),
        (
            "UPDATE \"a-words\" SET word = 'c' WHERE word = 'b'",
            "a-words",
        ),
        ("DELETE FROM loose WHERE below IS NULL", "loose"),
        ("INSERT INTO numbered (note) VALUES ('more')", "numbered"),
        (
            "ALTER TABLE numbered ALTER position RESTART WITH 3",
            "numbered",
        ),
    ] {
        copy(&source, &before, &there).await;
        verify(&before, &there).await.unwrap();
        run(&mut other, change).await;
        let error = verify(&before, &there).await.unwrap_err();
        let TransferError::Differs { table: found, .. } = &error else {
            panic!("{change}: {error:?}");
        };
        assert_eq!(found, table, "{change}: {error}");
    }
    copy(&source, &before, &there).await;
    verify(&before, &there).await.unwrap();
}
