//! Every statement that a request waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::{cases, events};

/// Most cases are closed, no account has many, and each has a few events.
const TABLES: Tables = Tables {
    small: &[],
    values: &[
        ("cases.resolved", "i % 10 <> 0"),
        // The list that is asked for is the short one, as that of the open cases is. For most of a
        // table the server rightly reads it along its key.
        ("cases.queue", "CASE WHEN i % 10 = 0 THEN 1 ELSE 0 END"),
        ("cases.reporter_id", "1 + i % 200"),
        ("cases.target_id", "1 + i % 300"),
        ("cases.created_at", "i"),
        ("case_events.case_id", "i / 4"),
        ("case_events.number", "1 + i % 4"),
    ],
};

const SEARCHES: [&str; 11] = [
    cases::OLDER,
    cases::NEWER,
    cases::OF_REPORTER_OLDER,
    cases::OF_REPORTER_NEWER,
    cases::OF_TARGET_OLDER,
    cases::OF_TARGET_NEWER,
    cases::GET,
    cases::COUNT_SINCE,
    cases::DELETE_BETWEEN,
    events::OF_CASE,
    events::CASES_AFTER,
];

/// What one account reports of one other is little: it may be put in order after it was found.
const SORTS: [&str; 2] = [cases::OF_BOTH_OLDER, cases::OF_BOTH_NEWER];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    plans
        .hold(&[(May::Search, &SEARCHES), (May::Sort, &SORTS)])
        .await;
    plans.hold_outbox().await;
}

#[tokio::test]
async fn on_sqlite_every_statement_has_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::DATABASE.file);
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    let queue = "INDEX cases_queue (queue=? AND id>? AND id<?)";
    let of_reporter = "INDEX cases_of_reporter (reporter_id=? AND resolved=? AND id>? AND id<?)";
    let of_target = "INDEX cases_of_target (target_id=? AND resolved=? AND id>? AND id<?)";
    let expected = [
        (cases::OLDER, queue),
        (cases::NEWER, queue),
        (cases::OF_REPORTER_OLDER, of_reporter),
        (cases::OF_REPORTER_NEWER, of_reporter),
        (cases::OF_TARGET_OLDER, of_target),
        (cases::OF_TARGET_NEWER, of_target),
        (cases::GET, "INTEGER PRIMARY KEY (rowid=?)"),
        (
            cases::COUNT_SINCE,
            "COVERING INDEX cases_by_day (reporter_id=? AND created_at>?)",
        ),
        (events::OF_CASE, "PRIMARY KEY (case_id=?)"),
        (events::CASES_AFTER, "PRIMARY KEY (case_id>?)"),
    ];
    for (statement, index) in expected {
        let plan = infra_db::query_plan(database.reader(), statement).await;
        let plan = plan.unwrap().join("; ");
        assert!(plan.contains(index), "{statement}: {plan}");
    }
}
