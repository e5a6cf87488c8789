//! Drops the timelines of accounts that have not been here for a while. They are made again when
//! their readers come back.

use std::sync::Arc;

use crate::error::Result;
use crate::timelines::Timelines;

pub(crate) async fn run(timelines: &Arc<Timelines>) -> Result<u64> {
    let seen_before = timelines.clock.now().minus(timelines.settings.active());
    let mut dropped = 0;
    loop {
        let (some, more) = timelines.drop_unseen(seen_before).await?;
        dropped += some;
        if !more {
            return Ok(dropped);
        }
    }
}
