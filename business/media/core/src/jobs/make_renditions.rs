//! Makes the renditions of an item that was leased to this process.
//!
//! An attempt ends in one of four ways, each of them one transaction that holds only while the item
//! is still leased to the attempt: ready, paused until it is retried, failed, or released because
//! the process stops.

use std::sync::Arc;
use std::time::{Duration, Instant};

use business_media_codec::{EncodedAnimation, EncodedRendition, Job, Processed, process};
use business_media_gateway::{MediaFailed, MediaReady, topics};
use bytes::Bytes;
use infra_blob::{BlobKey, Stored};
use infra_bus::{Event, outbox};
use infra_kernel::{AccountId, Context};
use infra_resilience::thread_processor_time;
use tokio_util::sync::CancellationToken;

use crate::blobs::{self, PendingBlobs};
use crate::error::MediaError;
use crate::jobs::estimate::{Estimate, blame};
use crate::jobs::thread;
use crate::jobs::verdict::{self, FailureVerdict};
use crate::queue::{LEASE, RENEW_INTERVAL, Slot};
use crate::store::queue::{self, Claimed, Failure, Lease, Made};
use crate::store::{alternates, camera, duplicates, renditions};
use crate::{Core, run_to_completion};

/// How long an attempt may continue when the process is asked to stop; most are done by then.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How far beyond its deadline a thread may be before it is given up: a step between two looks at
/// the clock takes less.
pub(crate) const OVERSTAY_MAX: Duration = Duration::from_secs(20);
/// How long the notice of an end may take.
const EVENT_BUDGET: Duration = Duration::from_secs(60);

impl Core {
    /// One attempt, from its lease to its end.
    pub(crate) async fn work_on(
        self: Arc<Self>,
        claimed: Claimed,
        slot: Slot,
        stop: CancellationToken,
    ) {
        let lease = claimed.lease();
        let attempt = self.attempt(&claimed, slot);
        let stopped = async {
            stop.cancelled().await;
            tokio::time::sleep(STOP_PATIENCE).await;
        };
        tokio::pin!(attempt, stopped);
        let ended = loop {
            tokio::select! {
                ended = &mut attempt => break ended,
                () = &mut stopped => break self.release_lease(lease).await,
                () = tokio::time::sleep(RENEW_INTERVAL) => self.renew(lease).await,
            }
        };
        let ended = match ended {
            Ok(()) => Ok(()),
            Err(error) => self.judge(&claimed, error).await,
        };
        if let Err(error) = ended {
            // The lease runs out by itself, and the item is retried.
            let causes = infra_kernel::Error::from(error).causes();
            tracing::error!(media = %lease.id, causes, "the end of an attempt could not be recorded");
        }
        // There is a worker for what could not begin beside this.
        self.queue.wake();
    }

    async fn attempt(self: &Arc<Self>, claimed: &Claimed, slot: Slot) -> Result<(), MediaError> {
        if self.copy_duplicate(claimed).await? {
            return Ok(());
        }
        let (made, spent) = self.make_renditions(claimed, slot).await?;
        let (core, claimed) = (Arc::clone(self), claimed.clone());
        run_to_completion(async move {
            let keep = async {
                let (processed, slot) = made?;
                let kept = core.keep_renditions(&claimed, processed).await;
                drop(slot);
                kept
            };
            // Beside each other, so that the bill delays nobody and shares the commit.
            let (kept, ()) = tokio::join!(keep, core.charge(claimed.owner_id, spent));
            kept
        })
        .await
    }

    async fn renew(&self, lease: Lease) {
        let until = self.clock.now().plus(LEASE);
        let renewed = self
            .database
            .write(move |connection| {
                Box::pin(async move { queue::renew(connection, lease, until).await })
            })
            .await;
        match renewed {
            Ok(true) => {}
            // What it makes will not be kept; it is left to end by itself.
            Ok(false) => tracing::warn!(media = %lease.id, "an item at work is leased to another"),
            Err(error) => tracing::warn!(media = %lease.id, %error, "a lease was not renewed"),
        }
    }

    async fn release_lease(self: &Arc<Self>, lease: Lease) -> Result<(), MediaError> {
        self.write_then(
            move |connection| {
                Box::pin(async move { queue::release_lease(connection, lease).await })
            },
            move |core, _| core.caches.invalidate(&[lease.id], &[]),
        )
        .await?;
        Ok(())
    }

    /// Makes the item ready with what was made for another of the same account and content, if
    /// there is one by now.
    async fn copy_duplicate(self: &Arc<Self>, claimed: &Claimed) -> Result<bool, MediaError> {
        let (owner, key) = (
            AccountId::from_sql(claimed.owner_id),
            claimed.original_key.clone(),
        );
        let mut connection = self.database.reader().acquire().await?;
        let duplicate = duplicates::find(&mut connection, owner, &key).await?;
        drop(connection);
        if duplicate.is_none() {
            return Ok(false);
        }
        let (core, lease) = (Arc::clone(self), claimed.lease());
        let (event, now) = (self.ready_event(claimed), self.clock.now());
        run_to_completion(async move {
            let taken = core.database.write(move |connection| {
                Box::pin(async move {
                    // It may have gone since it was looked for.
                    let duplicate = duplicates::find(connection, owner, &key).await?;
                    let Some(duplicate) = duplicate else { return Ok(false) };
                    if queue::mark_ready_as(connection, lease, duplicate).await? {
                        duplicates::copy_files(connection, duplicate, lease.id, now).await?;
                        outbox::append(connection, &event).await?;
                    }
                    Ok::<_, MediaError>(true)
                })
            });
            let taken = taken.await?;
            if taken {
                tracing::info!(media = %lease.id, attempts = lease.attempt, "a picture is ready as one before it");
            }
            core.forget_renditions(lease.id).await?;
            core.publish_processed(lease.id);
            Ok(taken)
        })
        .await
    }

    /// What was made, or why it was not, and the processor time that it took.
    async fn make_renditions(
        &self,
        claimed: &Claimed,
        slot: Slot,
    ) -> Result<(Result<(Processed, Slot), MediaError>, Duration), MediaError> {
        let key: BlobKey = claimed.original_key.parse()?;
        let bytes = claimed.original_bytes.cast_unsigned();
        let pending = Estimate {
            id: claimed.lease().id,
            bytes: claimed.memory_bytes.cast_unsigned(),
        };
        let memory = self.take_memory(pending, Stored { key, bytes }).await?;
        let original = self.blobs.store.read_all_for_work(key, bytes).await?;
        let (limits, ladder) = (self.settings.limits(), self.ladder.clone());
        let external_codecs = self.external_codecs.clone();
        let time_max = self.settings.job_time_max();
        let work = move || {
            let job = Job {
                external_codecs: external_codecs.as_deref(),
                deadline: Instant::now() + time_max,
                ..Job::new(&limits, &ladder)
            };
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
        let with_animation = |mut processed: Processed| {
            let animation = processed.animation.take().map(as_rendition);
            processed.renditions.extend(animation);
            (processed, slot)
        };
        Ok((processed.map(with_animation), spent))
    }

    async fn keep_renditions(
        &self,
        claimed: &Claimed,
        processed: Processed,
    ) -> Result<(), MediaError> {
        let mut keys: Vec<BlobKey> = processed
            .renditions
            .iter()
            .map(|rendition| BlobKey::of(&rendition.bytes))
            .collect();
        keys.dedup();
        let pending = self.blobs.note(&keys).await?;
        let stored = match self.put_renditions(&processed).await {
            Ok(stored) => stored,
            Err(error) => {
                self.blobs.abandon(pending).await;
                return Err(error);
            }
        };
        self.commit_ready(claimed, processed, stored, pending).await
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
        claimed: &Claimed,
        processed: Processed,
        stored: Vec<Stored>,
        pending: PendingBlobs,
    ) -> Result<(), MediaError> {
        let (lease, event, now) = (claimed.lease(), self.ready_event(claimed), self.clock.now());
        let (settled, wanted) = (pending.clone(), !self.alternate_encodings().is_empty());
        let keys: Vec<BlobKey> = stored.iter().map(|stored| stored.key).collect();
        let kept = self
            .database
            .write(move |connection| {
                Box::pin(async move {
                    if !queue::mark_ready(connection, lease, &made(&processed)).await? {
                        return Ok(false);
                    }
                    for (position, (rendition, stored)) in
                        (0..).zip(processed.renditions.iter().zip(stored))
                    {
                        renditions::insert(connection, lease.id, position, rendition, stored)
                            .await?;
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
            self.blobs.abandon(pending).await;
        }
        if matches!(kept, Ok(true)) {
            tracing::info!(media = %lease.id, attempts = lease.attempt, "a picture is ready");
        }
        if kept.is_ok() {
            // Another item may have had the same renditions before, and not have been open.
            self.caches.invalidate(&[], &keys);
            self.publish_processed(lease.id);
        }
        kept.map(|_| ())
    }

    fn ready_event(&self, claimed: &Claimed) -> Event {
        let id = claimed.lease().id.get();
        let message = MediaReady {
            media_id: id,
            owner_id: claimed.owner_id.cast_unsigned(),
        };
        let context = Context::system(claimed.correlation_id(), EVENT_BUDGET);
        Event::new(&context, &self.ids, topics::READY, id, &message)
    }

    async fn judge(
        self: &Arc<Self>,
        claimed: &Claimed,
        error: MediaError,
    ) -> Result<(), MediaError> {
        let verdict = verdict::on(error, claimed.tries(), rand::random());
        self.follow(claimed, verdict).await
    }

    /// Does what a verdict says, if the item is still leased to the attempt that it is on.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        claimed: &Claimed,
        verdict: FailureVerdict,
    ) -> Result<(), MediaError> {
        let (core, claimed) = (Arc::clone(self), claimed.clone());
        run_to_completion(async move {
            let lease = claimed.lease();
            match verdict {
                FailureVerdict::Again {
                    pause,
                    cause,
                    infra_failure,
                } => core.pause(lease, pause, (cause, infra_failure)).await?,
                FailureVerdict::GiveUp(failure) => core.give_up_on(&claimed, failure).await?,
            }
            core.publish_processed(lease.id);
            Ok(())
        })
        .await
    }

    async fn pause(
        &self,
        lease: Lease,
        pause: Duration,
        (cause, infra_failure): (String, bool),
    ) -> Result<(), MediaError> {
        tracing::warn!(media = %lease.id, attempts = lease.attempt, cause, "a picture is tried again later");
        let next = match pause {
            Duration::ZERO => infra_kernel::Timestamp::from_microseconds(0),
            pause => self.clock.now().plus(pause),
        };
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    queue::pause(connection, lease, next, (&cause, infra_failure)).await
                })
            })
            .await?;
        self.queue.wake();
        Ok(())
    }

    /// The row tells its owner why, and keeps the original for someone who looks into it, until its
    /// time is over.
    async fn give_up_on(&self, claimed: &Claimed, failure: Failure) -> Result<(), MediaError> {
        let lease = claimed.lease();
        let (code, cause) = (failure.code, failure.cause.as_str());
        tracing::info!(media = %lease.id, attempts = lease.attempt, code, cause, "a picture is quarantined");
        let message = MediaFailed {
            media_id: lease.id.get(),
            owner_id: claimed.owner_id.cast_unsigned(),
            reason: failure.sentence.clone(),
        };
        let context = Context::system(claimed.correlation_id(), EVENT_BUDGET);
        let event = Event::new(
            &context,
            &self.ids,
            topics::FAILED,
            lease.id.get(),
            &message,
        );
        let now = self.clock.now();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    if queue::mark_failed(connection, lease, &failure, now).await? {
                        outbox::append(connection, &event).await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// The moving picture stands last among the files of its item.
pub(crate) fn as_rendition(animation: EncodedAnimation) -> EncodedRendition {
    EncodedRendition {
        name: renditions::ANIMATION,
        width: animation.width,
        height: animation.height,
        content_type: animation.content_type,
        bytes: animation.bytes,
    }
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
