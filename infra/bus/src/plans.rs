//! Every statement that a delivery waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans};

use crate::delivery::{ack_batch, cursor, waiting};
use crate::embedded::log;
use crate::{dead_letters, status};

/// A row for each subscription, which are as many as the program has consumers.
const SMALL: &[&str] = &[
    "subscriptions",
    "installation",
    "log_move",
    "sqlite_sequence",
];

/// They find their rows by an index. Not among them is the list of all topics, for which a move of
/// the log reads all of it.
const SEARCHES: [&str; 27] = [
    ack_batch::ADVANCE,
    ack_batch::FINISH,
    cursor::ADD,
    cursor::FIND,
    cursor::STORE,
    cursor::PASSED_BY_ALL,
    dead_letters::LIST,
    dead_letters::SHOW,
    dead_letters::SUBSCRIPTION_OF,
    dead_letters::LAST_TO_REPLAY,
    dead_letters::IDS_TO_REPLAY,
    dead_letters::DROP,
    dead_letters::REPLAY,
    dead_letters::REMOVE_REPLAYED,
    log::LAST_EVENT,
    log::TRIM,
    status::STATUSES_BEHIND,
    status::FORGET_WAITING,
    status::FORGET,
    waiting::COUNT,
    waiting::NEXT_DUE,
    waiting::DUE_KEYS,
    waiting::RUN_OF_KEY,
    waiting::BLOCKED_KEYS,
    waiting::DEAD_POSITIONS,
    waiting::HOLD_BACK,
    waiting::RELEASE,
];

/// They ask for the log's first or last position, which is its key.
const ENDS: [&str; 3] = [log::END, log::EXTENT, log::SCAN];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bus.db");
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    let plans = Plans::of_file(database, SMALL);
    plans
        .hold(&[(May::Search, &SEARCHES), (May::Walk("log"), &ENDS)])
        .await;
}
