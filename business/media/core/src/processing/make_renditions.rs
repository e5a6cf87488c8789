//! Makes the renditions of an item that was leased to this process.
//!
//! An attempt ends in one of four ways, each of them one transaction that holds only while the item
//! is still leased to the attempt: ready, paused until it is retried, failed, or released because
//! the process stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use business_media_codec::{EncodedAnimation, EncodedRendition, Processed, process};
use bytes::Bytes;
use infra_blob::{BlobKey, Stored};
use infra_bus::{Event, outbox};
use infra_kernel::{AccountId, Context};
use infra_resilience::thread_processor_time;
use tokio_util::sync::CancellationToken;

use crate::blobs::{self, PendingBlobs};
use crate::error::MediaError;
use crate::events::{self, EVENT_BUDGET};
use crate::processing::Processing;
use crate::processing::estimate::{Estimate, blame, take_memory};
use crate::processing::failed_attempt::judge;
use crate::processing::thread;
use crate::queue::RENEW_INTERVAL;
use crate::queue::places::Slot;
use crate::store::queue::{self, Claimed, Made};
use crate::store::{alternates, camera, duplicates, renditions};
use crate::tasks::run_to_completion;

/// How long an attempt may continue when the process is asked to stop; most are done by then.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How far beyond its deadline a thread may be before it is given up: a step between two looks at
/// the clock takes less.
pub(crate) const OVERSTAY_MAX: Duration = Duration::from_secs(20);
/// One attempt, from its lease to its end.
pub(crate) async fn work_on(
    processing: Arc<Processing>,
    claimed: Claimed,
    slot: Slot,
    stop: CancellationToken,
) {
    let lease = claimed.lease();
    let attempt = attempt(&processing, &claimed, slot);
    let stopped = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_PATIENCE).await;
    };
    tokio::pin!(attempt, stopped);
    let ended = loop {
        tokio::select! {
            ended = &mut attempt => break ended,
            // Its thread may go on for a while and keeps its memory; what it makes then finds no
            // lease.
            () = &mut stopped => break processing.queue.release(lease).await,
            () = tokio::time::sleep(RENEW_INTERVAL) => processing.queue.renew(lease).await,
        }
    };
    let ended = match ended {
        Ok(()) => Ok(()),
        Err(error) => judge(&processing, &claimed, error).await,
    };
    if let Err(error) = ended {
        let causes = infra_kernel::Error::from(error).causes();
        tracing::error!(media = %lease.id, causes, "the end of an attempt could not be recorded");
        // Who waits for the photo would wait for the end of the lease.
        tokio::select! {
            () = stop.cancelled() => {}
            () = processing.queue.release_when_possible(lease) => {}
        }
    }
    // There is a worker for what could not begin beside this.
    processing.queue.wake();
}

async fn attempt(
    processing: &Arc<Processing>,
    claimed: &Claimed,
    slot: Slot,
) -> Result<(), MediaError> {
    if copy_duplicate(processing, claimed).await? {
        return Ok(());
    }
    let (made, spent) = make_renditions(processing, claimed, slot).await?;
    let (processing, claimed) = (Arc::clone(processing), claimed.clone());
    // From here on files are written: a stop must not come between them and their rows.
    run_to_completion(async move {
        let keep = async {
            let (processed, slot) = made?;
            let kept = keep_renditions(&processing, &claimed, processed).await;
            // Kept until here: encoded pictures that wait for the store are memory that the budget
            // no longer counts.
            drop(slot);
            kept
        };
        // Beside each other, so that the bill delays nobody and shares the commit.
        let (kept, ()) = tokio::join!(keep, processing.queue.charge(claimed.owner_id, spent));
        kept
    })
    .await
}

/// Makes the item ready with what was made for another of the same account and content, if
/// there is one by now.
async fn copy_duplicate(
    processing: &Arc<Processing>,
    claimed: &Claimed,
) -> Result<bool, MediaError> {
    let (owner, key) = (
        AccountId::from_sql(claimed.owner_id),
        claimed.original_key.clone(),
    );
    let mut connection = processing.database.reader().acquire().await?;
    let duplicate = duplicates::find(&mut connection, owner, &key).await?;
    drop(connection);
    if duplicate.is_none() {
        return Ok(false);
    }
    let (processing, lease) = (Arc::clone(processing), claimed.lease());
    let (event, now) = (ready_event(&processing, claimed), processing.clock.now());
    run_to_completion(async move {
            let taken = processing.database.write(move |connection| {
                Box::pin(async move {
                    // It may have gone since it was looked for.
                    let duplicate = duplicates::find(connection, owner, &key).await?;
                    let Some(duplicate) = duplicate else { return Ok(false) };
                    if queue::mark_ready_as(connection, lease, duplicate).await? {
                        duplicates::copy_files(connection, duplicate, lease.id, now).await?;
                        outbox::append(connection, &event).await?;
                    }
                    // Also when the lease is lost: the attempt is over either way.
                    Ok::<_, MediaError>(true)
                })
            });
            let taken = taken.await?;
            if taken {
                tracing::info!(media = %lease.id, attempts = lease.attempt, "a picture is ready as one before it");
            }
            processing.library.invalidate_with_renditions(lease.id).await?;
            processing.library.publish_processed(lease.id);
            Ok(taken)
        })
        .await
}

/// What was made, or why it was not, and the processor time that it took.
async fn make_renditions(
    processing: &Processing,
    claimed: &Claimed,
    slot: Slot,
) -> Result<(Result<(Processed, Slot), MediaError>, Duration), MediaError> {
    let key: BlobKey = claimed.original_key.parse()?;
    let bytes = claimed.original_bytes.cast_unsigned();
    let pending = Estimate {
        id: claimed.lease().id,
        bytes: claimed.memory_bytes.cast_unsigned(),
    };
    let memory = take_memory(processing, pending, Stored { key, bytes }).await?;
    let original = processing
        .blobs
        .store()
        .read_all_for_work(key, bytes)
        .await?;
    let codecs = Arc::clone(&processing.codecs);
    let time_max = codecs.job_time_max;
    let work = move || {
        let job = codecs.job();
        let before = thread_processor_time();
        let processed = process(&original, &job).map_err(|error| blame(error, &original, key));
        let spent = thread_processor_time().saturating_sub(before);
        // Released here and not by the waiter: that may be gone long before this is done.
        drop((original, memory));
        (processed, spent)
    };
    let started = Instant::now();
    let ran = thread::run(slot, time_max + OVERSTAY_MAX, work).await;
    let ((processed, spent), slot) = match ran {
        Ok(ran) => ran,
        // One that did not come back may have computed all the while.
        Err(error) => return Ok((Err(error), started.elapsed())),
    };
    let made = processed.map(|processed| (with_animation(processed), slot));
    Ok((made, spent))
}

async fn keep_renditions(
    processing: &Processing,
    claimed: &Claimed,
    mut processed: Processed,
) -> Result<(), MediaError> {
    let files = processed.renditions.iter_mut();
    let files = files.map(|rendition| Bytes::from(std::mem::take(&mut rendition.bytes)));
    let (pending, stored) = processing.blobs.put_all(files.collect()).await?;
    let stored = match stored {
        Ok(stored) => stored,
        Err(error) => {
            processing.blobs.abandon(pending, Some(&error)).await;
            return Err(error);
        }
    };
    commit_ready(processing, claimed, processed, stored, pending).await
}

async fn commit_ready(
    processing: &Processing,
    claimed: &Claimed,
    processed: Processed,
    stored: Vec<Stored>,
    pending: PendingBlobs,
) -> Result<(), MediaError> {
    let (lease, event, now) = (
        claimed.lease(),
        ready_event(processing, claimed),
        processing.clock.now(),
    );
    let (settled, wanted) = (
        pending.clone(),
        !processing.alternate_encodings().is_empty(),
    );
    let keys: Vec<BlobKey> = stored.iter().map(|stored| stored.key).collect();
    let kept = processing
        .database
        .write(move |connection| {
            Box::pin(async move {
                if !queue::mark_ready(connection, lease, &made(&processed)).await? {
                    return Ok(false);
                }
                for (position, (rendition, stored)) in
                    (0..).zip(processed.renditions.iter().zip(stored))
                {
                    renditions::insert(connection, lease.id, position, rendition, stored).await?;
                }
                if wanted {
                    alternates::enqueue(connection, lease.id, now).await?;
                }
                blobs::settle(connection, &settled).await?;
                outbox::append(connection, &event).await?;
                Ok(true)
            })
        })
        .await;
    // Deleted or leased to another in the meantime, or not committed.
    if !matches!(kept, Ok(true)) {
        let blobs = &processing.blobs;
        blobs.abandon(pending, kept.as_ref().err()).await;
    }
    if matches!(kept, Ok(true)) {
        tracing::info!(media = %lease.id, attempts = lease.attempt, "a picture is ready");
    }
    if kept.is_ok() {
        // Another item may have had the same renditions before, and not have been open.
        processing.library.invalidate(&[], &keys);
        processing.library.publish_processed(lease.id);
    }
    kept.map(|_| ())
}

/// What was made of a file, with the moving picture as the last of its renditions.
pub(crate) fn with_animation(mut processed: Processed) -> Processed {
    let animation = processed.animation.take().map(as_rendition);
    processed.renditions.extend(animation);
    processed
}

fn as_rendition(animation: EncodedAnimation) -> EncodedRendition {
    EncodedRendition {
        name: renditions::ANIMATION,
        width: animation.width,
        height: animation.height,
        content_type: animation.content_type,
        bytes: animation.bytes,
    }
}

/// The notice that an item which nobody's request waits for is ready.
fn ready_event(processing: &Processing, claimed: &Claimed) -> Event {
    let context = Context::system(claimed.correlation_id(), EVENT_BUDGET);
    let owner = AccountId::from_sql(claimed.owner_id);
    events::ready(&context, &processing.ids, claimed.lease().id, owner)
}

fn made(processed: &Processed) -> Made<'_> {
    Made {
        width: processed.width,
        height: processed.height,
        blurhash: &processed.blurhash,
        dominant_color: &processed.dominant_color,
        camera: camera::write(processed.camera.as_ref()),
    }
}
