//! What is not moved, and what nobody uses while it is moved.

use super::*;

use infra_db::transfer::{
    claim_schemas, release_schemas, rename_schema, require_free_schemas, schema_installation,
};

#[tokio::test]
async fn what_the_other_engine_cannot_store_is_named_before_anything_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    fill(&source).await;
    for (change, named) in [
        (
            "UPDATE kinds SET \"text\" = 'a' || char(0) WHERE id = 1000003",
            "table kinds, row id = 1000003: text contains the character U+0000",
        ),
        (
            "UPDATE kinds SET \"text\" = CAST(x'ff41' AS TEXT) WHERE id = 1000003",
            "table kinds, row id = 1000003: text is no UTF-8",
        ),
        (
            "UPDATE kinds SET \"text\" = 'well', truth = 2 WHERE id = 1000003",
            "table kinds, row id = 1000003: truth is neither true nor false",
        ),
        (
            "UPDATE kinds SET truth = NULL, fraction = 'much' WHERE id = 1000003",
            "table kinds, row id = 1000003: fraction is of another type",
        ),
        (
            "INSERT INTO \"a-words\" (word, kind_id) VALUES (x'41', 1000003)",
            "table a-words, row word = x'41', kind_id = 1000003: word is of another type",
        ),
    ] {
        let write = source.write::<u64, infra_db::DbError, _>(move |connection| {
            Box::pin(infra_db::query(change).execute(connection))
        });
        assert_eq!(write.await.unwrap(), 1, "{change}");
        let error = transfer::survey(&source, &mut |_, _| {}).await.unwrap_err();
        assert!(matches!(error, TransferError::Unstorable(_)), "{error:?}");
        assert!(error.to_string().contains(named), "{change}: {error}");
    }
}

#[tokio::test]
async fn a_target_is_nobody_elses_until_it_is_released() {
    let Some(url) = postgres_url(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    let before = survey(&source).await;
    // Killed between the claim and the first table.
    claim_schemas(&url, &[SCHEMA], MOVE).await.unwrap();
    let refused = used(&url).await.err().unwrap();
    assert!(refused.to_string().contains("are being moved"), "{refused}");
    let other = claim_schemas(&url, &[SCHEMA], "ffffffff")
        .await
        .unwrap_err();
    assert!(other.to_string().contains("another move"), "{other}");
    let there = target(&url).await;
    copy(&source, &before, &there).await;
    verify(&before, &there).await.unwrap();
    assert!(there.close().await);
    assert!(used(&url).await.is_err(), "it is not released yet");
    for _ in 0..2 {
        release_schemas(&url, &[SCHEMA]).await.unwrap();
    }
    let there = used(&url).await.unwrap();
    let known = there.installation().await.unwrap();
    assert!(known.is_some());
    assert_eq!(schema_installation(&url, SCHEMA).await.unwrap(), known);
    let taken = claim_schemas(&url, &[SCHEMA], MOVE).await.unwrap_err();
    assert!(
        taken.to_string().contains("already holds tables"),
        "{taken}"
    );
    assert!(there.close().await);
    assert!(rename_schema(&url, SCHEMA, "moved_away").await.unwrap());
    assert!(!rename_schema(&url, SCHEMA, "moved_away").await.unwrap());
    require_free_schemas(&url, &[SCHEMA], MOVE).await.unwrap();
    assert_eq!(schema_installation(&url, SCHEMA).await.unwrap(), None);
    assert_eq!(
        schema_installation(&url, "moved_away").await.unwrap(),
        known
    );
}

#[tokio::test]
async fn a_schema_that_an_administrator_has_made_is_taken_while_it_is_empty() {
    let Some(url) = postgres_url(&[]) else { return };
    let mut other = session_of(&url, "public").await;
    run(&mut other, "CREATE SCHEMA moved").await;
    let there = target(&url).await;
    assert!(there.close().await);
    run(
        &mut other,
        "CREATE SCHEMA used; CREATE TABLE used.theirs (id BIGINT)",
    )
    .await;
    let refused = claim_schemas(&url, &["free", "used"], MOVE)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("already holds tables"),
        "{refused}"
    );
    // All or none: nobody is kept from what was free.
    let free = PostgresOptions::default();
    let there = Database::open_postgres(&url, "free", &POSTGRES, free).await;
    assert!(there.unwrap().close().await);
}

#[tokio::test]
async fn other_tables_are_a_fault_and_not_a_copy() {
    let Some(url) = postgres_url(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let source = file(&folder.path().join("one.db")).await;
    let (before, there) = (survey(&source).await, target(&url).await);
    let mut other = session_of(&url, SCHEMA).await;
    run(&mut other, "ALTER TABLE loose ADD COLUMN more TEXT").await;
    let mut unheard = |_: &str, _| {};
    let copied = transfer::copy(&source, &before, &there, MOVE, &mut unheard);
    let error = copied.await.unwrap_err();
    assert!(matches!(error, TransferError::Layout { .. }), "{error:?}");
    assert!(error.to_string().contains("loose"), "{error}");
}
