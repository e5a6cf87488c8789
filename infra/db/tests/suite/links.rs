//! A database behind a link, beside which its log is not.

use std::os::unix::fs::symlink;

use infra_db::{Database, DatabaseState, examine};

use crate::{MIGRATIONS, count, insert, open};

#[tokio::test]
async fn what_is_in_the_log_of_a_database_behind_a_link_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    insert(&database, 1, "in the log".to_owned()).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link.db");
    symlink(folder.path().join("things.db"), &link).unwrap();
    let state = examine(&link, &MIGRATIONS).await.unwrap();
    assert_eq!(state, DatabaseState::Ready { pending: 0 });
    let behind = Database::open_read_only(&link);
    assert_eq!(count(&behind).await, 1);
    behind.close().await;
    database.close().await;
}
