//! Every statement that a request or a consumer waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::{bookmarks, counts, likes};

/// They find their rows by an index.
const SEARCHES: [&str; 17] = [
    bookmarks::OLDER,
    bookmarks::NEWER,
    bookmarks::AMONG,
    bookmarks::DELETE_SOME_OF_POST,
    bookmarks::DELETE,
    counts::SUBTRACT,
    counts::REMOVE,
    counts::READ,
    counts::GET,
    likes::OF_POST_OLDER,
    likes::OF_POST_NEWER,
    likes::OF_ACCOUNT_OLDER,
    likes::OF_ACCOUNT_NEWER,
    likes::FIND,
    likes::AMONG,
    likes::DELETE_SOME_OF_POST,
    likes::DELETE,
];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, Tables::default()).await;
    plans.hold(&[(May::Search, &SEARCHES)]).await;
    plans.hold_outbox().await;
}

#[tokio::test]
async fn on_sqlite_lists_are_read_from_their_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::DATABASE.file);
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    let of_post = "COVERING INDEX likes_of_post (post_id=? AND id>? AND id<?)";
    let of_account = "COVERING INDEX likes_of_account (account_id=? AND id>? AND id<?)";
    let bookmarked = "COVERING INDEX bookmarks_of_account (account_id=? AND id>? AND id<?)";
    let expected = [
        (
            likes::FIND,
            "COVERING INDEX likes_pair (account_id=? AND post_id=?)",
        ),
        (
            likes::AMONG,
            "COVERING INDEX likes_pair (account_id=? AND post_id=?)",
        ),
        (likes::OF_POST_OLDER, of_post),
        (likes::OF_POST_NEWER, of_post),
        (likes::OF_ACCOUNT_OLDER, of_account),
        (likes::OF_ACCOUNT_NEWER, of_account),
        (
            likes::DELETE_SOME_OF_POST,
            "COVERING INDEX likes_of_post (post_id=?)",
        ),
        (
            bookmarks::AMONG,
            "COVERING INDEX bookmarks_pair (account_id=? AND post_id=?)",
        ),
        (bookmarks::OLDER, bookmarked),
        (bookmarks::NEWER, bookmarked),
        (
            bookmarks::DELETE_SOME_OF_POST,
            "COVERING INDEX bookmarks_of_post (post_id=?)",
        ),
        (counts::GET, "like_counts USING INTEGER PRIMARY KEY"),
    ];
    for (statement, index) in expected {
        let plan = infra_db::query_plan(database.reader(), statement).await;
        let plan = plan.unwrap().join("; ");
        assert!(plan.contains(index), "{statement}: {plan}");
    }
}
