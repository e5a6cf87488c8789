//! Every statement that a request or a consumer waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::{
    account_words, accounts, applications, codes, credentials, known_browsers, sessions,
    setup_tokens,
};

/// Local accounts, whose keys are their names.
const TABLES: Tables = Tables {
    small: &["account_count", "setup_tokens"],
    values: &[
        ("accounts.domain", "''"),
        ("accounts.username_key", "'v' || i"),
    ],
};

/// They find their rows by an index.
const SEARCHES: [&str; 43] = [
    account_words::REMOVE,
    account_words::NOT_MISSING,
    account_words::REPLACE,
    accounts::BY_IDS,
    accounts::LOCAL_BY_NAMES,
    accounts::LOCAL_BY_NAME,
    accounts::BY_ID,
    accounts::NEWEST,
    accounts::COUNT,
    accounts::INSERT,
    accounts::UPDATE,
    applications::BY_CLIENT_ID,
    applications::BY_ID,
    applications::MARK_USED,
    codes::BY_HASH,
    codes::MARK_USED,
    codes::REMOVE_OF_ACCOUNT,
    codes::REMOVE_EXPIRED,
    credentials::BY_LOCAL_NAME,
    credentials::BY_EMAIL,
    credentials::IS_LOCAL_NAME_TAKEN,
    credentials::IS_EMAIL_TAKEN,
    credentials::EMAIL_OF,
    credentials::REPLACE_HASH,
    credentials::SET_HASH,
    credentials::HAS_HASH,
    known_browsers::IS_KNOWN,
    known_browsers::RENAME,
    known_browsers::MAKE_ROOM,
    known_browsers::REMOVE_OF_ACCOUNT,
    known_browsers::REMOVE_EXPIRED,
    sessions::BY_HASH,
    sessions::BY_IDS,
    sessions::TOUCH,
    sessions::REMOVE_BY_HASH,
    sessions::APPLICATION_OF,
    sessions::REMOVE_BY_ID,
    sessions::REMOVE_OF_APPLICATIONS,
    sessions::REMOVE_OF_ACCOUNT,
    sessions::MAKE_ROOM,
    sessions::REMOVE_EXPIRED,
    setup_tokens::FIND,
    setup_tokens::REMOVE_EXPIRED,
];

/// Some of them, whichever they are.
const MISSING: [&str; 1] = [account_words::MISSING];

/// The thousandth of those that were never used, which have an index of their own.
const UNUSED: [&str; 1] = [applications::REMOVE_UNUSED];

/// Each once, of as many as a search looks at.
const FOUND: [&str; 1] = [account_words::SEARCH];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    plans
        .hold(&[
            (May::Search, &SEARCHES),
            (May::Take("accounts_without_words"), &MISSING),
            (May::Walk("applications"), &UNUSED),
            (May::Sort, &FOUND),
        ])
        .await;
    plans.hold_outbox().await;
}

/// As before names had a domain: one step into the index of the names' keys.
#[tokio::test]
async fn local_names_are_found_by_their_keys_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::DATABASE.file);
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    for statement in [accounts::LOCAL_BY_NAME, accounts::LOCAL_BY_NAMES] {
        let steps = infra_db::query_plan(database.reader(), statement).await;
        let found = "SEARCH accounts USING INDEX sqlite_autoindex_accounts_2 (username_key=?)";
        assert_eq!(steps.unwrap()[0], found, "{statement}");
    }
}

#[tokio::test]
async fn the_check_detects_a_full_scan_and_a_sort() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    let scan = "SELECT note FROM accounts WHERE note = $1";
    assert_eq!(plans.faults(scan).await.len(), 1);
    let sort = "SELECT id FROM sessions WHERE account_id = $1 ORDER BY last_used_at";
    assert_eq!(plans.faults(sort).await, ["puts rows in order"]);
}
