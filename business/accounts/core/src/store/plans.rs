//! No statement of the hot paths may read a whole table: SQLite's own plans say so.

use infra_db::Database;

use super::{account_words, accounts, applications, codes, credentials, known_browsers, sessions};

/// Every statement that looks something up.
const STATEMENTS: [&str; 39] = [
    account_words::SEARCH,
    account_words::REMOVE,
    account_words::NOT_MISSING,
    accounts::BY_IDS,
    accounts::LOCAL_BY_NAMES,
    accounts::LOCAL_BY_NAME,
    accounts::BY_ID,
    accounts::NEWEST,
    accounts::COUNT,
    applications::BY_CLIENT_ID,
    applications::BY_ID,
    applications::MARK_USED,
    applications::REMOVE_UNUSED,
    codes::BY_HASH,
    codes::MARK_USED,
    codes::REMOVE_OF_ACCOUNT,
    codes::REMOVE_EXPIRED,
    credentials::BY_LOCAL_NAME,
    credentials::BY_EMAIL,
    credentials::IS_LOCAL_NAME_TAKEN,
    credentials::IS_EMAIL_TAKEN,
    credentials::REPLACE_HASH,
    credentials::SET_HASH,
    credentials::HAS_HASH,
    credentials::EMAIL_OF,
    known_browsers::IS_KNOWN,
    known_browsers::RENAME,
    known_browsers::MAKE_ROOM,
    known_browsers::REMOVE_OF_ACCOUNT,
    known_browsers::REMOVE_EXPIRED,
    sessions::BY_HASH,
    sessions::TOUCH,
    sessions::REMOVE_BY_HASH,
    sessions::APPLICATION_OF,
    sessions::REMOVE_BY_ID,
    sessions::REMOVE_OF_ACCOUNT,
    sessions::MAKE_ROOM,
    sessions::REMOVE_OF_APPLICATIONS,
    sessions::REMOVE_EXPIRED,
];

/// The plan of a statement, one line for each step.
async fn plan(database: &Database, statement: &'static str) -> Vec<String> {
    let steps = infra_db::query_plan(database.reader(), statement).await;
    steps.unwrap()
}

/// A step that reads every row of a table. `json_each` is the list of ids itself, and a constant
/// row is no table.
fn is_full_scan(step: &str) -> bool {
    step.starts_with("SCAN") && !step.starts_with("SCAN json_each") && step != "SCAN CONSTANT ROW"
}

/// Whether it reads the rows of a subquery, which has steps of its own.
fn is_of_subquery(step: &str, steps: &[String]) -> bool {
    let name = step.strip_prefix("SCAN ").unwrap_or_default();
    steps
        .iter()
        .any(|step| step.strip_prefix("CO-ROUTINE ") == Some(name))
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("accounts.db"), &crate::MIGRATIONS)
        .await
        .unwrap();
    for statement in STATEMENTS {
        let steps = plan(&database, statement).await;
        let searched = steps.iter().any(|step| step.starts_with("SEARCH"));
        let scanned = steps
            .iter()
            .any(|step| is_full_scan(step) && !is_of_subquery(step, &steps));
        let sorted = steps
            .iter()
            .any(|step| step.contains("TEMP B-TREE FOR ORDER BY"));
        assert!(searched && !scanned && !sorted, "{statement}: {steps:#?}");
    }
}

/// As before names had a domain: one step into the index of the names' keys.
#[tokio::test]
async fn local_names_are_found_by_their_keys_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("accounts.db"), &crate::MIGRATIONS)
        .await
        .unwrap();
    for statement in [accounts::LOCAL_BY_NAME, accounts::LOCAL_BY_NAMES] {
        let steps = plan(&database, statement).await;
        let found = "SEARCH accounts USING INDEX sqlite_autoindex_accounts_2 (username_key=?)";
        assert_eq!(steps[0], found, "{statement}: {steps:#?}");
    }
}

#[tokio::test]
async fn the_check_detects_a_full_scan() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("accounts.db"), &crate::MIGRATIONS)
        .await
        .unwrap();
    let steps = plan(&database, "SELECT note FROM accounts WHERE note = $1").await;
    assert!(steps.iter().any(|step| is_full_scan(step)), "{steps:?}");
}
