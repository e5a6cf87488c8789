//! Work on a file of an item that was processed before.

use std::sync::Arc;

use business_media_codec::{EncodedRendition, process};
use business_media_gateway::MediaId;
use infra_blob::Stored;

use crate::error::MediaError;
use crate::processing::Processing;
use crate::processing::estimate::{Estimate, take_memory};
use crate::processing::make_renditions::with_animation;

/// Makes all renditions of a file that an item has, within the memory in bytes that was estimated
/// for its original, and keeps nothing of them.
pub(crate) async fn process_again(
    processing: &Processing,
    (id, memory_bytes): (MediaId, u64),
    file: Stored,
) -> Result<Vec<EncodedRendition>, MediaError> {
    let estimate = Estimate {
        id,
        bytes: memory_bytes,
    };
    let memory = take_memory(processing, estimate, file).await?;
    let store = processing.blobs.store();
    let read = store.read_all_for_work(file.key, file.bytes).await?;
    let codecs = Arc::clone(&processing.codecs);
    // A thread of the pool will do: a check works on one item after the other.
    let processed = tokio::task::spawn_blocking(move || {
        let processed = process(&read, &codecs.job());
        drop((read, memory));
        processed
    });
    Ok(with_animation(processed.await??).renditions)
}
