//! Makes an item of a file that is here whole, however it came.

use std::sync::Arc;
use std::time::Duration;

use business_media_codec::{Header, read_header};
use business_media_gateway::{MediaItem, UploadHeader};
use infra_blob::BlobWriter;
use infra_bus::outbox;
use infra_kernel::{AccountId, Context};
use infra_resilience::thread_processor_time;
use tokio::sync::OwnedSemaphorePermit;

use crate::blobs::{self, PendingBlobs};
use crate::budget::REQUEST_WAIT_MAX;
use crate::error::MediaError;
use crate::events;
use crate::rules::lane::Lane;
use crate::store::duplicates;
use crate::store::items::{self, NewItem, NewPicture};
use crate::uploads::Uploads;
use crate::uploads::admission::{admit, note_refused};
use crate::uploads::quota::Quotas;

/// Makes an item of a file that was received whole, under a header that
/// [`check_upload`](super::admission::check_upload) has passed. To be run to its end: a commit
/// cannot be called back. A content that its owner has a ready item of is neither stored nor
/// processed again. `upload` is the upload in parts that the file came by, which becomes the item
/// in the item's own transaction. A file that is refused counts.
pub(crate) async fn take_file(
    uploads: &Arc<Uploads>,
    context: &Context,
    header: UploadHeader,
    writer: Box<dyn BlobWriter>,
    upload: Option<i64>,
) -> Result<MediaItem, MediaError> {
    let (owner, bytes) = (AccountId::new(header.owner_id), writer.bytes());
    let mut spent = Duration::ZERO;
    let taken = make_item(uploads, context, header, writer, upload, &mut spent);
    let taken = taken.await;
    if let Err(error) = &taken
        && (error.is_about_the_file() || matches!(error, MediaError::Refused(_)))
    {
        note_refused(uploads, owner, bytes, error).await;
        uploads.queue.charge(owner.to_sql(), spent).await;
    }
    taken
}

/// Adds to `spent` what reading the header took.
async fn make_item(
    uploads: &Arc<Uploads>,
    context: &Context,
    header: UploadHeader,
    mut writer: Box<dyn BlobWriter>,
    upload: Option<i64>,
    spent: &mut Duration,
) -> Result<MediaItem, MediaError> {
    let item = NewItem {
        id: uploads.ids.next(),
        owner: AccountId::new(header.owner_id),
        description: header.description,
        focus: (header.focus_x.unwrap_or(0.0), header.focus_y.unwrap_or(0.0)),
        created_at: uploads.clock.now(),
        original_key: writer.key().to_string(),
        original_bytes: writer.bytes(),
        upload: upload.map(|id| (id, uploads.session_end())),
        correlation_id: context.correlation_id().clone(),
    };
    // Before its header is read: the same bytes have passed once.
    if let Some(item) = reuse_duplicate(uploads, context, item.clone()).await? {
        tracing::info!(media = %item.media(), "a picture was taken in, and is ready as one before it");
        return Ok(item);
    }
    let header = read_picture(uploads, &mut *writer, spent).await?;
    let picture = NewPicture {
        content_type: header.format.content_type(),
        width: header.width,
        height: header.height,
        memory_bytes: header.memory_bytes,
        lane: Lane::of(&header, uploads.settings.memory_bytes_max),
    };
    let item = keep(uploads, context, writer, item, picture).await?;
    tracing::info!(media = %item.media(), bytes = item.original_bytes, "a picture was taken in");
    uploads.queue.wake();
    Ok(item)
}

/// Makes the item of its ready duplicate, if it has one.
async fn reuse_duplicate(
    uploads: &Arc<Uploads>,
    context: &Context,
    item: NewItem,
) -> Result<Option<MediaItem>, MediaError> {
    let mut connection = uploads.database.reader().acquire().await?;
    let duplicate = duplicates::find(&mut connection, item.owner, &item.original_key).await?;
    drop(connection);
    if duplicate.is_none() {
        return Ok(None);
    }
    let event = events::ready(context, &uploads.ids, item.id, item.owner);
    let quotas = Quotas::of(&uploads.settings);
    uploads
        .database
        .write(move |connection| {
            Box::pin(async move {
                // It may have gone since it was looked for.
                let duplicate =
                    duplicates::find(connection, item.owner, &item.original_key).await?;
                let Some(duplicate) = duplicate else {
                    return Ok(None);
                };
                admit(connection, &quotas, &item).await?;
                duplicates::insert_copy(connection, &item, duplicate).await?;
                outbox::append(connection, &event).await?;
                Ok(items::load(connection, &[item.id]).await?.pop())
            })
        })
        .await
}

async fn keep(
    uploads: &Uploads,
    context: &Context,
    writer: Box<dyn BlobWriter>,
    item: NewItem,
    picture: NewPicture,
) -> Result<MediaItem, MediaError> {
    // From here on the blob has a name, so the database has to know of it first.
    let pending = uploads.blobs.note(&[writer.key()]).await?;
    let kept = match writer.finish().await {
        Ok(_) => commit_upload(uploads, context, item, picture, &pending).await,
        Err(error) => Err(error.into()),
    };
    match kept {
        Ok(item) => Ok(item),
        Err(error) => {
            uploads.blobs.abandon(pending, Some(&error)).await;
            Err(error)
        }
    }
}

/// Looks at the header of what was written, within the memory that is kept for that.
async fn read_picture(
    uploads: &Uploads,
    writer: &mut dyn BlobWriter,
    spent: &mut Duration,
) -> Result<Header, MediaError> {
    let memory = uploads
        .budget
        .take_for_header(writer.bytes(), REQUEST_WAIT_MAX);
    let (header, took) = read_header_within(uploads, memory.await?, writer).await?;
    *spent += took;
    header
}

/// What the header says, or why it is refused, and the processor time that it took.
async fn read_header_within(
    uploads: &Uploads,
    memory: OwnedSemaphorePermit,
    writer: &mut dyn BlobWriter,
) -> Result<(Result<Header, MediaError>, Duration), MediaError> {
    let written = writer.written(uploads.settings.upload_bytes_max).await?;
    let (limits, taken) = (uploads.settings.limits(), uploads.formats.accepted().await?);
    let read = tokio::task::spawn_blocking(move || {
        let before = thread_processor_time();
        let header = read_header(&written, &limits, &taken);
        let spent = thread_processor_time().saturating_sub(before);
        // Here and not by the caller, who may be gone before this thread has ended.
        drop((written, memory));
        (header.map_err(MediaError::from), spent)
    });
    Ok(read.await?)
}

async fn commit_upload(
    uploads: &Uploads,
    context: &Context,
    item: NewItem,
    picture: NewPicture,
    pending: &PendingBlobs,
) -> Result<MediaItem, MediaError> {
    let event = events::uploaded(context, &uploads.ids, item.id, item.owner);
    let quotas = Quotas::of(&uploads.settings);
    let pending = pending.clone();
    let inserted = uploads
        .database
        .write(move |connection| {
            Box::pin(async move {
                // Before the item is inserted: it asks whether the account has this content
                // already.
                admit(connection, &quotas, &item).await?;
                items::insert(connection, &item, &picture).await?;
                blobs::settle(connection, &pending).await?;
                outbox::append(connection, &event).await?;
                Ok::<_, MediaError>(items::load(connection, &[item.id]).await?.pop())
            })
        })
        .await?;
    inserted.ok_or(MediaError::BlobBusy)
}
