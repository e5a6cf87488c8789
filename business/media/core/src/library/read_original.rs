//! The bytes of an upload: to its owner as they arrived, to others the same picture without its
//! file's metadata.
//!
//! Whether others may have it is decided by the caller that shows the post; here it is only made.
//! It is made once, when it is first asked for, and kept as a blob of its own, so that many slow
//! readers cost a file and no memory. That it cannot be made is kept, too: then a rendition is
//! given in its place, and the file is not read for it again.

use std::sync::Arc;

use business_media_codec::{Format, Purpose, strip};
use business_media_gateway::{MediaId, ReadOriginalRequest, RenditionChunk, renditions};
use bytes::Bytes;
use infra_blob::{BlobKey, ByteRange, Stored};
use infra_kernel::{Context, Error, ErrorCode};
use infra_rpc::{Messages, within_deadline};
use tokio::sync::OwnedSemaphorePermit;

use crate::blobs::{self, PendingBlobs};
use crate::budget::REQUEST_WAIT_MAX;
use crate::error::MediaError;
use crate::forms::Form;
use crate::library::Library;
use crate::library::send::{Sending, send};
use crate::store::originals::{self, Original};
use crate::tasks::run_to_completion;

/// How many times its own size a file may take while it is stripped: the file, its pixels, and what
/// is made of both.
const STRIP_MEMORY_FACTOR: u64 = 3;

pub(crate) async fn read_original(
    library: &Arc<Library>,
    context: &Context,
    request: ReadOriginalRequest,
) -> Result<Messages<RenditionChunk>, MediaError> {
    let id = MediaId::new(request.id);
    let original = originals::read(&library.database, id).await?;
    let original = original.ok_or_else(not_found)?;
    let form = if request.as_owner {
        if original.lost {
            return Err(lost().into());
        }
        original.form
    } else {
        for_others(library, context, id, original).await?
    };
    let sending = Sending {
        form,
        varies: false,
        // Who may have it was decided for this request alone: no shared cache may keep it.
        open: false,
        forms_to_come: false,
        range: ByteRange {
            offset: request.offset,
            length: (request.length > 0).then_some(request.length),
        },
        head_only: request.head_only,
    };
    send(library, sending).await
}

async fn for_others(
    library: &Arc<Library>,
    context: &Context,
    id: MediaId,
    original: Original,
) -> Result<Form, MediaError> {
    if !original.ready {
        return Err(not_found().into());
    }
    if let Some(made) = shared(library, id).await? {
        return Ok(made);
    }
    let format = Format::of_content_type(&original.form.content_type);
    // The others are never taken apart: not even read for it.
    let format = format.filter(|format| format.is_read_here());
    let memory_bytes = original.form.bytes * STRIP_MEMORY_FACTOR;
    let possible =
        !original.lost && !original.unstrippable && library.budget.ever_has(memory_bytes);
    let Some(format) = format.filter(|_| possible) else {
        return full_rendition(library, id).await;
    };
    // The caller may have less time left than a wait for memory may take.
    let memory = library.budget.take(memory_bytes, REQUEST_WAIT_MAX);
    let memory = within_deadline(context, async { Ok(memory.await?) }).await?;
    // Of many who ask at once the first makes it, and the others had to wait.
    if let Some(made) = shared(library, id).await? {
        return Ok(made);
    }
    let Some(stripped) = made_of(library, memory, &original.form, format).await? else {
        remember_unstrippable(library, original.form.key).await;
        return full_rendition(library, id).await;
    };
    let (library, content_type) = (Arc::clone(library), original.form.content_type);
    // To the end even without the caller: what is put has to be recorded, or queued again.
    run_to_completion(async move { keep_shared(&library, id, content_type, stripped).await }).await
}

/// What was made for others before.
async fn shared(library: &Library, id: MediaId) -> Result<Option<Form>, MediaError> {
    let mut connection = library.database.reader().acquire().await?;
    originals::read_shared(&mut connection, id).await
}

/// The file without metadata; nothing for what cannot be taken apart without decoding it.
async fn made_of(
    library: &Library,
    memory: OwnedSemaphorePermit,
    original: &Form,
    format: Format,
) -> Result<Option<Bytes>, MediaError> {
    let store = library.blobs.store();
    let file = store
        .read_all_for_work(original.key, original.bytes)
        .await?;
    let stripped = tokio::task::spawn_blocking(move || {
        let stripped = stripped(&file, format);
        // Here and not by the caller, who may be gone before this thread has ended.
        drop((file, memory));
        stripped
    });
    Ok(stripped.await?)
}

/// Spares the next who asks the attempt. What cannot be recorded is found out again.
async fn remember_unstrippable(library: &Library, key: BlobKey) {
    let pending = library.database.write(move |connection| {
        Box::pin(async move { originals::mark_unstrippable(connection, key).await })
    });
    if let Err(error) = pending.await {
        let causes = infra_kernel::Error::from(error).causes();
        tracing::warn!(%key, causes, "that an original cannot be stripped could not be recorded");
    }
}

/// Keeps the file for the next who asks.
async fn keep_shared(
    library: &Library,
    id: MediaId,
    content_type: Arc<str>,
    file: Bytes,
) -> Result<Form, MediaError> {
    let (pending, stored) = library.blobs.put_all(vec![file]).await?;
    let kept = match stored {
        Ok(stored) => record_shared(library, id, content_type, stored, &pending).await,
        Err(error) => Err(error),
    };
    // Another may have been quicker, and have made another file: with another version of this
    // program.
    if !matches!(kept, Ok((_, true))) {
        library.blobs.abandon(pending, kept.as_ref().err()).await;
    }
    Ok(kept?.0)
}

/// Returns what is recorded for the item, and whether it is this.
async fn record_shared(
    library: &Library,
    id: MediaId,
    content_type: Arc<str>,
    stored: Vec<Stored>,
    pending: &PendingBlobs,
) -> Result<(Form, bool), MediaError> {
    let pending = pending.clone();
    library
        .database
        .write(move |connection| {
            Box::pin(async move {
                let mut inserted = false;
                for stored in stored {
                    inserted =
                        originals::insert_shared(connection, id, &content_type, stored).await?;
                }
                // Where another was quicker the notes stay, and `abandon` queues the file by them.
                if inserted {
                    blobs::settle(connection, &pending).await?;
                }
                // Deleted in the meantime, it is not there.
                let form = originals::read_shared(connection, id).await?;
                Ok::<_, MediaError>((form.ok_or_else(not_found)?, inserted))
            })
        })
        .await
}

/// What others get instead of a file that cannot be stripped: the largest picture that was made
/// of it.
async fn full_rendition(library: &Library, id: MediaId) -> Result<Form, MediaError> {
    let item = library.item(id).await?;
    let full = item.rendition(renditions::FULL);
    let full = full.or_else(|| item.renditions.first());
    let full = full.ok_or_else(not_found)?;
    let (key, _) = crate::store::renditions::key_of_file_name(&full.key).ok_or_else(not_found)?;
    Ok(Form {
        key,
        content_type: full.content_type.as_str().into(),
        bytes: full.bytes,
    })
}

fn stripped(file: &[u8], format: Format) -> Option<Bytes> {
    strip(file, format, Purpose::Shared)
        .inspect_err(|error| tracing::debug!(cause = error.cause(), "an original is not stripped"))
        .ok()
        .map(Bytes::from)
}

fn lost() -> Error {
    Error::new(
        ErrorCode::Gone,
        "The original file of this photo was lost on this server. The photo is shown as before.",
    )
}

fn not_found() -> Error {
    Error::not_found("photo")
}
