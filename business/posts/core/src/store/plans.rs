//! Every statement that a request or a consumer waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::lists::PageStatements;
use super::{
    conversations, direct_conversations, followed_hashtags, hashtags, idempotency, lists, mentions,
    pins, posts, public_hashtags, reshares, shown_media, stats, versions,
};

/// A post is of one of four visibilities, of this server, most with photos, and mentions few.
const TABLES: Tables = Tables {
    small: &["hashtag_backfill"],
    values: &[
        ("posts.visibility", "1 + i % 4"),
        ("posts.domain", "''"),
        ("posts.pinned_at", "CASE WHEN i % 100 = 0 THEN i END"),
        ("posts.has_media", "i % 4 <> 0"),
        ("followed_hashtags.account_id", "1 + i % 40"),
        ("mentions.post_id", "1 + i / 3"),
        ("mentions.position", "i % 3"),
        ("public_hashtags.has_media", "i % 4 <> 0"),
        ("reshares.visibility", "1 + i % 3"),
    ],
};

/// They find their rows by an index.
const SEARCHES: [&str; 68] = [
    followed_hashtags::FOLLOWERS_AMONG,
    followed_hashtags::INSERT,
    followed_hashtags::DELETE,
    followed_hashtags::COUNT,
    followed_hashtags::NAMES,
    hashtags::BACKFILL_BATCH,
    hashtags::INSERT,
    hashtags::DELETE,
    hashtags::BACKFILL_BELOW,
    hashtags::BACKFILL_ON,
    hashtags::BACKFILL_DONE,
    public_hashtags::INSERT,
    public_hashtags::DELETE,
    public_hashtags::RECENT,
    public_hashtags::USES,
    public_hashtags::BEGINNING_WITH,
    direct_conversations::ROOT,
    direct_conversations::ADD,
    direct_conversations::ADVANCE,
    direct_conversations::REMOVE_POST,
    direct_conversations::REMOVE_POST_OF_SOME,
    direct_conversations::FALL_BACK,
    direct_conversations::REMOVE_EMPTY,
    direct_conversations::GET,
    direct_conversations::RECENT,
    direct_conversations::MARK,
    direct_conversations::REMOVE_SOME_POSTS,
    direct_conversations::REMOVE,
    direct_conversations::OLDER,
    direct_conversations::NEWER,
    idempotency::FIND,
    idempotency::DELETE_EXPIRED,
    idempotency::RELEASE,
    lists::RECENT,
    mentions::INSERT,
    mentions::INSERT_HIDDEN,
    mentions::DELETE,
    mentions::DELETE_HIDDEN,
    pins::COUNT,
    pins::PIN,
    pins::UNPIN,
    pins::LIST,
    posts::GET,
    posts::INSERT,
    posts::CREATED_BEFORE,
    posts::FIND,
    posts::MEDIA_OF,
    posts::EDIT,
    posts::COUNT_REPLY,
    posts::DELETE,
    posts::COUNT_RESHARE,
    reshares::GET,
    reshares::FIND,
    reshares::INSERT,
    reshares::DELETE,
    reshares::DELETE_SOME_OF_POST,
    reshares::NEWEST,
    reshares::CREATED_BEFORE,
    reshares::AMONG,
    reshares::BY,
    shown_media::CLAIM,
    shown_media::GIVE_UP,
    stats::REMOVE_POST,
    stats::GET,
    versions::KEPT,
    versions::INSERT,
    versions::LIST,
    versions::DELETE,
];

/// Theirs are few rows, which came in order already.
const SORTS: [&str; 2] = [conversations::ANCESTORS, conversations::DESCENDANTS];

/// Lists, each from its newest or its oldest end.
const PAGES: [&PageStatements; 14] = [
    &lists::OF_AUTHOR,
    &lists::OF_AUTHOR_TOP_LEVEL,
    &lists::OF_AUTHOR_WITH_MEDIA,
    &lists::OF_AUTHOR_TOP_LEVEL_WITH_MEDIA,
    &lists::PUBLIC,
    &lists::PUBLIC_WITH_MEDIA,
    &lists::WITH_TAG,
    &lists::OF_TAG,
    &lists::OF_TAG_WITH_MEDIA,
    &lists::MENTIONING,
    &lists::OF_AUTHOR_WITH_RESHARES,
    &lists::OF_AUTHOR_TOP_LEVEL_WITH_RESHARES,
    &reshares::OF_POST,
    &followed_hashtags::PAGE,
];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    let pages = PAGES.map(|pages| [pages.older, pages.newer]);
    plans
        .hold(&[
            (May::Search, &SEARCHES),
            (May::Sort, &SORTS),
            (May::Search, pages.as_flattened()),
        ])
        .await;
    plans.hold_outbox().await;
}

/// SQLite reads a list from this index alone, and from nothing else.
async fn check(database: &Database, statement: &str, expected: &str) {
    let plan = infra_db::query_plan(database.reader(), statement).await;
    let plan = plan.unwrap().join("; ");
    assert!(plan.contains(expected), "{statement}: {plan}");
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
        (lists::PUBLIC, "posts_public_by_id (id>? AND id<?)"),
        (
            lists::PUBLIC_WITH_MEDIA,
            "posts_public_with_media_by_id (id>? AND id<?)",
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
    let walked = conversations::DESCENDANTS;
    let replies = "COVERING INDEX posts_replies (in_reply_to_id=?)";
    check(&database, walked, replies).await;
    let next = "COVERING INDEX posts_replies (in_reply_to_id=? AND id>?)";
    check(&database, walked, next).await;
    let walked = conversations::ANCESTORS;
    check(
        &database,
        walked,
        "SEARCH posts USING INTEGER PRIMARY KEY (rowid=?)",
    )
    .await;
}
