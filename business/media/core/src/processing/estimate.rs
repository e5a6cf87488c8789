//! Memory for work on a file, by what its header said when it came.

use business_media_codec::{CodecError, Format, FormatSet, Limits, read_header};
use business_media_gateway::MediaId;
use infra_blob::{BlobError, BlobKey, Stored};
use tokio::sync::OwnedSemaphorePermit;

use crate::error::MediaError;
use crate::processing::Processing;
use crate::store::items;

/// What is recorded of an item: how much work on its original takes.
pub(crate) struct Estimate {
    pub(crate) id: MediaId,
    pub(crate) bytes: u64,
}

/// Waits for the memory that work on a file of this item takes, but no longer than a picture
/// may take: what finds none by then is retried later, and others have the worker. An estimate
/// that is more than there ever is may be an old version's: then the header is looked at again,
/// and what it says now is recorded.
///
/// # Errors
/// [`MediaError::NeedsMemory`] when it takes more than there ever is;
/// [`MediaError::MemoryBusy`] when the wait timed out; what reading the file's header may end
/// with.
pub(crate) async fn take_memory(
    processing: &Processing,
    pending: Estimate,
    file: Stored,
) -> Result<OwnedSemaphorePermit, MediaError> {
    let wait_max = processing.codecs.job_time_max;
    let bytes = if processing.budget.ever_has(pending.bytes) {
        pending.bytes
    } else {
        estimate_again(processing, &pending, file).await?
    };
    processing.budget.take(bytes, wait_max).await
}

async fn estimate_again(
    processing: &Processing,
    pending: &Estimate,
    file: Stored,
) -> Result<u64, MediaError> {
    let wait_max = processing.codecs.job_time_max;
    let memory = processing
        .budget
        .take_for_header(file.bytes, wait_max)
        .await?;
    let Stored { key, bytes } = file;
    let read = processing
        .blobs
        .store()
        .read_all_for_work(key, bytes)
        .await?;
    let limits = Limits {
        // Whether it is too much is decided by the budget.
        memory_bytes_max: u64::MAX,
        ..processing.codecs.limits
    };
    let header = tokio::task::spawn_blocking(move || {
        let header = read_header(&read, &limits, &FormatSet::new(Format::ALL));
        let header = header.map_err(|error| blame(error, &read, key));
        // Here and not by the caller, who may be gone before this thread has ended.
        drop((read, memory));
        header
    });
    let memory_bytes = header.await??.memory_bytes;
    let (media, before) = (pending.id, pending.bytes);
    tracing::info!(%media, before, memory_bytes, "the memory for a picture was estimated again");
    note_estimate(processing, media, key, memory_bytes).await?;
    Ok(memory_bytes)
}

async fn note_estimate(
    processing: &Processing,
    id: MediaId,
    key: BlobKey,
    memory_bytes: u64,
) -> Result<(), MediaError> {
    processing
        .database
        .write(move |connection| {
            Box::pin(
                async move { items::set_memory_bytes(connection, id, key, memory_bytes).await },
            )
        })
        .await
}

/// A file that is found broken, and is not the one that was uploaded, was damaged here.
pub(crate) fn blame(error: CodecError, original: &[u8], key: BlobKey) -> MediaError {
    if matches!(error, CodecError::Broken { .. }) && BlobKey::of(original) != key {
        return BlobError::Damaged(key).into();
    }
    error.into()
}
