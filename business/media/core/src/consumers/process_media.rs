//! Makes the renditions of what was uploaded.
//!
//! It may be asked for the same item more than once: an item that does not wait any more is passed over, and of two that
//! work on the same one only the first to commit is kept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_media_codec::{CodecError, Job, Processed, process};
use business_media_gateway::{MediaFailed, MediaReady, MediaUploaded, topics};
use bytes::Bytes;
use infra_blob::{BlobError, BlobKey, Stored};
use infra_bus::{Consumer, Event, Handler, HandlerError, RetryPolicy, Subscription, outbox};
use infra_kernel::{Context, MediaId};

use crate::blobs::{self, Noted};
use crate::error::MediaError;
use crate::store::items::{self, WaitingRow};
use crate::store::{blob_rows, renditions};
use crate::{Core, to_the_end};

/// How long one attempt may take, most of it waiting for memory behind other pictures.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(300);
/// What the owner is told when the stored file itself is gone or damaged.
const LOST: &str =
    "The uploaded file can no longer be read on this server. Please upload it again.";

pub(crate) fn consumer(core: Arc<Core>) -> Consumer {
    Consumer {
        subscription: Subscription {
            name: "media.process",
            topics: &[topics::UPLOADED],
            concurrency: core.settings.worker_count(),
            retry: RetryPolicy {
                attempt_timeout: ATTEMPT_TIMEOUT,
                ..RetryPolicy::default()
            },
        },
        handler: Arc::new(ProcessMedia { core }),
    }
}

struct ProcessMedia {
    core: Arc<Core>,
}

#[async_trait]
impl Handler for ProcessMedia {
    async fn handle(&self, context: &Context, event: &Event) -> Result<(), HandlerError> {
        let uploaded: MediaUploaded = event.decode()?;
        let id = uploaded.media();
        self.core
            .process(context, id)
            .await
            // Whatever is wrong with the picture is settled below; what comes here may pass.
            .map_err(|error| HandlerError::Retry(Box::new(error)))?;
        Ok(())
    }
}

impl Core {
    async fn process(self: &Arc<Self>, context: &Context, id: MediaId) -> Result<(), MediaError> {
        let Some(waiting) = items::read_waiting(&self.database, id).await? else {
            return Ok(());
        };
        match self.make_renditions(&waiting).await {
            Ok(processed) => {
                let (core, context) = (Arc::clone(self), context.clone());
                to_the_end(async move {
                    core.keep_renditions(&context, id, &waiting, processed)
                        .await
                })
                .await
            }
            Err(MediaError::Codec(error)) => {
                tracing::info!(media = %id, cause = error.cause(), "a picture could not be processed");
                self.fail(context, id, &waiting, error.to_string()).await
            }
            Err(MediaError::Blob(
                error @ (BlobError::NotFound(_)
                | BlobError::Damaged(_)
                | BlobError::TooLarge { .. }),
            )) => {
                tracing::error!(media = %id, %error, "an original is gone");
                self.fail(context, id, &waiting, LOST.to_owned()).await
            }
            Err(error) => Err(error),
        }
    }

    async fn make_renditions(&self, waiting: &WaitingRow) -> Result<Processed, MediaError> {
        let memory = self
            .budget
            .take(waiting.memory_bytes.cast_unsigned())
            .await?;
        let key: BlobKey = waiting.original_key.parse()?;
        let original = self
            .blobs
            .store
            .read_all(key, waiting.original_bytes.cast_unsigned())
            .await?;
        let (limits, ladder) = (self.settings.limits(), self.ladder.clone());
        let processed = tokio::task::spawn_blocking(move || {
            let processed: Result<Processed, CodecError> =
                process(&original, &Job::new(&limits, &ladder));
            // Given back here and not by whoever waits: that may be gone long before this is done.
            drop((original, memory));
            processed
        });
        Ok(processed.await??)
    }

    async fn keep_renditions(
        &self,
        context: &Context,
        id: MediaId,
        waiting: &WaitingRow,
        processed: Processed,
    ) -> Result<(), MediaError> {
        let mut keys: Vec<BlobKey> = processed
            .renditions
            .iter()
            .map(|rendition| BlobKey::of(&rendition.bytes))
            .collect();
        keys.dedup();
        let noted = self.blobs.note(&keys).await?;
        let stored = match self.put_renditions(&processed).await {
            Ok(stored) => stored,
            Err(error) => {
                self.blobs.abandon(noted).await;
                return Err(error);
            }
        };
        let message = MediaReady {
            media_id: id.get(),
            owner_id: waiting.owner_id.cast_unsigned(),
        };
        let event = Event::new(context, &self.ids, topics::READY, id.get(), &message);
        self.commit_ready(id, processed, stored, noted, event).await
    }

    async fn put_renditions(&self, processed: &Processed) -> Result<Vec<Stored>, MediaError> {
        let mut stored: Vec<Stored> = Vec::with_capacity(processed.renditions.len());
        for rendition in &processed.renditions {
            let bytes = Bytes::copy_from_slice(&rendition.bytes);
            stored.push(self.blobs.store.put(bytes).await?);
        }
        Ok(stored)
    }

    async fn commit_ready(
        &self,
        id: MediaId,
        processed: Processed,
        stored: Vec<Stored>,
        noted: Noted,
        event: Event,
    ) -> Result<(), MediaError> {
        let settled = noted.clone();
        let keys: Vec<BlobKey> = stored.iter().map(|stored| stored.key).collect();
        let kept = self
            .database
            .write(move |connection| {
                Box::pin(async move {
                    let size = (processed.width, processed.height);
                    let (blurhash, color) = (&processed.blurhash, &processed.dominant_color);
                    if !items::mark_ready(connection, id, size, blurhash, color).await? {
                        return Ok(false);
                    }
                    for (position, (rendition, stored)) in
                        (0..).zip(processed.renditions.iter().zip(stored))
                    {
                        renditions::insert(connection, id, position, rendition, stored).await?;
                    }
                    blobs::settle(connection, &settled).await?;
                    outbox::append(connection, &event).await?;
                    Ok(true)
                })
            })
            .await;
        // Deleted or made by another in the meantime, or not committed.
        if !matches!(kept, Ok(true)) {
            self.blobs.abandon(noted).await;
        }
        if kept.is_ok() {
            // Another item may have had the same renditions before, and not have been open.
            self.caches.forget(&[], &keys);
            self.tell_processed(id);
        }
        kept.map(|_| ())
    }

    async fn fail(
        self: &Arc<Self>,
        context: &Context,
        id: MediaId,
        waiting: &WaitingRow,
        reason: String,
    ) -> Result<(), MediaError> {
        let message = MediaFailed {
            media_id: id.get(),
            owner_id: waiting.owner_id.cast_unsigned(),
            reason: reason.clone(),
        };
        let event = Event::new(context, &self.ids, topics::FAILED, id.get(), &message);
        let original: BlobKey = waiting.original_key.parse()?;
        let core = Arc::clone(self);
        to_the_end(async move {
            core.commit_failed(id, reason, original, event).await?;
            core.tell_processed(id);
            core.blobs.collect(&[original]).await;
            Ok(())
        })
        .await
    }

    /// The row stays for as long as any that is not used, to tell its owner why; the bytes, which nobody can use, go now.
    async fn commit_failed(
        &self,
        id: MediaId,
        reason: String,
        original: BlobKey,
        event: Event,
    ) -> Result<(), MediaError> {
        let now = self.clock.now();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if items::mark_failed(connection, id, &reason).await? {
                        items::forget_original(connection, id).await?;
                        blob_rows::queue_deletions(connection, &[original], now).await?;
                        outbox::append(connection, &event).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}
