//! Every statement finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::{
    groups, heard, held, markers, notifications, policies, push_key, push_queue, push_subscriptions,
};

/// An account is told of the same once, of three kinds; most were told long ago.
const TABLES: Tables = Tables {
    small: &["push_key"],
    values: &[
        ("notifications.account_id", "1 + i % 40"),
        ("notifications.kind", "1 + i % 3"),
        ("notifications.from_id", "100 + i / 40"),
        ("held.account_id", "1 + i % 40"),
        ("held.kind", "1 + i % 3"),
        ("held.from_id", "100 + i / 40"),
        ("push_key.id", "1"),
        (
            "notifications.group_hour",
            "CASE WHEN i % 3 = 0 THEN 0 ELSE 490000 + i % 5 END",
        ),
    ],
};

const SEARCHES: [&str; 46] = [
    notifications::COUNT,
    notifications::GET,
    notifications::DELETE,
    notifications::DELETE_OF_ACCOUNT,
    notifications::DELETE_OF_SOURCE,
    notifications::DELETE_SAME,
    notifications::DELETE_SOME_OF_POST,
    notifications::TRIM,
    notifications::TRIM_SENDER,
    groups::OF_GROUP_OLDER,
    groups::OF_GROUP_NEWER,
    groups::LATEST_HOUR,
    groups::NEWEST,
    groups::DELETE,
    heard::IS_HEARD,
    heard::BELOW,
    markers::OF_ACCOUNT,
    held::GET,
    held::NEWEST,
    held::DELETE_SAME,
    held::SENDERS_OLDER,
    held::SENDERS_NEWER,
    notifications::SAME,
    held::DELETE,
    held::DELETE_OF_ACCOUNT,
    held::DELETE_OF_SENDER,
    held::DELETE_OF_SOURCE,
    held::DELETE_SOME_OF_POST,
    held::TRIM,
    held::TRIM_SENDER,
    policies::OF_ACCOUNTS,
    policies::IS_ACCEPTED,
    policies::COUNT_ACCEPTED,
    push_key::GET,
    push_subscriptions::OF_SESSION,
    push_subscriptions::CHANGE,
    push_subscriptions::REMOVE,
    push_subscriptions::TOO_MANY,
    push_queue::ADD,
    push_queue::TRIM,
    push_queue::TAKE,
    push_queue::ATTEMPTS,
    push_queue::PUT_OFF,
    push_queue::REMOVE,
    push_queue::REMOVE_OF_SUBSCRIPTION,
    push_queue::FORGET,
];

/// What one account did is found by another index, and then put in order: no more rows than are
/// kept for one account.
const SORTS: [&str; 9] = [
    notifications::OLDER,
    notifications::NEWER,
    groups::OLDER,
    groups::NEWER,
    groups::MEMBERS,
    held::OLDER,
    held::NEWER,
    held::AMONG,
    held::OF_SENDERS,
];

/// It takes the oldest of a table whose rows all go one day.
const WALKS: [&str; 1] = [heard::FORGET];

/// It takes the first that are due, which are those that stand first.
const TAKES_DUE: [&str; 1] = [push_queue::DUE];

/// Pages of all subscriptions, from time to time.
const SESSIONS: [&str; 1] = [push_subscriptions::SESSIONS];

/// Pages of groups, and what a group is found by.
const OF_GROUPS: [(&str, &str); 8] = {
    let page = "COVERING INDEX notifications_by_account (account_id=? AND id>? AND id<?)";
    let of_post = "COVERING INDEX notifications_of_group (account_id=? AND kind=? AND post_id=?";
    let group =
        "INDEX notifications_of_group (account_id=? AND kind=? AND post_id=? AND group_hour=?";
    [
        (groups::OLDER, page),
        (groups::NEWER, page),
        (groups::OLDER, group),
        (groups::NEWER, group),
        (groups::OF_GROUP_OLDER, group),
        (groups::OF_GROUP_NEWER, group),
        (groups::DELETE, group),
        (groups::LATEST_HOUR, of_post),
    ]
};

#[tokio::test]
async fn on_either_engine_rows_are_found_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    plans
        .hold(&[
            (May::Search, &SEARCHES),
            (May::Sort, &SORTS),
            (May::Walk("heard"), &WALKS),
            (May::Walk("push_queue"), &TAKES_DUE),
            (May::Walk("push_subscriptions"), &SESSIONS),
        ])
        .await;
    plans.hold_outbox().await;
}

#[tokio::test]
async fn on_sqlite_every_statement_has_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::DATABASE.file);
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    let page = "COVERING INDEX notifications_by_account (account_id=? AND id>? AND id<?)";
    let expected = [
        (notifications::OLDER, page),
        (notifications::NEWER, page),
        (
            notifications::COUNT,
            "COVERING INDEX notifications_by_account (account_id=? AND id>?)",
        ),
        (notifications::GET, "INTEGER PRIMARY KEY (rowid=?)"),
        (notifications::DELETE, "INTEGER PRIMARY KEY (rowid=?)"),
        (notifications::DELETE_OF_ACCOUNT, "(account_id=?)"),
        (
            notifications::DELETE_OF_SOURCE,
            "INDEX notifications_of_source (source_id=?)",
        ),
        (
            notifications::DELETE_SOME_OF_POST,
            "COVERING INDEX notifications_of_post (post_id=?)",
        ),
        (
            notifications::TRIM,
            "COVERING INDEX notifications_by_account (account_id=? AND id<?)",
        ),
        (
            notifications::TRIM_SENDER,
            "INDEX notifications_once (account_id=? AND kind=? AND from_id=? AND post_id<?)",
        ),
        (heard::IS_HEARD, "(what=? AND id=?)"),
        (heard::BELOW, "(what=? AND id=?)"),
        (heard::FORGET, "INDEX heard_by_age (heard_at<?)"),
        (markers::OF_ACCOUNT, "(account_id=?)"),
    ];
    for (statement, index) in expected.into_iter().chain(OF_GROUPS) {
        let plan = infra_db::query_plan(database.reader(), statement).await;
        let plan = plan.unwrap().join("; ");
        assert!(plan.contains(index), "{statement}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
        // The list of kinds, and what is counted, are no tables.
        let tables = plan
            .replace("SCAN json_each", "")
            .replace("SCAN unread", "");
        assert!(!tables.contains("SCAN"), "{statement}: {plan}");
    }
}
