//! Every statement that a request or a consumer waits for finds its rows by an index, in order.

use testing_databases::plans::{May, Plans, Tables};

use super::{guards, merged, place, states, timelines};

/// Few authors are merged. Timelines are many, for the posts that one holds.
const TABLES: Tables = Tables {
    small: &["merged_authors", "timeline_place"],
    values: &[
        ("timeline.account_id", "1 + i / 10"),
        ("timeline.post_id", "i % 10"),
    ],
};

/// They find their rows by an index.
const SEARCHES: [&str; 23] = [
    guards::BEGIN_FOLLOW,
    guards::FORGET_FOLLOWS,
    guards::FORGET_POSTS,
    merged::MERGED_SINCE,
    merged::MERGED,
    place::WAS_IN_REDIS,
    states::READ_STATE,
    states::READ_NEWEST,
    states::JOIN,
    states::RECORD_VISIT,
    states::DROP_UNSEEN,
    states::KEPT_AFTER,
    states::HOLDS_MORE_THAN,
    states::DROP_ENTRIES,
    states::DROP_STATES,
    timelines::PLACE,
    timelines::FILL,
    timelines::REMOVE_POST,
    timelines::REMOVE_AUTHOR,
    timelines::NEWEST_AT,
    timelines::COMPLETE,
    timelines::TRIM,
    timelines::REMOVE_BELOW,
];

#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let plans = Plans::open(&crate::DATABASE, TABLES).await;
    plans.hold(&[(May::Search, &SEARCHES)]).await;
}
