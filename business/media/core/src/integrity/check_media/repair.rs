//! Makes an item whole again as far as what is left of it allows.

use std::sync::Arc;

use business_media_codec::EncodedRendition;
use business_media_gateway::MediaState;
use bytes::Bytes;
use infra_blob::{BlobError, BlobKey, Stored};
use infra_bus::outbox;
use infra_kernel::{AccountId, Error, ErrorCode};

use crate::blobs::{self, PendingBlobs};
use crate::error::MediaError;
use crate::events;
use crate::integrity::check_media::check::Check;
use crate::integrity::check_media::outcome::RepairOutcome;
use crate::integrity::check_media::scan::{Condition, ScanResult};
use crate::processing::process_again::process_again;
use crate::store::inspection::{self, Inspected, ItemRow};
use crate::store::{alternates, blob_rows, renditions};
use crate::tasks::run_to_completion;

/// What the owner reads of a photo of which nothing is left.
const LOST: &str = "The files of this photo were lost on this server. Please upload it again.";

/// So many files are asked whether the store is there.
const WITNESSES: usize = 20;

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
        let is_ready = item.item.state == MediaState::Ready as i64;
        // Of others only the original can be lost: renditions come with being ready.
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
        let store = self.integrity.blobs.store();
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
        let integrity = Arc::clone(&self.integrity);
        let now = integrity.clock.now();
        run_to_completion(async move {
            let changed = integrity.database.write(move |connection| {
                Box::pin(async move {
                    let mut changed = Vec::new();
                    for key in keys {
                        for id in inspection::sharing_alternate(connection, &key).await? {
                            let gone = alternates::remove(connection, id).await?;
                            let gone: Vec<BlobKey> =
                                // What is not the name of a blob never led to one.
                                gone.iter().filter_map(|key| key.parse().ok()).collect();
                            blob_rows::queue_deletions(connection, &gone, now).await?;
                            alternates::enqueue(connection, id, now).await?;
                            changed.push(id);
                        }
                    }
                    Ok::<_, MediaError>(changed)
                })
            });
            // Not in the hook: the keys have to be read first, and the writer waits for a hook.
            for id in changed.await? {
                integrity.library.invalidate_with_renditions(id).await?;
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
            // Every byte, also when the check itself compared lengths only: what is made of a
            // damaged file would be kept.
            match self.integrity.blobs.store().verify(key).await {
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
            .integrity
            .library
            .write_then(
                move |connection| {
                    Box::pin(
                        async move { inspection::mark_original(connection, &seen, lost).await },
                    )
                },
                move |library, _| library.invalidate(&[id], &[]),
            )
            .await?;
        // The next step compares revisions, and this change was this check's own.
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
        let renditions = match self.process(item, source.file).await {
            Ok(renditions) => renditions,
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
        // Numbered before they are picked: each has its place in the whole ladder.
        let made: Made = (0..)
            .zip(renditions)
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
        let mut made = made;
        let files = made.iter_mut();
        let files = files.map(|(_, rendition)| Bytes::from(std::mem::take(&mut rendition.bytes)));
        let blobs = &self.integrity.blobs;
        let (pending, stored) = blobs.put_all(files.collect()).await?;
        let kept = match stored {
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
            blobs.queue(pending, kept.as_ref().err()).await?;
        }
        Ok(if kept? { done } else { Vec::new() })
    }

    async fn process(
        &self,
        item: &Inspected,
        source: Stored,
    ) -> Result<Vec<EncodedRendition>, MediaError> {
        let estimate = (item.item.media(), item.item.memory_bytes.cast_unsigned());
        process_again(&self.integrity.processing, estimate, source).await
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
        let owner = AccountId::from_sql(item.item.owner_id);
        let event = events::ready(&self.context, &self.integrity.ids, id, owner);
        let old = keys_of(&item);
        let now = self.integrity.clock.now();
        let exchange = self.integrity.library.write_then(
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
            move |library, _| library.invalidate(&[id], &old),
        );
        exchange.await
    }

    /// Nothing is left of it: it fails, or if it has failed already releases its original.
    async fn give_up(&self, item: &Inspected) -> Result<bool, MediaError> {
        let item = item.clone();
        let id = item.item.media();
        let owner = AccountId::from_sql(item.item.owner_id);
        let ids = &self.integrity.ids;
        let event = events::failed(&self.context, ids, (id, owner), LOST.to_owned());
        let (old, now) = (keys_of(&item), self.integrity.clock.now());
        let give_up = self.integrity.library.write_then(
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
                    // The owner of one that had failed already was told then.
                    if item.item.state != MediaState::Failed as i64 {
                        outbox::append(connection, &event).await?;
                    }
                    Ok(true)
                })
            },
            move |library, _| {
                // The item itself with those who wait for it, in the next line.
                library.invalidate(&[], &old);
                library.publish_processed(id);
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
