//! Drops the timelines of accounts that have not been here for a while. They are made again when
//! their readers come back.

use std::sync::Arc;

use crate::error::Result;
use crate::state::State;

pub(crate) async fn run(state: &Arc<State>) -> Result<u64> {
    let seen_before = state.clock.now().minus(state.settings.active());
    let mut dropped = 0;
    loop {
        let (some, more) = state.timelines.drop_unseen(seen_before).await?;
        dropped += some;
        if !more {
            return Ok(dropped);
        }
    }
}
