//! Makes the smaller forms of a ready item's renditions, when nothing else waits.
//!
//! Nobody waits for them: until they are there, and when they cannot be made, the renditions are
//! served as they are.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use business_media_codec::{Alternates, CodecError, Encoding, Job, process_alternates};
use bytes::Bytes;
use infra_blob::{BlobKey, Stored};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::blobs::{self, PendingBlobs};
use crate::error::MediaError;
use crate::jobs::make_renditions::{OVERSTAY_MAX, STOP_PATIENCE};
use crate::jobs::thread;
use crate::jobs::verdict::{self, FailureVerdict};
use crate::queue::Slot;
use crate::store::alternates::{self, ClaimedJob};
use crate::store::{duplicates, renditions};
use crate::{Core, run_to_completion};

/// How long a job is nobody else's, beyond what it may take.
const LEASE_MARGIN: Duration = Duration::from_secs(120);
/// How long a job waits for memory that others use, before it is looked at again.
const MEMORY_PAUSE: Duration = Duration::from_secs(2);

impl Core {
    /// The forms that are wanted and can be written here.
    pub(crate) fn alternate_encodings(&self) -> Vec<Encoding> {
        let Some(external_codecs) = &self.external_codecs else {
            return Vec::new();
        };
        let writes = external_codecs.writes();
        let wanted = self
            .settings
            .alternates
            .iter()
            .map(|form| Encoding::from(*form));
        wanted
            .filter(|encoding| writes.contains(encoding))
            .collect()
    }

    /// Takes the item whose turn it is to have its alternates made, if none is at work already.
    pub(crate) async fn claim_alternates(&self) -> Result<Option<(ClaimedJob, Slot)>, MediaError> {
        let Some(slot) = self.queue.alternates_slot() else {
            return Ok(None);
        };
        let turn = (
            self.queue.run,
            self.queue.alternated.load(Ordering::Relaxed),
        );
        let now = self.clock.now();
        let mut connection = self.database.reader().acquire().await?;
        let due = alternates::is_any_due(&mut connection, now).await?;
        drop(connection);
        if !due {
            return Ok(None);
        }
        // Room that is short is kept for what people send; these forms can wait.
        if self.blobs.store.require_room(0).await.is_err() {
            return Ok(None);
        }
        let until = now.plus(self.settings.job_time_max() + OVERSTAY_MAX + LEASE_MARGIN);
        let job = self
            .database
            .write(move |connection| {
                Box::pin(async move { alternates::claim(connection, turn, now, until).await })
            })
            .await?;
        if let Some(job) = &job {
            self.queue.alternated.store(job.owner_id, Ordering::Relaxed);
        }
        Ok(job.map(|job| (job, slot)))
    }

    /// One attempt, from its lease to its end.
    pub(crate) async fn work_on_alternates(
        self: Arc<Self>,
        job: ClaimedJob,
        slot: Slot,
        stop: CancellationToken,
    ) {
        let stopped = async {
            stop.cancelled().await;
            tokio::time::sleep(STOP_PATIENCE).await;
        };
        let ended = tokio::select! {
            ended = self.attempt_alternates(&job, slot) => ended,
            () = stopped => self.pause_alternates(&job, Duration::ZERO, false).await,
        };
        let ended = match ended {
            Ok(()) => Ok(()),
            Err(error) => self.judge_alternates(&job, error).await,
        };
        if let Err(error) = ended {
            let causes = infra_kernel::Error::from(error).causes();
            tracing::warn!(media = %job.id(), causes, "the end of work on alternates could not be recorded");
        }
        self.queue.wake();
    }

    async fn attempt_alternates(
        self: &Arc<Self>,
        job: &ClaimedJob,
        slot: Slot,
    ) -> Result<(), MediaError> {
        let wanted = self.alternate_encodings();
        let mut encodings = wanted.clone();
        // What was made before is kept.
        encodings.retain(|form| job.alternates_tried & alternates::bits(&[*form]) == 0);
        if encodings.is_empty() {
            return self.finish_alternates(job).await;
        }
        if self.copy_alternates(job, alternates::bits(&wanted)).await? {
            return Ok(());
        }
        let lacking = self.drop_what_lacks_memory(job, &mut encodings);
        if let (Some(cause), true) = (&lacking, encodings.is_empty()) {
            return self.give_up_alternates(job, cause.clone()).await;
        }
        let memory = self.alternates_memory_bytes(job, &encodings);
        let Some(memory) = self.budget.try_take(memory) else {
            return self.pause_alternates(job, MEMORY_PAUSE, false).await;
        };
        let made_now = alternates::bits(&encodings);
        let (made, slot) = self.make_alternates(job, slot, memory, encodings).await?;
        let (core, job, ended) = (
            Arc::clone(self),
            job.clone(),
            Ended::of(&made, made_now, job.attempts)?.or_without(lacking),
        );
        run_to_completion(async move {
            let kept = core.keep_alternates(job, made, ended).await;
            drop(slot);
            kept
        })
        .await
    }

    async fn make_alternates(
        &self,
        job: &ClaimedJob,
        slot: Slot,
        memory: OwnedSemaphorePermit,
        encodings: Vec<Encoding>,
    ) -> Result<(Alternates, Slot), MediaError> {
        let key: BlobKey = job.original_key.parse()?;
        let original_bytes = job.original_bytes.cast_unsigned();
        let original = self
            .blobs
            .store
            .read_all_for_work(key, original_bytes)
            .await?;
        let jpegs = renditions::sizes(&self.database, job.id()).await?;
        let (limits, ladder) = (self.settings.limits(), self.ladder.clone());
        let (external_codecs, time_max) =
            (self.external_codecs.clone(), self.settings.job_time_max());
        let encoder_memory = self.encoder_memory(job);
        let work = move || {
            let job = Job {
                external_codecs: external_codecs.as_deref(),
                encoder_memory,
                deadline: Instant::now() + time_max,
                ..Job::new(&limits, &ladder)
            };
            let jpegs: Vec<(&str, u64)> =
                jpegs.iter().map(|(name, size)| (&**name, *size)).collect();
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
    async fn copy_alternates(&self, job: &ClaimedJob, bits: i64) -> Result<bool, MediaError> {
        let mut connection = self.database.reader().acquire().await?;
        let (id, job) = (job.id(), job.clone());
        let duplicate = duplicates::find_with_alternates(&mut connection, id, bits).await?;
        drop(connection);
        if duplicate.is_none() {
            return Ok(false);
        }
        let copied = self
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
                    Ok::<_, MediaError>(true)
                })
            })
            .await?;
        self.forget_renditions(id).await?;
        Ok(copied)
    }

    async fn keep_alternates(
        &self,
        job: ClaimedJob,
        Alternates { made, .. }: Alternates,
        ended: Ended,
    ) -> Result<(), MediaError> {
        let keys: HashSet<BlobKey> = made.iter().map(|form| BlobKey::of(&form.bytes)).collect();
        let pending = self.blobs.note(&Vec::from_iter(keys)).await?;
        let mut stored = Vec::with_capacity(made.len());
        for form in made {
            let name = (form.name, form.encoding.content_type());
            match self.blobs.store.put(Bytes::from(form.bytes)).await {
                Ok(put) => stored.push((name, put)),
                Err(error) => {
                    self.blobs.abandon(pending).await;
                    return Err(error.into());
                }
            }
        }
        let kept = self
            .commit_alternates(&job, stored, ended, pending.clone())
            .await;
        // The item is gone, or another has done it, or it was not committed.
        if !matches!(kept, Ok(true)) {
            self.blobs.abandon(pending).await;
        }
        kept.map(|_| ())
    }

    async fn commit_alternates(
        &self,
        job: &ClaimedJob,
        stored: Vec<((&'static str, &'static str), Stored)>,
        ended: Ended,
        pending: PendingBlobs,
    ) -> Result<bool, MediaError> {
        let (job, id, now) = (job.clone(), job.id(), self.clock.now());
        let kept = self
            .database
            .write(move |connection| {
                Box::pin(async move {
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
        self.forget_renditions(id).await?;
        Ok(kept)
    }

    /// What is cached of the renditions may say that there is no other form of them, or that no
    /// open item has them.
    pub(crate) async fn forget_renditions(
        &self,
        id: business_media_gateway::MediaId,
    ) -> Result<(), MediaError> {
        let keys = renditions::keys(&self.database, id).await?;
        self.caches.invalidate(&[id], &keys);
        Ok(())
    }

    async fn finish_alternates(&self, job: &ClaimedJob) -> Result<(), MediaError> {
        let (id, job) = (job.id(), job.clone());
        self.database
            .write(move |connection| {
                Box::pin(async move { alternates::finish(connection, &job).await })
            })
            .await?;
        self.forget_renditions(id).await
    }

    async fn pause_alternates(
        &self,
        job: &ClaimedJob,
        pause: Duration,
        counted: bool,
    ) -> Result<(), MediaError> {
        let (job, until) = (job.clone(), self.clock.now().plus(pause));
        self.database
            .write(move |connection| {
                Box::pin(async move { alternates::pause(connection, &job, until, counted).await })
            })
            .await
    }

    async fn judge_alternates(
        &self,
        job: &ClaimedJob,
        error: MediaError,
    ) -> Result<(), MediaError> {
        let verdict = verdict::on(error, job.tries(), rand::random());
        self.follow_for_alternates(job, verdict).await
    }

    /// Does what a verdict says, if the work on the item is still the attempt's that it is on.
    pub(crate) async fn follow_for_alternates(
        &self,
        job: &ClaimedJob,
        verdict: FailureVerdict,
    ) -> Result<(), MediaError> {
        let (id, attempts) = (job.id(), job.attempts);
        match verdict {
            FailureVerdict::Again { pause, cause, .. } => {
                tracing::info!(media = %id, attempts, cause, "alternates are tried again later");
                self.pause_alternates(job, pause, true).await
            }
            FailureVerdict::GiveUp(failure) => {
                tracing::warn!(media = %id, attempts, cause = failure.cause, "alternates are not made");
                self.give_up_alternates(job, failure.cause).await
            }
        }
    }

    async fn give_up_alternates(&self, job: &ClaimedJob, cause: String) -> Result<(), MediaError> {
        let (id, job, now) = (job.id(), job.clone(), self.clock.now());
        self.database
            .write(move |connection| {
                Box::pin(async move { alternates::give_up(connection, &job, &cause, now).await })
            })
            .await?;
        self.forget_renditions(id).await
    }
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
