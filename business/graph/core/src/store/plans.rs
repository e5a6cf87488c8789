//! Every statement that a request or a consumer waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::{
    blocks, filter_keywords, filtered_posts, filters, follows, list_members, lists, mutes, notes,
    relations, requests, stats,
};

/// An account follows, blocks and mutes nobody twice, and not itself.
const TABLES: Tables = Tables {
    small: &[],
    values: &[
        ("follows.follower_id", "1 + i % 40"),
        ("follows.followee_id", "100 + i / 40"),
        // Few want to be told of every post.
        ("follows.notify", "i % 20 = 0"),
        ("blocks.blocker_id", "1 + i % 40"),
        ("blocks.blockee_id", "100 + i / 40"),
        ("follow_requests.follower_id", "1 + i % 40"),
        ("follow_requests.followee_id", "100 + i / 40"),
        ("mutes.muter_id", "1 + i % 40"),
        ("mutes.mutee_id", "100 + i / 40"),
        ("lists.owner_id", "1 + i % 40"),
        ("lists.replies_policy", "1 + i % 3"),
        ("lists.exclusive", "i % 4 = 0"),
        ("list_members.exclusive", "i % 4 = 0"),
        ("list_members.list_id", "1 + i % 200"),
        ("list_members.owner_id", "1 + i % 40"),
        ("list_members.member_id", "100 + i / 40"),
        ("notes.author_id", "1 + i % 40"),
        ("notes.target_id", "100 + i / 40"),
        ("filters.owner_id", "1 + i % 40"),
        ("filters.contexts", "1 + i % 31"),
        ("filters.action", "1 + i % 3"),
        ("filter_keywords.filter_id", "1 + i % 200"),
        ("filter_keywords.owner_id", "1 + i % 40"),
        ("filtered_posts.filter_id", "1 + i % 40"),
        ("filtered_posts.owner_id", "1 + i % 40"),
        ("filtered_posts.post_id", "100 + i / 40"),
        // Most do not end.
        ("mutes.expires_at", "CASE WHEN i % 10 = 0 THEN i END"),
    ],
};

/// They find their rows by an index.
const SEARCHES: [&str; 76] = [
    follows::FIND,
    follows::FOLLOWERS_OLDER,
    follows::FOLLOWERS_NEWER,
    follows::FOLLOWING_OLDER,
    follows::FOLLOWING_NEWER,
    follows::FOLLOWING_AMONG,
    follows::FOLLOWERS_AMONG,
    follows::NOTIFIED_OLDER,
    follows::NOTIFIED_NEWER,
    follows::SET_OPTIONS,
    follows::DELETE,
    blocks::FIND,
    blocks::DELETE,
    blocks::OLDER,
    blocks::NEWER,
    blocks::COUNT,
    filters::INSERT,
    filters::GET,
    filters::UPDATE,
    filters::DELETE,
    filters::COUNT,
    filters::OF_OWNER,
    filter_keywords::INSERT,
    filter_keywords::UPDATE,
    filter_keywords::DELETE,
    filter_keywords::DELETE_ALL,
    filter_keywords::MEASURE,
    filter_keywords::OF_FILTER,
    filter_keywords::OF_OWNER,
    filtered_posts::INSERT,
    filtered_posts::DELETE,
    filtered_posts::DELETE_ALL,
    filtered_posts::DELETE_SOME_OF_POST,
    filtered_posts::COUNT,
    filtered_posts::OF_FILTER,
    filtered_posts::OF_OWNER,
    lists::INSERT,
    lists::GET,
    lists::UPDATE,
    lists::DELETE,
    lists::COUNT,
    lists::OF_OWNER,
    lists::WITH_MEMBER,
    lists::HOLDING,
    lists::BY_ID,
    list_members::INSERT,
    list_members::DELETE,
    list_members::SET_EXCLUSIVE,
    list_members::DELETE_ALL,
    list_members::DELETE_OF_OWNER,
    list_members::COUNT,
    list_members::ALL,
    list_members::OLDER,
    list_members::NEWER,
    mutes::SET,
    mutes::DELETE,
    mutes::DELETE_ENDED,
    mutes::OLDER,
    mutes::NEWER,
    mutes::COUNT,
    notes::SET,
    notes::DELETE,
    notes::COUNT,
    notes::AMONG,
    relations::BESIDE_FOLLOWS,
    requests::FIND,
    requests::INSERT,
    requests::SET_OPTIONS,
    requests::DELETE,
    requests::COUNT_MADE,
    requests::COUNT_RECEIVED,
    requests::OLDER,
    requests::NEWER,
    stats::FOLLOWING,
    stats::SUBTRACT,
    stats::GET,
];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    plans.hold(&[(May::Search, &SEARCHES)]).await;
    plans.hold_outbox().await;
}

#[tokio::test]
async fn on_sqlite_lists_are_read_from_their_index_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::DATABASE.file);
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    let followers = "COVERING INDEX follows_of_followee (followee_id=? AND id>? AND id<?)";
    let following = "COVERING INDEX follows_of_follower (follower_id=? AND id>? AND id<?)";
    let notified = "COVERING INDEX follows_notified (followee_id=? AND id>? AND id<?)";
    let blocked = "COVERING INDEX blocks_of_blocker (blocker_id=? AND id>? AND id<?)";
    let muted = "COVERING INDEX mutes_of_muter (muter_id=? AND id>? AND id<?)";
    let asking = "COVERING INDEX follow_requests_of_followee (followee_id=? AND id>? AND id<?)";
    let pair = "follows_pair (follower_id=? AND followee_id=?)";
    let expected = [
        (follows::FIND, pair),
        (follows::FOLLOWERS_OLDER, followers),
        (follows::FOLLOWERS_NEWER, followers),
        (follows::FOLLOWING_OLDER, following),
        (follows::FOLLOWING_NEWER, following),
        (follows::NOTIFIED_OLDER, notified),
        (follows::NOTIFIED_NEWER, notified),
        (follows::FOLLOWING_AMONG, pair),
        (follows::FOLLOWERS_AMONG, pair),
        (blocks::FIND, "blocks_pair (blocker_id=? AND blockee_id=?)"),
        (blocks::OLDER, blocked),
        (blocks::NEWER, blocked),
        (requests::OLDER, asking),
        (requests::NEWER, asking),
        (mutes::OLDER, muted),
        (mutes::NEWER, muted),
        (
            relations::BESIDE_FOLLOWS,
            "blocks_pair (blocker_id=? AND blockee_id=?)",
        ),
        (
            relations::BESIDE_FOLLOWS,
            "mutes_pair (muter_id=? AND mutee_id=?)",
        ),
        (
            mutes::DELETE_ENDED,
            "mutes_by_end (muter_id=? AND expires_at<?)",
        ),
    ];
    for (statement, index) in expected {
        let plan = infra_db::query_plan(database.reader(), statement).await;
        let plan = plan.unwrap().join("; ");
        assert!(plan.contains(index), "{statement}: {plan}");
    }
}
