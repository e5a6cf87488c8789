//! Two processes that write one schema, of which one takes over from the other (ADR 0026).

use testing_databases::{Contest, compete};

use super::*;

/// Inserts what has the next number by what is there.
async fn insert_next(database: &Database, notes: &Notes, name: u64) -> Result<(), DbError> {
    let write = database.write_then(
        move |connection| {
            Box::pin(async move {
                let next = "INSERT INTO things (id, name) \
                    SELECT COALESCE(MAX(id), 0) + 1, $1 FROM things RETURNING id";
                let next = infra_db::query_scalar(next).bind(name.to_string());
                next.fetch_one(connection).await
            })
        },
        notes.hook(),
    );
    write.await.map(drop)
}

#[tokio::test]
async fn the_order_of_two_homes_commits_and_hooks_is_that_of_all_commits() {
    let Some(contest) = Contest::over(SCHEMA, &MIGRATIONS) else {
        return;
    };
    let notes = Notes::default();
    let write = async |database: &Database, name| insert_next(database, &notes, name).await;
    let ids = "SELECT id FROM things WHERE id > $1 ORDER BY id";
    let home = |database| database;
    let third = compete(&contest, home, write, ids).await;
    let noted = notes.ids();
    assert!(noted.is_sorted_by(|one, next| one < next), "{noted:?}");
    let there = count(&third).await;
    let unknown = there - i64::try_from(noted.len()).unwrap();
    // Those of the first whose commit was lost with its session.
    assert!((0..=4).contains(&unknown), "{unknown} without a hook");
}
