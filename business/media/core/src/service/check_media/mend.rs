//! Makes an item whole again as far as what is left of it allows.

use std::sync::Arc;
use std::time::Instant;

use business_media_codec::{EncodedRendition, Job, Processed, process};
use business_media_gateway::{MediaFailed, MediaReady, MediaState, topics};
use bytes::Bytes;
use infra_blob::{BlobError, BlobKey, Stored};
use infra_bus::{Event, outbox};

use super::Check;
use super::look::{Condition, Look};
use crate::blobs::{self, Noted};
use crate::error::MediaError;
use crate::store::inspection::{self, Inspected, ItemRow};
use crate::store::{alternates, blob_rows, renditions};
use crate::to_the_end;

/// What the owner is told of a photo of which nothing is left.
const LOST: &str = "The files of this photo were lost on this server. Please upload it again.";

/// What was done about an item.
#[derive(Debug, Default)]
pub(super) struct Mended {
    /// About the original's loss, or its return.
    pub(super) original: bool,
    pub(super) about_original: &'static str,
    /// About renditions that were damaged or lacking.
    pub(super) renditions: bool,
    pub(super) about_renditions: &'static str,
    /// About other forms of renditions that were damaged.
    pub(super) alternates: bool,
    pub(super) about_alternates: &'static str,
}

/// Renditions made again, and where each stands in the ladder.
type Made = Vec<(i64, EncodedRendition)>;

impl Check {
    pub(super) async fn mend(&self, item: &Inspected, look: &Look) -> Result<Mended, MediaError> {
        let mut mended = Mended::default();
        let mut item = item.clone();
        let is_ready = item.item.state == MediaState::Ready as i32;
        let source = if is_ready {
            self.source(&item, look).await?
        } else {
            None
        };
        if look.lost_original() || (is_ready && source.is_none()) {
            let Some(_) = source else {
                let done = self.give_up(&item).await?;
                let about = if done {
                    "Nothing is left of it; it is marked as lost."
                } else {
                    ""
                };
                return Ok(Mended {
                    original: done,
                    about_original: about,
                    renditions: done,
                    about_renditions: about,
                    alternates: done,
                    about_alternates: about,
                });
            };
            mended.original = self.mark_original(&mut item.item, true).await?;
            mended.about_original = "Its renditions are served as before.";
        } else if look.is_back {
            mended.original = self.mark_original(&mut item.item, false).await?;
        }
        let names = look.to_make(&item);
        if let (Some(source), false) = (source, names.is_empty()) {
            mended.renditions = self.make_again(&item, &names, source).await?;
            mended.about_renditions = if mended.renditions {
                "It was made again."
            } else {
                "It could not be made again."
            };
        }
        let bad = item.alternates.iter().zip(&look.alternates);
        let bad = bad.filter(|(_, condition)| **condition != Condition::Whole);
        let keys: Vec<String> = bad.map(|(form, _)| form.key.clone()).collect();
        if !keys.is_empty() {
            self.drop_alternates(keys).await?;
            mended.alternates = true;
            mended.about_alternates = "It is made again when nothing else waits.";
        }
        Ok(mended)
    }

    /// Lets every item that shares one of these alternates do without any until they are made again: an item could else
    /// take the damaged one over from its twin.
    async fn drop_alternates(&self, keys: Vec<String>) -> Result<(), MediaError> {
        let (core, now) = (Arc::clone(&self.core), self.core.clock.now());
        to_the_end(async move {
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
                core.caches.forget(&[id], &keys);
            }
            Ok(())
        })
        .await
    }

    /// What renditions can be made from: the original, or else the largest of them that is whole.
    async fn source(&self, item: &Inspected, look: &Look) -> Result<Option<Stored>, MediaError> {
        let original = &item.item;
        let renditions = item.renditions.iter().zip(&look.renditions);
        let candidates = renditions
            .filter(|(_, condition)| **condition == Condition::Whole)
            .map(|(rendition, _)| (&rendition.key, rendition.bytes));
        let original = (look.original == Some(Condition::Whole) || look.is_back)
            .then_some((&original.original_key, original.original_bytes));
        for (key, bytes) in original.into_iter().chain(candidates) {
            let Ok(key) = key.parse::<BlobKey>() else {
                continue;
            };
            let bytes = bytes.cast_unsigned();
            match self.core.blobs.store.verify(key).await {
                Ok(length) if length == bytes => return Ok(Some(Stored { key, bytes })),
                Ok(_) | Err(BlobError::NotFound(_) | BlobError::Damaged(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn mark_original(&self, item: &mut ItemRow, lost: bool) -> Result<bool, MediaError> {
        let seen = item.clone();
        let marked = self
            .core
            .database
            .write(move |connection| {
                Box::pin(async move { inspection::mark_original(connection, &seen, lost).await })
            })
            .await?;
        item.revision += i64::from(marked);
        self.core.caches.forget(&[item.media()], &[]);
        Ok(marked)
    }

    /// Answers whether all of the named renditions were made again and put in the place of what was there.
    async fn make_again(
        &self,
        item: &Inspected,
        names: &[String],
        source: Stored,
    ) -> Result<bool, MediaError> {
        let processed = match self.process(item, source).await {
            Ok(processed) => processed,
            Err(MediaError::Codec(error)) => {
                let media = item.item.media();
                tracing::warn!(%media, cause = error.cause(), "a photo could not be made again");
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let made: Made = (0..)
            .zip(processed.renditions)
            .filter(|(_, rendition)| names.iter().any(|name| name == rendition.name))
            .collect();
        if made.len() < names.len() {
            return Ok(false);
        }
        let mut keys: Vec<BlobKey> = made
            .iter()
            .map(|(_, rendition)| BlobKey::of(&rendition.bytes))
            .collect();
        keys.dedup();
        let noted = self.core.blobs.note(&keys).await?;
        let kept = match self.put(&made).await {
            Ok(stored) => self.exchange(item, made, stored, noted.clone()).await,
            Err(error) => Err(error),
        };
        if !matches!(kept, Ok(true)) {
            self.core.blobs.queue(noted).await?;
        }
        kept
    }

    async fn process(&self, item: &Inspected, source: Stored) -> Result<Processed, MediaError> {
        let core = Arc::clone(&self.core);
        let memory = core
            .budget
            .take(item.item.memory_bytes.cast_unsigned())
            .await?;
        let file = core.blobs.store.read_all(source.key, source.bytes).await?;
        let processed = tokio::task::spawn_blocking(move || {
            let limits = core.settings.limits();
            let job = Job {
                outside: core.outside.as_deref(),
                deadline: Instant::now() + core.settings.job_time_max(),
                ..Job::new(&limits, &core.ladder)
            };
            let processed = process(&file, &job);
            drop((file, memory));
            processed
        });
        Ok(processed.await??)
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

    /// Puts the new rows in the place of the old, unless the item has changed since it was looked at.
    async fn exchange(
        &self,
        item: &Inspected,
        made: Made,
        stored: Vec<Stored>,
        noted: Noted,
    ) -> Result<bool, MediaError> {
        let (core, item, context) = (Arc::clone(&self.core), item.clone(), self.context.clone());
        let id = item.item.media();
        let message = MediaReady {
            media_id: id.get(),
            owner_id: item.item.owner_id.cast_unsigned(),
        };
        let event = Event::new(&context, &core.ids, topics::READY, id.get(), &message);
        let old = keys_of(&item);
        let now = core.clock.now();
        to_the_end(async move {
            let exchanged = core
                .database
                .write(move |connection| {
                    Box::pin(async move {
                        if !inspection::grow_revision(connection, &item.item).await? {
                            return Ok(false);
                        }
                        let names: Vec<String> =
                            made.iter().map(|(_, made)| made.name.to_owned()).collect();
                        let gone = inspection::remove_renditions(connection, id, &names).await?;
                        for ((position, rendition), stored) in made.iter().zip(stored) {
                            renditions::insert(connection, id, *position, rendition, stored)
                                .await?;
                        }
                        blobs::settle(connection, &noted).await?;
                        // Those that are used again are taken off the queue when their turn comes.
                        blob_rows::queue_deletions(connection, &gone, now).await?;
                        outbox::append(connection, &event).await?;
                        Ok::<_, MediaError>(true)
                    })
                })
                .await?;
            core.caches.forget(&[id], &old);
            Ok(exchanged)
        })
        .await
    }

    /// Nothing is left of it: it fails, or if it has failed already lets go of its original.
    async fn give_up(&self, item: &Inspected) -> Result<bool, MediaError> {
        let (core, item) = (Arc::clone(&self.core), item.clone());
        let id = item.item.media();
        let message = MediaFailed {
            media_id: id.get(),
            owner_id: item.item.owner_id.cast_unsigned(),
            reason: LOST.to_owned(),
        };
        let event = Event::new(&self.context, &core.ids, topics::FAILED, id.get(), &message);
        let (old, now) = (keys_of(&item), core.clock.now());
        to_the_end(async move {
            let given_up = core
                .database
                .write(move |connection| {
                    Box::pin(async move {
                        if !inspection::mark_lost(connection, &item.item, LOST, now).await? {
                            return Ok(false);
                        }
                        let names: Vec<String> = item
                            .renditions
                            .iter()
                            .map(|form| form.name.clone())
                            .collect();
                        let mut gone =
                            inspection::remove_renditions(connection, id, &names).await?;
                        gone.extend(item.item.original_key.parse::<BlobKey>().ok());
                        let alternates = alternates::remove(connection, id).await?;
                        gone.extend(
                            alternates
                                .iter()
                                .filter_map(|key| key.parse::<BlobKey>().ok()),
                        );
                        blob_rows::queue_deletions(connection, &gone, now).await?;
                        if item.item.state != MediaState::Failed as i32 {
                            outbox::append(connection, &event).await?;
                        }
                        Ok::<_, MediaError>(true)
                    })
                })
                .await?;
            core.caches.forget(&[], &old);
            core.tell_processed(id);
            Ok(given_up)
        })
        .await
    }
}

fn keys_of(item: &Inspected) -> Vec<BlobKey> {
    let keys = item.renditions.iter();
    keys.filter_map(|rendition| rendition.key.parse().ok())
        .collect()
}
