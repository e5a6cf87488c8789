//! What is done on a timer.

pub(crate) mod sweep;

use tokio_util::sync::CancellationToken;

use crate::Core;

pub use sweep::Swept;

pub(crate) async fn run(core: &Core, stop: CancellationToken) {
    loop {
        // First the wait: after a start, events that say what is in use may still be on their way.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(core.settings.sweep_interval()) => {}
        }
        match sweep::sweep(core).await {
            Ok(swept) if swept != Swept::default() => {
                tracing::info!(
                    items = swept.items,
                    blobs = swept.blobs,
                    announced = swept.announced,
                    failed = swept.failed,
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
