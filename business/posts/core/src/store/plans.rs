//! Every statement that a reader waits for finds its rows by an index, in order.

use infra_db::Database;

use super::{conversations, hashtags, idempotency, lists, posts};

async fn check(database: &Database, statement: &str, expected: &str) {
    let plan = infra_db::query_plan(database.reader(), statement).await;
    let plan = plan.unwrap().join("; ");
    assert!(plan.contains(expected), "{statement}: {plan}");
    assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
    // A list of wanted ids, and the queue of a recursion, are "scanned" always: they hold what was
    // put into them.
    let mut tables = plan.clone();
    for bounded in [
        "SCAN wanted",
        "SCAN walk",
        "SCAN above",
        "SCAN CONSTANT ROW",
    ] {
        tables = tables.replace(bounded, "");
    }
    assert!(!tables.contains("SCAN"), "{statement}: {plan}");
}

async fn open(folder: &tempfile::TempDir) -> Database {
    Database::open(&folder.path().join("posts.db"), &crate::MIGRATIONS)
        .await
        .unwrap()
}

#[tokio::test]
async fn lists_are_ranges_of_one_index() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await;
    let expected = [
        (
            lists::OF_AUTHOR,
            "posts_of_author (author_id=? AND id>? AND id<?)",
        ),
        (
            lists::OF_AUTHOR_TOP_LEVEL,
            "posts_of_author_top_level (author_id=? AND in_reply_to_id=? AND id>? AND id<?)",
        ),
        (
            lists::OF_AUTHOR_WITH_MEDIA,
            "posts_of_author_with_media (author_id=? AND has_media=? AND id>? AND id<?)",
        ),
        (
            lists::OF_AUTHOR_TOP_LEVEL_WITH_MEDIA,
            "posts_of_author_top_level_with_media (author_id=? AND has_media=? AND in_reply_to_id=? AND id>? AND id<?)",
        ),
        (
            lists::PUBLIC,
            "posts_public (visibility=? AND domain=? AND in_reply_to_id=? AND id>? AND id<?)",
        ),
        (
            lists::PUBLIC_WITH_MEDIA,
            "posts_public_with_media (visibility=? AND domain=? AND has_media=? AND in_reply_to_id=? AND id>? AND id<?)",
        ),
    ];
    for (statements, index) in expected {
        let covering = format!("COVERING INDEX {index}");
        check(&database, statements.older, &covering).await;
        check(&database, statements.newer, &covering).await;
    }
    let with_tag =
        "COVERING INDEX hashtags_of_author (author_id=? AND name=? AND post_id>? AND post_id<?)";
    check(&database, lists::WITH_TAG.older, with_tag).await;
    check(&database, lists::WITH_TAG.newer, with_tag).await;
    let mentioning = "PRIMARY KEY (account_id=? AND author_id=? AND post_id>? AND post_id<?)";
    check(&database, lists::MENTIONING.older, mentioning).await;
    check(&database, lists::MENTIONING.newer, mentioning).await;
    check(
        &database,
        lists::RECENT,
        "COVERING INDEX posts_of_author (author_id=?)",
    )
    .await;
}

#[tokio::test]
async fn posts_are_found_by_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await;
    check(
        &database,
        posts::GET,
        "SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)",
    )
    .await;
    let below = "SEARCH posts USING INTEGER PRIMARY KEY (rowid<?)";
    check(&database, hashtags::BACKFILL_BATCH, below).await;
    let of_author = "INDEX posts_of_author (author_id=?)";
    check(&database, posts::CREATED_BEFORE, of_author).await;
    check(
        &database,
        idempotency::FIND,
        "PRIMARY KEY (author_id=? AND key=?)",
    )
    .await;
    let expired = "COVERING INDEX idempotency_keys_by_age (created_at<?)";
    check(&database, idempotency::DELETE_EXPIRED, expired).await;
}

#[tokio::test]
async fn conversations_are_walked_by_the_index_of_replies() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(&folder).await;
    // The steps are few, and in order already.
    let walked = conversations::DESCENDANTS.replace("ORDER BY step", "");
    let replies = "COVERING INDEX posts_replies (in_reply_to_id=?)";
    check(&database, &walked, replies).await;
    let next = "COVERING INDEX posts_replies (in_reply_to_id=? AND id>?)";
    check(&database, &walked, next).await;
    let walked = conversations::ANCESTORS.replace("ORDER BY height", "");
    check(
        &database,
        &walked,
        "SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)",
    )
    .await;
}
