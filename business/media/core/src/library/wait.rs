//! Waits for a worker.

use std::sync::Arc;
use std::time::Duration;

use business_media_gateway::{MediaId, MediaItem};
use infra_kernel::Context;
use tokio::sync::broadcast::error::RecvError;

use crate::error::MediaError;
use crate::library::Library;

/// How much of the caller's time is left for the response to get back.
const MARGIN: Duration = Duration::from_millis(250);
/// How often the database is asked, in case the worker is in another process.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The item when it is ready or has failed, or as it is when the time is up.
pub(crate) async fn wait(
    library: &Library,
    context: &Context,
    id: MediaId,
) -> Result<Arc<MediaItem>, MediaError> {
    // Listens first and looks after: what happens in between is heard.
    let mut processed = library.processed.subscribe();
    let until = tokio::time::Instant::now() + context.remaining().saturating_sub(MARGIN);
    let mut item = library.item(id).await?;
    loop {
        if item.is_processed() || tokio::time::Instant::now() >= until {
            return Ok(item);
        }
        let heard = async {
            loop {
                match processed.recv().await {
                    Ok(other) if other != id => {}
                    // Too many at once to hear all of them: look.
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    // The sender lives as long as the library; the other branches end the wait.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = heard => item = library.item(id).await?,
            // One last look, which the loop then returns.
            () = tokio::time::sleep_until(until) => item = library.item(id).await?,
            () = tokio::time::sleep(POLL_INTERVAL) => item = library.fresh_item(id).await?,
        }
    }
}
