//! Makes the smaller forms of a ready item's renditions, when nothing else waits.
//!
//! Nobody waits for them: until they are there, and when they cannot be made, the renditions are
//! served as they are.

use std::sync::Arc;
use std::time::Duration;

use business_media_codec::{Alternates, CodecError, Encoding, Job, process_alternates};
use bytes::Bytes;
use infra_blob::{BlobKey, Stored};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::blobs::{self, PendingBlobs};
use crate::error::MediaError;
use crate::processing::Processing;
use crate::processing::encoder_memory::{
    alternates_memory_bytes, drop_what_lacks_memory, encoder_memory,
};
use crate::processing::make_renditions::{OVERSTAY_MAX, STOP_PATIENCE};
use crate::processing::thread;
use crate::processing::verdict::{self, FailureVerdict};
use crate::queue::places::Slot;
use crate::store::alternates::{self, ClaimedJob};
use crate::store::{duplicates, renditions};
use crate::tasks::run_to_completion;

/// How long a job is nobody else's, beyond what it may take.
const LEASE_MARGIN: Duration = Duration::from_secs(120);
/// How long a job waits for memory that others use, before it is looked at again.
const MEMORY_PAUSE: Duration = Duration::from_secs(2);

/// Takes the item whose turn it is to have its alternates made, if none is at work already.
pub(crate) async fn claim_alternates(
    processing: &Processing,
) -> Result<Option<(ClaimedJob, Slot)>, MediaError> {
    let Some(slot) = processing.queue.places().alternates_slot() else {
        return Ok(None);
    };
    if !processing.queue.any_alternates_due().await? {
        return Ok(None);
    }
    // Room that is short is kept for what people send; these forms can wait.
    if processing.blobs.store().require_room(0).await.is_err() {
        return Ok(None);
    }
    // It is not renewed, unlike that of an item: so it is as long as the work may take at all.
    let lease = processing.codecs.job_time_max + OVERSTAY_MAX + LEASE_MARGIN;
    let job = processing.queue.claim_alternates(lease).await?;
    Ok(job.map(|job| (job, slot)))
}

/// One attempt, from its lease to its end.
pub(crate) async fn work_on_alternates(
    processing: Arc<Processing>,
    job: ClaimedJob,
    slot: Slot,
    stop: CancellationToken,
) {
    let stopped = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_PATIENCE).await;
    };
    let ended = tokio::select! {
        ended = attempt_alternates(&processing, &job, slot) => ended,
        // Not counted: that the process stops says nothing of the item.
        () = stopped => pause_alternates(&processing, &job, Duration::ZERO, false).await,
    };
    let ended = match ended {
        Ok(()) => Ok(()),
        Err(error) => judge_alternates(&processing, &job, error).await,
    };
    // The job is taken back when its lease has run out.
    if let Err(error) = ended {
        let causes = infra_kernel::Error::from(error).causes();
        tracing::warn!(media = %job.id(), causes, "the end of work on alternates could not be recorded");
    }
    processing.queue.wake();
}

async fn attempt_alternates(
    processing: &Arc<Processing>,
    job: &ClaimedJob,
    slot: Slot,
) -> Result<(), MediaError> {
    let wanted = processing.alternate_encodings();
    let mut encodings = wanted.clone();
    // What was made before is kept.
    encodings.retain(|form| job.alternates_tried & alternates::bits(&[*form]) == 0);
    if encodings.is_empty() {
        // Another attempt, or another version of this program, has made them all.
        return finish_alternates(processing, job).await;
    }
    if copy_alternates(processing, job, alternates::bits(&wanted)).await? {
        return Ok(());
    }
    let lacking = drop_what_lacks_memory(processing, job, &mut encodings);
    if let (Some(cause), true) = (&lacking, encodings.is_empty()) {
        return give_up_alternates(processing, job, cause.clone()).await;
    }
    let memory = alternates_memory_bytes(processing, job, &encodings);
    // Never in line for it: these forms delay no photo.
    let Some(memory) = processing.budget.try_take(memory) else {
        return pause_alternates(processing, job, MEMORY_PAUSE, false).await;
    };
    let made_now = alternates::bits(&encodings);
    let (made, slot) = make_alternates(processing, job, slot, memory, encodings).await?;
    let (processing, job, ended) = (
        Arc::clone(processing),
        job.clone(),
        Ended::of(&made, made_now, job.attempts)?.or_without(lacking),
    );
    run_to_completion(async move {
        let kept = keep_alternates(&processing, job, made, ended).await;
        drop(slot);
        kept
    })
    .await
}

async fn make_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    slot: Slot,
    memory: OwnedSemaphorePermit,
    encodings: Vec<Encoding>,
) -> Result<(Alternates, Slot), MediaError> {
    let key: BlobKey = job.original_key.parse()?;
    let original_bytes = job.original_bytes.cast_unsigned();
    let original = processing
        .blobs
        .store()
        .read_all_for_work(key, original_bytes)
        .await?;
    let jpegs = renditions::sizes(&processing.database, job.id()).await?;
    let codecs = Arc::clone(&processing.codecs);
    let (time_max, encoder_memory) = (codecs.job_time_max, encoder_memory(processing, job));
    let work = move || {
        let job = Job {
            encoder_memory,
            ..codecs.job()
        };
        let jpegs: Vec<(&str, u64)> = jpegs.iter().map(|(name, size)| (&**name, *size)).collect();
        let made: Result<Alternates, CodecError> =
            process_alternates(&original, &job, &encodings, &jpegs);
        // As for renditions: released when the thread ends.
        drop((original, memory));
        made
    };
    let (made, slot) = thread::run(slot, time_max + OVERSTAY_MAX, work).await?;
    Ok((made?, slot))
}

/// Ends the work with what was made for another item of the same account and content, if there
/// is any by now.
async fn copy_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    bits: i64,
) -> Result<bool, MediaError> {
    let mut connection = processing.database.reader().acquire().await?;
    let (id, job) = (job.id(), job.clone());
    let duplicate = duplicates::find_with_alternates(&mut connection, id, bits).await?;
    // Not held while the write waits for its turn: readers are few.
    drop(connection);
    if duplicate.is_none() {
        return Ok(false);
    }
    let copied = processing
        .database
        .write(move |connection| {
            Box::pin(async move {
                // It may have gone since it was looked for; and so may the item itself.
                let duplicate = duplicates::find_with_alternates(connection, id, bits).await?;
                let Some(duplicate) = duplicate else {
                    return Ok(false);
                };
                if alternates::finish(connection, &job).await? {
                    duplicates::copy_alternates(connection, duplicate, id).await?;
                    alternates::mark_tried(connection, id, bits).await?;
                }
                // Also when the job is another's by now: for this attempt nothing is left to do.
                Ok::<_, MediaError>(true)
            })
        })
        .await?;
    processing.library.invalidate_with_renditions(id).await?;
    Ok(copied)
}

async fn keep_alternates(
    processing: &Processing,
    job: ClaimedJob,
    Alternates { made, .. }: Alternates,
    ended: Ended,
) -> Result<(), MediaError> {
    let names: Vec<(&str, &str)> = made
        .iter()
        .map(|form| (form.name, form.encoding.content_type()))
        .collect();
    let files = made.into_iter().map(|form| Bytes::from(form.bytes));
    let (pending, stored) = processing.blobs.put_all(files.collect()).await?;
    let kept = match stored {
        Ok(stored) => {
            let stored = names.into_iter().zip(stored).collect();
            commit_alternates(processing, &job, stored, ended, pending.clone()).await
        }
        Err(error) => Err(error),
    };
    // The item is gone, or another has done it, or it was not committed.
    if !matches!(kept, Ok(true)) {
        let blobs = &processing.blobs;
        blobs.abandon(pending, kept.as_ref().err()).await;
    }
    kept.map(|_| ())
}

async fn commit_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    stored: Vec<((&'static str, &'static str), Stored)>,
    ended: Ended,
    pending: PendingBlobs,
) -> Result<bool, MediaError> {
    let (job, id, now) = (job.clone(), job.id(), processing.clock.now());
    let kept = processing
        .database
        .write(move |connection| {
            Box::pin(async move {
                // First whether the job is still this attempt's: rows may follow only then.
                let was_ours = match &ended.refused {
                    None => alternates::finish(connection, &job).await?,
                    Some(cause) => alternates::give_up(connection, &job, cause, now).await?,
                };
                if !was_ours {
                    return Ok(false);
                }
                for (name, stored) in stored {
                    alternates::insert(connection, id, name, stored).await?;
                }
                alternates::mark_tried(connection, id, ended.bits).await?;
                blobs::settle(connection, &pending).await?;
                Ok::<_, MediaError>(true)
            })
        })
        .await?;
    processing.library.invalidate_with_renditions(id).await?;
    Ok(kept)
}

async fn finish_alternates(processing: &Processing, job: &ClaimedJob) -> Result<(), MediaError> {
    let (id, job) = (job.id(), job.clone());
    processing
        .database
        .write(move |connection| {
            Box::pin(async move { alternates::finish(connection, &job).await })
        })
        .await?;
    processing.library.invalidate_with_renditions(id).await
}

async fn pause_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    pause: Duration,
    counted: bool,
) -> Result<(), MediaError> {
    let (job, until) = (job.clone(), processing.clock.now().plus(pause));
    processing
        .database
        .write(move |connection| {
            Box::pin(async move { alternates::pause(connection, &job, until, counted).await })
        })
        .await
}

async fn judge_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    error: MediaError,
) -> Result<(), MediaError> {
    let verdict = verdict::on(error, job.tries(), rand::random());
    follow_for_alternates(processing, job, verdict).await
}

/// Does what a verdict says, if the work on the item is still the attempt's that it is on.
pub(crate) async fn follow_for_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    verdict: FailureVerdict,
) -> Result<(), MediaError> {
    let (id, attempts) = (job.id(), job.attempts);
    match verdict {
        FailureVerdict::Again { pause, cause, .. } => {
            tracing::info!(media = %id, attempts, cause, "alternates are tried again later");
            pause_alternates(processing, job, pause, true).await
        }
        FailureVerdict::GiveUp(failure) => {
            tracing::warn!(media = %id, attempts, cause = failure.cause, "alternates are not made");
            give_up_alternates(processing, job, failure.cause).await
        }
    }
}

async fn give_up_alternates(
    processing: &Processing,
    job: &ClaimedJob,
    cause: String,
) -> Result<(), MediaError> {
    let (id, job, now) = (job.id(), job.clone(), processing.clock.now());
    processing
        .database
        .write(move |connection| {
            Box::pin(async move { alternates::give_up(connection, &job, &cause, now).await })
        })
        .await?;
    processing.library.invalidate_with_renditions(id).await
}

/// How work on alternates ended that came to its end.
struct Ended {
    /// The forms that were made, as [`alternates::bits`], whether or not they were worth keeping.
    bits: i64,
    /// Why there will be no others, where an encoder refused one.
    refused: Option<String>,
}

impl Ended {
    /// The same where forms were left out before, if that is why.
    fn or_without(mut self, lacking: Option<String>) -> Self {
        self.refused = self.refused.or(lacking);
        self
    }

    /// What an encoder refused is retried, with all the rest; when that was the last time, it is
    /// done without.
    fn of(made: &Alternates, bits: i64, attempts: i64) -> Result<Self, MediaError> {
        let Some((_, error)) = made.refused.first() else {
            return Ok(Self {
                bits,
                refused: None,
            });
        };
        if attempts < verdict::REFUSALS_MAX {
            return Err(error.clone().into());
        }
        let refused: Vec<Encoding> = made.refused.iter().map(|(form, _)| *form).collect();
        tracing::warn!(
            ?refused,
            attempts,
            cause = error.cause(),
            "forms are done without"
        );
        Ok(Self {
            bits: bits & !alternates::bits(&refused),
            refused: Some(error.cause().to_owned()),
        })
    }
}
