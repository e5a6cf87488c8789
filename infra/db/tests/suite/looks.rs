//! Looking at a database.

use super::*;

#[tokio::test]
async fn looking_at_a_database_changes_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("things.db");
    assert_eq!(
        examine(&path, &MIGRATIONS).await.unwrap(),
        DatabaseState::Missing
    );
    assert_eq!(names(folder.path()), Vec::<String>::new());
    let database = open(folder.path()).await;
    insert(&database, 1, "one".to_owned()).await.unwrap();
    let ready = DatabaseState::Ready { pending: 0 };
    // While somebody writes, and after.
    assert_eq!(examine(&path, &MIGRATIONS).await.unwrap(), ready);
    database.close().await;
    let before = std::fs::read(&path).unwrap();
    assert_eq!(examine(&path, &MIGRATIONS).await.unwrap(), ready);
    assert_eq!(inspect(&path).await.unwrap().integrity, "ok");
    let looked_at = Database::open_read_only(&path);
    assert_eq!(count(&looked_at).await, 1);
    let refused = insert(&looked_at, 2, "two".to_owned()).await;
    assert!(matches!(refused, Err(DbError::Closed)), "{refused:?}");
    looked_at.close().await;
    assert_eq!(names(folder.path()), ["things.db"]);
    assert!(std::fs::read(&path).unwrap() == before);
}
