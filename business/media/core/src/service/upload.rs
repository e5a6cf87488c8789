//! Takes one file. What is refused leaves no item, no blob and no half-written file. That it was
//! received and its header read for nothing counts towards what its account may upload: a
//! stranger's files would else cost time without end.

use std::sync::Arc;
use std::time::Duration;

use business_media_codec::{Header, read_header};
use business_media_gateway::{
    MediaItem, MediaReady, MediaUploaded, UploadChunk, UploadHeader, topics,
};
use infra_blob::BlobWriter;
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error, ErrorCode};
use infra_resilience::thread_processor_time;
use infra_rpc::Messages;
use tokio::sync::OwnedSemaphorePermit;

use crate::blobs::{self, PendingBlobs};
use crate::budget::REQUEST_WAIT_MAX;
use crate::error::MediaError;
use crate::queue::lane::Lane;
use crate::service::quota::Quotas;
use crate::service::{check, receive};
use crate::store::items::{self, NewItem, NewPicture};
use crate::store::{duplicates, upload_sessions, usage};
use crate::{Core, run_to_completion};

/// A file that is refused while it arrives counts when so many bytes of it were written: below that
/// it costs no more than any request.
const COUNTED_BYTES_MIN: u64 = 1024 * 1024;

impl Core {
    pub(crate) async fn upload(
        self: &Arc<Self>,
        context: &Context,
        mut chunks: Messages<UploadChunk>,
    ) -> Result<MediaItem, MediaError> {
        let header = receive::header(context, &mut chunks).await?;
        let owner = AccountId::new(header.owner_id);
        context.caller().require_account(owner)?;
        let header = self.check_upload(header, 0).await?;
        let arrival = self
            .in_flight_uploads
            .begin(owner, self.settings.uploads_at_once_max)?;
        let mut writer = self.blobs.store.begin().await?;
        let received = receive::body(
            context,
            &mut chunks,
            self.settings.upload_bytes_max,
            (&self.formats().await?, self.budget.gathering()),
            &mut *writer,
        )
        .await;
        if let Err(error) = received {
            if writer.bytes() >= COUNTED_BYTES_MIN && is_about_the_sender(&error) {
                self.note_refused(owner, writer.bytes(), &error).await;
            }
            return Err(error);
        }
        // Also when its caller goes away: reading a header costs time anyone who waits for it.
        let (core, context) = (Arc::clone(self), context.clone());
        run_to_completion(async move {
            let taken = core.take_file(&context, header, writer, None).await;
            drop(arrival);
            taken
        })
        .await
    }

    /// Refuses what can be refused before the file is received, and returns the header as it is
    /// kept. `bytes` is the file's length, 0 when that is not known.
    pub(crate) async fn check_upload(
        &self,
        mut header: UploadHeader,
        bytes: u64,
    ) -> Result<UploadHeader, MediaError> {
        header.description = check::description(&header.description)?;
        check::focus([header.focus_x, header.focus_y])?;
        if header.owner_id == 0 {
            return Err(Error::invalid("owner_id", "An upload needs an owner.").into());
        }
        self.check_quota(AccountId::new(header.owner_id), bytes)
            .await?;
        self.blobs.store.require_room(bytes).await?;
        Ok(header)
    }

    /// Makes an item of a file that was received whole, under a header that [`Self::check_upload`]
    /// has passed. To be run to its end: a commit cannot be called back. A content that its owner
    /// has a ready item of is neither stored nor processed again. `upload` is the upload in parts
    /// that the file came by, which becomes the item in the item's own transaction. A file that is
    /// refused counts.
    pub(crate) async fn take_file(
        self: &Arc<Self>,
        context: &Context,
        header: UploadHeader,
        writer: Box<dyn BlobWriter>,
        upload: Option<i64>,
    ) -> Result<MediaItem, MediaError> {
        let (owner, bytes) = (AccountId::new(header.owner_id), writer.bytes());
        let mut spent = Duration::ZERO;
        let taken = self.make_item(context, header, writer, upload, &mut spent);
        let taken = taken.await;
        if let Err(error) = &taken
            && (error.is_about_the_file() || matches!(error, MediaError::Refused(_)))
        {
            self.note_refused(owner, bytes, error).await;
            self.charge(owner.to_sql(), spent).await;
        }
        taken
    }

    /// Adds to `spent` what reading the header took.
    async fn make_item(
        self: &Arc<Self>,
        context: &Context,
        header: UploadHeader,
        mut writer: Box<dyn BlobWriter>,
        upload: Option<i64>,
        spent: &mut Duration,
    ) -> Result<MediaItem, MediaError> {
        let item = NewItem {
            id: self.ids.next(),
            owner: AccountId::new(header.owner_id),
            description: header.description,
            focus: (header.focus_x.unwrap_or(0.0), header.focus_y.unwrap_or(0.0)),
            created_at: self.clock.now(),
            original_key: writer.key().to_string(),
            original_bytes: writer.bytes(),
            upload: upload.map(|id| (id, self.session_end())),
            correlation_id: context.correlation_id().clone(),
        };
        if let Some(item) = self.reuse_duplicate(context, item.clone()).await? {
            tracing::info!(media = %item.media(), "a picture was taken in, and is ready as one before it");
            return Ok(item);
        }
        let header = self.read_picture(&mut *writer, spent).await?;
        let picture = NewPicture {
            content_type: header.format.content_type(),
            width: header.width,
            height: header.height,
            memory_bytes: header.memory_bytes,
            lane: Lane::of(&header, self.settings.memory_bytes_max),
        };
        let item = self.keep(context, writer, item, picture).await?;
        tracing::info!(media = %item.media(), bytes = item.original_bytes, "a picture was taken in");
        self.queue.wake();
        Ok(item)
    }

    /// Makes the item of its ready duplicate, if it has one.
    async fn reuse_duplicate(
        self: &Arc<Self>,
        context: &Context,
        item: NewItem,
    ) -> Result<Option<MediaItem>, MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        let duplicate = duplicates::find(&mut connection, item.owner, &item.original_key).await?;
        drop(connection);
        if duplicate.is_none() {
            return Ok(None);
        }
        let message = MediaReady {
            media_id: item.id.get(),
            owner_id: item.owner.get(),
        };
        let event = Event::new(context, &self.ids, topics::READY, item.id.get(), &message);
        let quotas = Quotas::of(&self.settings);
        self.database
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
        &self,
        context: &Context,
        writer: Box<dyn BlobWriter>,
        item: NewItem,
        picture: NewPicture,
    ) -> Result<MediaItem, MediaError> {
        // From here on the blob has a name, so the database has to know of it first.
        let pending = self.blobs.note(&[writer.key()]).await?;
        let kept = match writer.finish().await {
            Ok(_) => self.commit_upload(context, item, picture, &pending).await,
            Err(error) => Err(error.into()),
        };
        match kept {
            Ok(item) => Ok(item),
            Err(error) => {
                self.blobs.abandon(pending).await;
                Err(error)
            }
        }
    }

    /// Looks at the header of what was written, within the memory that is kept for that.
    async fn read_picture(
        &self,
        writer: &mut dyn BlobWriter,
        spent: &mut Duration,
    ) -> Result<Header, MediaError> {
        let memory = self
            .budget
            .take_for_header(writer.bytes(), REQUEST_WAIT_MAX);
        let (header, took) = self.read_header_within(memory.await?, writer).await?;
        *spent += took;
        header
    }

    /// What the header says, or why it is refused, and the processor time that it took.
    async fn read_header_within(
        &self,
        memory: OwnedSemaphorePermit,
        writer: &mut dyn BlobWriter,
    ) -> Result<(Result<Header, MediaError>, Duration), MediaError> {
        let written = writer.written(self.settings.upload_bytes_max).await?;
        let (limits, taken) = (self.settings.limits(), self.formats().await?);
        let read = tokio::task::spawn_blocking(move || {
            let before = thread_processor_time();
            let header = read_header(&written, &limits, &taken);
            let spent = thread_processor_time().saturating_sub(before);
            drop((written, memory));
            (header.map_err(MediaError::from), spent)
        });
        Ok(read.await?)
    }

    /// Counts an upload of a file that is refused. That it cannot be counted is logged, and changes
    /// nothing of the refusal.
    async fn note_refused(&self, owner: AccountId, bytes: u64, refused: &MediaError) {
        let cause = refused.cause();
        tracing::info!(account = %owner, bytes, cause, "a file was refused");
        let now = self.clock.now();
        let pending = self.database.write(move |connection| {
            Box::pin(async move { usage::record_upload(connection, owner, bytes, now).await })
        });
        if let Err(error) = pending.await {
            let causes = infra_kernel::Error::from(error).causes();
            tracing::warn!(causes, "an upload that was refused could not be counted");
        }
    }

    async fn commit_upload(
        &self,
        context: &Context,
        item: NewItem,
        picture: NewPicture,
        pending: &PendingBlobs,
    ) -> Result<MediaItem, MediaError> {
        let message = MediaUploaded {
            media_id: item.id.get(),
            owner_id: item.owner.get(),
        };
        let event = Event::new(
            context,
            &self.ids,
            topics::UPLOADED,
            item.id.get(),
            &message,
        );
        let quotas = Quotas::of(&self.settings);
        let pending = pending.clone();
        let inserted = self
            .database
            .write(move |connection| {
                Box::pin(async move {
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
}

/// Whether what arrived is refused for what its sender did, and not because this server or the
/// network is in trouble.
fn is_about_the_sender(error: &MediaError) -> bool {
    let MediaError::Refused(refused) = error else {
        return false;
    };
    matches!(refused.code(), ErrorCode::Invalid | ErrorCode::TooLarge)
}

/// Holds an item against what its account may use, in the transaction that adds it, and counts the
/// upload. One in parts becomes the item.
async fn admit(
    connection: &mut Connection,
    quotas: &Quotas,
    item: &NewItem,
) -> Result<(), MediaError> {
    let (owner, now) = (item.owner, item.created_at);
    let has = usage::has_content(connection, owner, &item.original_key).await?;
    let bytes = (!has).then_some(item.original_bytes);
    quotas.check(connection, owner, bytes, now).await?;
    if let Some((upload, ends)) = item.upload {
        upload_sessions::become_item(connection, upload, item.id, (now, ends)).await?;
    }
    usage::record_upload(connection, owner, item.original_bytes, now).await
}
