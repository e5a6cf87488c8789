//! What is done from time to time: trimming, dropping and forgetting, in bounded steps.

mod drop_unseen;
mod trim_timelines;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::state::State;

/// How long it is remembered that a follow ended or a post was deleted: much longer than any one
/// try of a fan-out.
const GUARDS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// The most guards forgotten in one write.
const GUARDS_AT_ONCE_MAX: u32 = 1_000;

/// What one round did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TidyReport {
    /// Timelines dropped because their readers have not been here for long.
    pub dropped: u64,
    /// Timelines cut to their bound.
    pub trimmed: u64,
    /// Ended follows and deleted posts that need no guarding against any more.
    pub forgotten: u64,
}

pub(crate) async fn run(state: &Arc<State>, stop: &CancellationToken) {
    let round = async {
        loop {
            match tidy(state).await {
                Ok(report) => tracing::debug!(?report, "tidied the timelines"),
                Err(error) => {
                    let error = infra_kernel::Error::from(error);
                    tracing::warn!(%error, causes = error.causes(), "the timelines were not tidied");
                }
            }
            tokio::time::sleep(state.settings.tidy_interval()).await;
        }
    };
    stop.run_until_cancelled(round).await;
}

pub(crate) async fn tidy(state: &Arc<State>) -> Result<TidyReport> {
    Ok(TidyReport {
        dropped: drop_unseen::run(state).await?,
        trimmed: trim_timelines::run(state).await?,
        forgotten: forget_guards(state).await?,
    })
}

async fn forget_guards(state: &State) -> Result<u64> {
    let before = state.clock.now().minus(GUARDS_KEPT);
    let mut forgotten = 0;
    loop {
        let some = state
            .store
            .forget_guards(before, GUARDS_AT_ONCE_MAX)
            .await?;
        forgotten += some;
        if some == 0 {
            return Ok(forgotten);
        }
    }
}
