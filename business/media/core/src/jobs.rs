//! What is done without being asked: the work on what was uploaded, and what is done on a timer.

pub(crate) mod sweep;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::jobs::sweep::SweepReport;
use crate::processing::dispatch;
use crate::state::State;

/// Runs all of it until it is stopped. What was left behind is looked for every `sweep_interval`.
pub(crate) async fn run(state: &Arc<State>, sweep_interval: Duration, stop: CancellationToken) {
    tokio::join!(
        dispatch::run(&state.processing, &stop),
        sweep_periodically(state, sweep_interval, &stop)
    );
}

async fn sweep_periodically(state: &Arc<State>, interval: Duration, stop: &CancellationToken) {
    loop {
        // First the wait: after a start, events that say what is in use may still be on their way.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        match sweep::sweep(state).await {
            Ok(sweep_report) if sweep_report != SweepReport::default() => {
                tracing::info!(
                    items = sweep_report.items,
                    originals = sweep_report.originals,
                    blobs = sweep_report.blobs,
                    alternates = sweep_report.alternates,
                    "swept media"
                );
            }
            Ok(_) => {}
            Err(error) => {
                let causes = infra_kernel::Error::from(error).causes();
                tracing::error!(causes, "media could not be swept");
            }
        }
    }
}
