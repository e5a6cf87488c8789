//! What is done without being asked: the work on what was uploaded, and what is done on a timer.

mod backfill_alternates;
pub(crate) mod dispatch;
mod encoder_memory;
pub(crate) mod estimate;
pub(crate) mod make_alternates;
pub(crate) mod make_renditions;
pub(crate) mod sweep;
mod thread;
mod verdict;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::Core;

pub use sweep::SweepReport;

pub(crate) async fn run(core: &Arc<Core>, stop: CancellationToken) {
    tokio::join!(dispatch::run(core, &stop), sweep_periodically(core, &stop));
}

async fn sweep_periodically(core: &Arc<Core>, stop: &CancellationToken) {
    loop {
        // First the wait: after a start, events that say what is in use may still be on their way.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(core.settings.sweep_interval()) => {}
        }
        match sweep::sweep(core).await {
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
