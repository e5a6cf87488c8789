//! Waiting for a picture to be processed.

use std::time::Duration;

use business_media_gateway::{MediaItem, WaitUntilProcessedRequest};
use infra_kernel::{Context, Error, ErrorCode, Result};
use presentation_kit::Surface;

/// How long an upload waits whose client can ask again: most pictures are ready by then, which
/// saves it the asking.
pub(crate) const SHORT: Duration = Duration::from_secs(2);
/// How long an upload waits whose client cannot ask again.
pub(crate) const SLOW: Duration = Duration::from_secs(60);

/// The item when it is processed, or as it is when the time is up.
pub(crate) async fn until_processed(
    surface: &Surface,
    context: &Context,
    item: MediaItem,
    patience: Duration,
) -> Result<MediaItem> {
    if item.is_processed() {
        return Ok(item);
    }
    // A budget can also extend a deadline, which this one must not.
    let patience = patience.min(context.remaining());
    let waiting = context.with_budget(patience);
    let request = WaitUntilProcessedRequest { id: item.id };
    let media = &surface.gateways.media;
    match media.wait_until_processed(&waiting, request).await {
        // Over the wire the time may be up before the response with the item as it is arrives.
        Err(error) if error.code() == ErrorCode::DeadlineExceeded => Ok(item),
        response => response,
    }
}

/// Why a picture could not be processed; none when it was, or may still be.
pub(crate) fn failure(item: &MediaItem) -> Option<&str> {
    if !item.has_failed() {
        return None;
    }
    Some(if item.failure.is_empty() {
        "This picture could not be processed. Please try another one."
    } else {
        &item.failure
    })
}

/// Refuses what could not be processed, and what is not ready when it is needed now.
pub(crate) fn refuse_unready(item: &MediaItem, field: &str) -> Result<()> {
    if let Some(reason) = failure(item) {
        return Err(Error::invalid(field, reason));
    }
    if item.is_ready() {
        return Ok(());
    }
    let text = "The picture is still being processed. Please try again in a minute.";
    Err(Error::new(ErrorCode::Unavailable, text).for_field(field))
}
