//! Cuts timelines that have grown beyond their bound.

use infra_kernel::AccountId;

use super::{TableTimelines, change};
use crate::error::Result;

/// The most timelines looked at before the others' turn.
const ACCOUNTS_AT_ONCE: u32 = 200;
/// A timeline may be longer than its bound by this share of it before it is cut, so that each cut
/// is worth its write.
const SLACK_SHARE: usize = 4;

pub(super) async fn run(timelines: &TableTimelines) -> Result<u64> {
    let entries_max = timelines.settings.entries_max();
    let entries_allowed = entries_max + entries_max.div_ceil(SLACK_SHARE);
    let store = &timelines.store;
    let mut trimmed = 0;
    let mut after = AccountId::new(0);
    loop {
        let accounts = store.kept_after(after, ACCOUNTS_AT_ONCE).await?;
        let Some(last) = accounts.last() else {
            return Ok(trimmed);
        };
        after = *last;
        for account in accounts {
            // Asked of a reader: most timelines are within their bound, and cost no write.
            if store.holds_more_than(account, entries_allowed).await? {
                trimmed += u64::from(change::trim(timelines, account).await?);
            }
        }
    }
}
