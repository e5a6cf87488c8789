//! Every statement that a request or a consumer waits for finds its rows by an index, in order.

use infra_db::Database;
use testing_databases::plans::{May, Plans, Tables};

use super::{
    alternates, blob_rows, deletion, duplicates, failed, formats, holders, items, originals, queue,
    renditions, upload_sessions, usage,
};

/// Formats are few. Most items are ready and shown; a photo has six renditions, and a content comes
/// twice.
const TABLES: Tables = Tables {
    small: &["formats_off"],
    values: &[
        (
            "media.state",
            "CASE i % 100 WHEN 0 THEN 1 WHEN 1 THEN 3 WHEN 2 THEN 4 ELSE 2 END",
        ),
        (
            "media.next_attempt_at",
            "CASE i % 3 WHEN 0 THEN i ELSE 0 END",
        ),
        ("media.attached", "i % 10 <> 0"),
        ("media.original_key", "'key ' || i / 2"),
        ("renditions.media_id", "1 + i / 6"),
        ("renditions.name", "'name ' || i % 6"),
        ("renditions.key", "'key ' || i / 2"),
        ("alternates.media_id", "1 + i / 6"),
        ("alternates.name", "'name ' || i % 6"),
        ("alternates.key", "'key ' || i / 2"),
        (
            "alternate_jobs.lease_holder",
            "CASE i % 2000 WHEN 0 THEN 1 ELSE 0 END",
        ),
        ("blob_writes.key", "'key ' || i / 2"),
        ("upload_parts.key", "'key ' || i / 2"),
        (
            "upload_sessions.media_id",
            "CASE i % 2 WHEN 0 THEN i ELSE 0 END",
        ),
    ],
};

/// They find their rows by an index. Not among them are those of the check of all files, which an
/// operator asks for.
const SEARCHES: [&str; 93] = [
    alternates::ENQUEUE,
    alternates::ENQUEUE_EXISTING,
    alternates::CLAIM,
    alternates::CLAIMED,
    alternates::FINISH,
    alternates::MARK_TRIED,
    alternates::LACKING_AFTER,
    alternates::PAUSE,
    alternates::GIVEN_UP_BEFORE,
    alternates::FORGET_GIVEN_UP,
    alternates::REMOVE_JOB,
    alternates::FORGET_TRIED,
    alternates::REMOVE,
    blob_rows::IS_CLAIMED,
    blob_rows::REMOVE_WRITE,
    blob_rows::WRITES_BEFORE,
    blob_rows::CLAIM_DELETION,
    blob_rows::POSTPONE_DELETION,
    blob_rows::REMOVE_NEEDLESS_DELETION,
    blob_rows::REMOVE_DELETION,
    deletion::DELETE_RENDITIONS,
    deletion::DELETE_ITEM,
    deletion::NOT_SERVED_ANY_MORE,
    duplicates::FIND,
    duplicates::INSERT_COPY,
    duplicates::COPY_RENDITIONS,
    duplicates::COPY_JOB,
    duplicates::COPY_GIVEN_UP,
    duplicates::FIND_WITH_ALTERNATES,
    duplicates::COPY_ALTERNATES,
    failed::BEFORE,
    failed::HAS_FAILED,
    failed::REQUEUE,
    formats::SWITCHED_OFF,
    formats::SWITCH,
    holders::INSERT,
    holders::SETTLE_OPENNESS,
    holders::HOLDS,
    holders::REMOVE,
    holders::REMOVE_SOME,
    holders::UNHELD,
    holders::REMOVE_ITEM,
    items::SET_MEMORY_BYTES,
    items::LOAD,
    items::COUNT_UNATTACHED,
    items::UNATTACHED_OF,
    items::DESCRIBE,
    items::MARK_ATTACHED,
    items::UNATTACHED_BEFORE,
    items::FAILED_BEFORE,
    items::FAILED_ORIGINAL,
    items::FORGET_ORIGINAL,
    originals::READ,
    originals::READ_SHARED,
    originals::INSERT_SHARED,
    originals::MARK_UNSTRIPPABLE,
    queue::OWNERS_AFTER,
    queue::OLDEST,
    queue::RUNNING,
    queue::END_PAUSES,
    queue::LEASE,
    queue::RENEW,
    queue::RELEASE_LEASE,
    queue::PAUSE,
    queue::MARK_READY,
    queue::MARK_READY_AS,
    queue::MARK_FAILED,
    renditions::KEYS,
    renditions::KEYS_OF,
    renditions::READ_HEAD,
    renditions::WAITS_FOR_ALTERNATES,
    renditions::IS_SERVED,
    upload_sessions::READ,
    upload_sessions::COUNT_UNFINISHED,
    upload_sessions::UNTOUCHED,
    upload_sessions::DELETE_UNTOUCHED,
    upload_sessions::LAST_PART,
    upload_sessions::PARTS,
    upload_sessions::ADVANCE,
    upload_sessions::PUT_PART,
    upload_sessions::BECOME_ITEM,
    upload_sessions::DELETE,
    upload_sessions::DROP_PARTS,
    upload_sessions::EXPIRED,
    usage::READ,
    usage::REMOVE_ITEM,
    usage::REMOVE_UNUSED,
    usage::REMOVE_ORIGINAL,
    usage::COUNT_WITH,
    usage::RECENT_UPLOADS,
    usage::RECENT_BYTES,
    usage::PROCESSOR_MINUTES,
    usage::FORGET_OLD_MINUTES,
];

/// A photo has a few renditions, and each a few forms.
const SORTS: [&str; 3] = [renditions::SIZES, renditions::ADD_TO, renditions::FORMS_OF];

/// The first that is due, which those that somebody is at are later; and these, which have an index
/// that holds nothing else.
const JOBS: [&str; 2] = [alternates::IS_ANY_DUE, alternates::LOST];

/// The first of the queue and of what pauses; and those that are leased, which are as many as there
/// are workers.
const QUEUE: [&str; 3] = [queue::FIRST_PRIORITY, queue::NEXT_PAUSED, queue::LOST];

/// Those of a list that nothing shows, or that failed. They have an index that holds nothing else,
/// and while that is short a server reads it rather than look each of the list up.
const STILL: [&str; 2] = [items::STILL_UNATTACHED, items::STILL_FAILED];

/// The oldest.
const DELETIONS: [&str; 1] = [blob_rows::QUEUED_DELETIONS];

/// As many jobs as are asked for, whichever they are.
const COUNTED: [&str; 1] = [alternates::COUNT_WAITING];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    let forgetting = [
        usage::forget_until_text("upload_minutes", "minute"),
        usage::forget_until_text("upload_hours", "hour"),
    ];
    plans
        .hold(&[
            (May::Search, &SEARCHES),
            (May::Search, &forgetting.each_ref().map(String::as_str)),
            (May::Sort, &SORTS),
            (May::Walk("alternate_jobs"), &JOBS),
            (May::Walk("media"), &QUEUE),
            (May::Walk("media"), &STILL),
            (May::Walk("blob_deletions"), &DELETIONS),
            (May::Take("alternate_jobs"), &COUNTED),
        ])
        .await;
    plans.hold_outbox().await;
}

/// By one that fits less well they would walk past the rows of others, of which SQLite's plan says
/// nothing.
#[tokio::test]
async fn on_sqlite_queues_are_read_from_their_own_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::DATABASE.file);
    let database = Database::open(&path, &crate::MIGRATIONS).await.unwrap();
    let of_content = "media_twins (owner_id=? AND original_key=?)";
    let expected = [
        (
            alternates::CLAIM,
            "alternate_jobs_waiting (owner_id=? AND next_attempt_at<?)",
        ),
        (
            alternates::IS_ANY_DUE,
            "alternate_jobs_by_time (next_attempt_at<?)",
        ),
        (alternates::LOST, "alternate_jobs_leased"),
        (duplicates::FIND, of_content),
        (duplicates::FIND_WITH_ALTERNATES, of_content),
        (usage::COUNT_WITH, of_content),
        (failed::BEFORE, "media_failed_by_id (id<?)"),
        (queue::FIRST_PRIORITY, "media_queue"),
        (queue::NEXT_PAUSED, "media_paused (next_attempt_at>?)"),
        (queue::LOST, "media_leased"),
    ];
    for (statement, index) in expected {
        let plan = infra_db::query_plan(database.reader(), statement).await;
        let plan = plan.unwrap().join("; ");
        assert!(plan.contains(index), "{statement}: {plan}");
    }
}
