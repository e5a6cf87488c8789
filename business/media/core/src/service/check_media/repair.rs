//! Makes an item whole again as far as what is left of it allows.

use std::sync::Arc;
use std::time::Instant;

use business_media_codec::{EncodedRendition, Job, Processed, process};
use business_media_gateway::{MediaFailed, MediaReady, MediaState, topics};
use bytes::Bytes;
use infra_blob::{BlobError, BlobKey, Stored};
use infra_bus::{Event, outbox};
use infra_kernel::{Error, ErrorCode};

use super::Check;
use super::scan::{Condition, ScanResult};
use crate::blobs::{self, PendingBlobs};
use crate::error::MediaError;
use crate::jobs::estimate::Estimate;
use crate::jobs::make_renditions::as_rendition;
use crate::run_to_completion;
use crate::store::inspection::{self, Inspected, ItemRow};
use crate::store::{alternates, blob_rows, renditions};

/// What the owner is told of a photo of which nothing is left.
const LOST: &str = "The files of this photo were lost on this server. Please upload it again.";

/// So many files are asked whether the store is there.
const WITNESSES: usize = 20;

/// What was done about an item.
#[derive(Debug, Default)]
pub(super) struct RepairOutcome {
    /// Nothing was left of it.
    pub(super) gave_up: bool,
    /// The loss of its original was recorded, or its return.
    pub(super) original: bool,
    /// The names of renditions that were made again, and of an animation that is done without.
    pub(super) renditions: Vec<String>,
    /// Other forms of renditions were released.
    pub(super) alternates: bool,
}

impl RepairOutcome {
    pub(super) const fn about_original(&self) -> &'static str {
        match (self.gave_up, self.original) {
            (true, _) => " Nothing is left of it; it is marked as lost.",
            (_, true) => " Its renditions are served as before.",
            _ => "",
        }
    }

    /// Whether something was done about a rendition, and what.
    pub(super) fn about_rendition(&self, name: &str) -> (bool, &'static str) {
        let repaired_item = self
            .renditions
            .iter()
            .any(|repaired_item| repaired_item == name);
        match (self.gave_up, repaired_item) {
            (true, _) => (true, " Nothing is left of the photo; it is marked as lost."),
            (_, true) if name == renditions::ANIMATION => {
                (true, " It was made again, or is done without.")
            }
            (_, true) => (true, " It was made again."),
            _ => (false, ""),
        }
    }

    pub(super) const fn about_alternate(&self) -> (bool, &'static str) {
        if self.gave_up || self.alternates {
            return (true, " It is made again when nothing else waits.");
        }
        (false, "")
    }
}

/// What can be made again of an item, and from what.
struct Source {
    file: Stored,
    is_original: bool,
}

/// Renditions made again, and where each stands in the ladder.
type Made = Vec<(i64, EncodedRendition)>;

/// Renditions made again, put and noted.
struct New {
    made: Made,
    stored: Vec<Stored>,
    pending: PendingBlobs,
}

impl Check {
    pub(super) async fn repair(
        &self,
        item: &Inspected,
        scan: &ScanResult,
    ) -> Result<RepairOutcome, MediaError> {
        let mut repaired_item = RepairOutcome::default();
        let mut item = item.clone();
        let is_ready = item.item.state == MediaState::Ready as i32;
        let source = if is_ready {
            self.source(&item, scan).await?
        } else {
            None
        };
        if source.is_none() && (scan.lost_original() || is_ready) {
            self.check_store_is_there().await?;
            repaired_item.gave_up = self.give_up(&item).await?;
            return Ok(repaired_item);
        }
        if scan.lost_original() || scan.is_back {
            let lost = scan.lost_original();
            repaired_item.original = self.mark_original(&mut item.item, lost).await?;
        }
        let names = scan.to_make(&item);
        if let (Some(source), false) = (source, names.is_empty()) {
            repaired_item.renditions = self.make_again(&item, names, source).await?;
        }
        let bad = item.alternates.iter().zip(&scan.alternates);
        let bad = bad.filter(|(_, condition)| **condition != Condition::Whole);
        let keys: Vec<String> = bad.map(|(form, _)| form.key.clone()).collect();
        if !keys.is_empty() {
            self.drop_alternates(keys).await?;
            repaired_item.alternates = true;
        }
        Ok(repaired_item)
    }

    /// Refuses to give anything up where no file can be read at all: a disk that is not mounted, or
    /// has just gone, has lost nothing. Giving up deletes what is left.
    async fn check_store_is_there(&self) -> Result<(), MediaError> {
        let store = &self.core.blobs.store;
        for blob in store.list(None, WITNESSES).await?.blobs {
            // A damaged file tells as well as a whole one that files are there.
            if let Ok(_) | Err(BlobError::Damaged(_)) = store.verify(blob.key).await {
                return Ok(());
            }
        }
        let text = "No file of any photo can be read: is the disk with the photos there? Nothing was given up. If they are \
             lost for good, upload any photo and repair again.";
        Err(Error::new(ErrorCode::Unavailable, text).into())
    }

    /// Lets every item that shares one of these alternates do without any until they are made
    /// again: an item could else take the damaged one over from its duplicate.
    async fn drop_alternates(&self, keys: Vec<String>) -> Result<(), MediaError> {
        let (core, now) = (Arc::clone(&self.core), self.core.clock.now());
        run_to_completion(async move {
            let changed = core.database.write(move |connection| {
                Box::pin(async move {
                    let mut changed = Vec::new();
                    for key in keys {
                        for id in inspection::sharing_alternate(connection, &key).await? {
                            let gone = alternates::remove(connection, id).await?;
                            let gone: Vec<BlobKey> =
                                gone.iter().filter_map(|key| key.parse().ok()).collect();
                            blob_rows::queue_deletions(connection, &gone, now).await?;
                            alternates::enqueue(connection, id, now).await?;
                            changed.push(id);
                        }
                    }
                    Ok::<_, MediaError>(changed)
                })
            });
            for id in changed.await? {
                let keys = renditions::keys(&core.database, id).await?;
                core.caches.invalidate(&[id], &keys);
            }
            Ok(())
        })
        .await
    }

    /// What renditions can be made from: the original, or else the largest of them that is whole.
    async fn source(
        &self,
        item: &Inspected,
        scan: &ScanResult,
    ) -> Result<Option<Source>, MediaError> {
        let original = &item.item;
        let renditions = item.renditions.iter().zip(&scan.renditions);
        let candidates = renditions
            .filter(|(_, condition)| **condition == Condition::Whole)
            .map(|(rendition, _)| (&rendition.key, rendition.bytes, false));
        let original = (scan.original == Some(Condition::Whole) || scan.is_back).then_some((
            &original.original_key,
            original.original_bytes,
            true,
        ));
        for (key, bytes, is_original) in original.into_iter().chain(candidates) {
            let Ok(key) = key.parse::<BlobKey>() else {
                continue;
            };
            let bytes = bytes.cast_unsigned();
            match self.core.blobs.store.verify(key).await {
                Ok(length) if length == bytes => {
                    let file = Stored { key, bytes };
                    return Ok(Some(Source { file, is_original }));
                }
                Ok(_) | Err(BlobError::NotFound(_) | BlobError::Damaged(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn mark_original(&self, item: &mut ItemRow, lost: bool) -> Result<bool, MediaError> {
        let (seen, id) = (item.clone(), item.media());
        let marked = self
            .core
            .write_then(
                move |connection| {
                    Box::pin(
                        async move { inspection::mark_original(connection, &seen, lost).await },
                    )
                },
                move |core, _| core.caches.invalidate(&[id], &[]),
            )
            .await?;
        item.revision += i64::from(marked);
        Ok(marked)
    }

    /// Makes the named renditions again and puts them in the place of what was there. Returns which
    /// it has: a source may not give them all. An animation that no original is left of is done
    /// without; its stills stand for it.
    async fn make_again(
        &self,
        item: &Inspected,
        names: Vec<String>,
        source: Source,
    ) -> Result<Vec<String>, MediaError> {
        let processed = match self.process(item, source.file).await {
            Ok(processed) => processed,
            // Of this photo alone: the check continues with the next.
            Err(
                error @ (MediaError::Codec(_)
                | MediaError::NeedsMemory { .. }
                | MediaError::MemoryBusy { .. }),
            ) => {
                let media = item.item.media();
                tracing::warn!(%media, %error, "a photo could not be made again");
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let made: Made = (0..)
            .zip(processed.renditions)
            .filter(|(_, rendition)| names.iter().any(|name| name == rendition.name))
            .collect();
        let is_done = |name: &String| {
            let without = name == renditions::ANIMATION && !source.is_original;
            without || made.iter().any(|(_, made)| made.name == name)
        };
        let done: Vec<String> = names.into_iter().filter(is_done).collect();
        if done.is_empty() {
            return Ok(done);
        }
        let mut keys: Vec<BlobKey> = made
            .iter()
            .map(|(_, rendition)| BlobKey::of(&rendition.bytes))
            .collect();
        keys.dedup();
        let pending = self.core.blobs.note(&keys).await?;
        let kept = match self.put(&made).await {
            Ok(stored) => {
                let new = New {
                    made,
                    stored,
                    pending: pending.clone(),
                };
                self.exchange(item, done.clone(), new).await
            }
            Err(error) => Err(error),
        };
        if !matches!(kept, Ok(true)) {
            self.core.blobs.queue(pending).await?;
        }
        Ok(if kept? { done } else { Vec::new() })
    }

    async fn process(&self, item: &Inspected, source: Stored) -> Result<Processed, MediaError> {
        let core = Arc::clone(&self.core);
        let pending = Estimate {
            id: item.item.media(),
            bytes: item.item.memory_bytes.cast_unsigned(),
        };
        let memory = core.take_memory(pending, source).await?;
        let file = core.blobs.store.read_all_for_work(source.key, source.bytes);
        let file = file.await?;
        let processed = tokio::task::spawn_blocking(move || {
            let limits = core.settings.limits();
            let job = Job {
                external_codecs: core.external_codecs.as_deref(),
                deadline: Instant::now() + core.settings.job_time_max(),
                ..Job::new(&limits, &core.ladder)
            };
            let processed = process(&file, &job);
            drop((file, memory));
            processed
        });
        let mut processed = processed.await??;
        let animation = processed.animation.take().map(as_rendition);
        processed.renditions.extend(animation);
        Ok(processed)
    }

    /// Puts each; where a damaged blob has its name, this takes its place.
    async fn put(&self, made: &Made) -> Result<Vec<Stored>, MediaError> {
        let mut stored = Vec::with_capacity(made.len());
        for (_, rendition) in made {
            let bytes = Bytes::copy_from_slice(&rendition.bytes);
            stored.push(self.core.blobs.store.put(bytes).await?);
        }
        Ok(stored)
    }

    /// Puts the new rows in the place of those of these names, unless the item has changed since it
    /// was looked at.
    async fn exchange(
        &self,
        item: &Inspected,
        names: Vec<String>,
        new: New,
    ) -> Result<bool, MediaError> {
        let item = item.clone();
        let id = item.item.media();
        let message = MediaReady {
            media_id: id.get(),
            owner_id: item.item.owner_id.cast_unsigned(),
        };
        let event = Event::new(
            &self.context,
            &self.core.ids,
            topics::READY,
            id.get(),
            &message,
        );
        let old = keys_of(&item);
        let now = self.core.clock.now();
        let exchange = self.core.write_then(
            move |connection| {
                Box::pin(async move {
                    if !inspection::grow_revision(connection, &item.item).await? {
                        return Ok(false);
                    }
                    let gone = inspection::remove_renditions(connection, id, &names).await?;
                    for ((position, rendition), stored) in new.made.iter().zip(new.stored) {
                        renditions::insert(connection, id, *position, rendition, stored).await?;
                    }
                    blobs::settle(connection, &new.pending).await?;
                    // Those that are used again are taken off the queue when their turn comes.
                    blob_rows::queue_deletions(connection, &gone, now).await?;
                    outbox::append(connection, &event).await?;
                    Ok(true)
                })
            },
            move |core, _| core.caches.invalidate(&[id], &old),
        );
        exchange.await
    }

    /// Nothing is left of it: it fails, or if it has failed already releases its original.
    async fn give_up(&self, item: &Inspected) -> Result<bool, MediaError> {
        let item = item.clone();
        let id = item.item.media();
        let message = MediaFailed {
            media_id: id.get(),
            owner_id: item.item.owner_id.cast_unsigned(),
            reason: LOST.to_owned(),
        };
        let event = Event::new(
            &self.context,
            &self.core.ids,
            topics::FAILED,
            id.get(),
            &message,
        );
        let (old, now) = (keys_of(&item), self.core.clock.now());
        let give_up = self.core.write_then(
            move |connection| {
                Box::pin(async move {
                    if !inspection::mark_lost(connection, &item.item, LOST, now).await? {
                        return Ok(false);
                    }
                    let forms = item.renditions.iter();
                    let names: Vec<String> = forms.map(|form| form.name.clone()).collect();
                    let mut gone = inspection::remove_renditions(connection, id, &names).await?;
                    gone.extend(item.item.original_key.parse::<BlobKey>().ok());
                    let alternates = alternates::remove(connection, id).await?;
                    let alternates = alternates.iter();
                    gone.extend(alternates.filter_map(|key| key.parse::<BlobKey>().ok()));
                    blob_rows::queue_deletions(connection, &gone, now).await?;
                    if item.item.state != MediaState::Failed as i32 {
                        outbox::append(connection, &event).await?;
                    }
                    Ok(true)
                })
            },
            move |core, _| {
                core.caches.invalidate(&[], &old);
                core.publish_processed(id);
            },
        );
        give_up.await
    }
}

fn keys_of(item: &Inspected) -> Vec<BlobKey> {
    let keys = item.renditions.iter();
    keys.filter_map(|rendition| rendition.key.parse().ok())
        .collect()
}
