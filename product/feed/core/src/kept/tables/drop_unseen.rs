//! Drops the timelines of accounts that have not been here for a while. They are made again when
//! their readers come back.

use super::{TableTimelines, change};
use crate::error::Result;

pub(super) async fn run(timelines: &TableTimelines) -> Result<u64> {
    let seen_before = timelines.clock.now().minus(timelines.settings.active());
    let mut dropped = 0;
    loop {
        let (some, more) = change::drop_unseen(timelines, seen_before).await?;
        dropped += some;
        if !more {
            return Ok(dropped);
        }
    }
}
