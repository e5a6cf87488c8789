//! Blobs and the rows that use them, kept in step without ever listing the store.
//!
//! The database and the store cannot commit together, so the database knows first and last:
//!
//! - **Writing.** A note is made for each key before its bytes are put ([`Blobs::note`]). It is
//!   cleared in the transaction that adds the rows which use the blob ([`settle`]). A note that is
//!   left behind by a crash is swept after an hour, and its blob queued for deletion. So is the
//!   note of bytes that may arrive yet, because the store has not responded: deleted at once, they
//!   would be there again later.
//! - **Deleting.** The transaction that removes a row queues its blobs. Then each is *claimed*, in
//!   a transaction that sees that no row uses it and no note is there; its bytes are deleted; the
//!   queue forgets it ([`Blobs::collect`]). What a crash leaves is on the queue, and the sweeper
//!   continues with it. Until then its content is refused: a deletion that the process before has
//!   sent to its store may still be on its way.
//! - **Both at once.** Nobody may note a key that is claimed: a writer waits until its bytes are
//!   gone. So a blob cannot be deleted between being put and being used. A claim is given up when
//!   its bytes certainly stay, because the store could not be asked to delete them.
//!
//! Claims are worked off one at a time, by a lock in this process: two processes on one database
//! would need the claim to name its holder.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use infra_blob::{BlobKey, BlobStore, Stored};
use infra_db::{Connection, Database};
use infra_kernel::{Clock, IdGenerator};
use tokio::sync::Mutex;

use crate::dependencies::Dependencies;
use crate::error::MediaError;
use crate::store::blob_rows;
use crate::tasks::run_to_completion;

/// After this long a note belongs to nobody: longer than any upload or any attempt of a worker may
/// take.
pub(crate) const NOTE_LIFETIME: Duration = Duration::from_secs(3_600);
/// How long a writer waits for a claimed blob to be gone, and how often it looks.
// Five seconds together. A claim lasts as long as one deletion takes; only one that a crash left,
// or a store that is away, lasts until a sweep.
const CLAIM_PATIENCE: u32 = 100;
const CLAIM_PAUSE: Duration = Duration::from_millis(50);
/// Notes and queued blobs handled in one sweep.
const BATCH_MAX: i64 = 200;

/// Notes that say: these blobs are about to be used.
#[derive(Clone)]
pub(crate) struct PendingBlobs(Vec<(i64, BlobKey)>);

#[derive(Clone)]
pub(crate) struct Blobs {
    store: Arc<dyn BlobStore>,
    database: Database,
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
    deleting: Arc<Mutex<()>>,
}

impl Blobs {
    pub(crate) fn new(dependencies: &Dependencies) -> Self {
        Self {
            store: Arc::clone(&dependencies.blobs),
            database: dependencies.database.clone(),
            clock: Arc::clone(&dependencies.clock),
            ids: Arc::clone(&dependencies.ids),
            deleting: Arc::new(Mutex::new(())),
        }
    }

    /// The store, to read from, and to write to what was noted. Nothing but [`Self::collect`]
    /// deletes from it.
    pub(crate) fn store(&self) -> &dyn BlobStore {
        &*self.store
    }

    /// Records that these blobs are about to be put and used.
    pub(crate) async fn note(&self, keys: &[BlobKey]) -> Result<PendingBlobs, MediaError> {
        // A note has an id of its own: of two that write the same content neither clears the
        // other's.
        let notes: Vec<(i64, BlobKey)> = keys
            .iter()
            .map(|key| (self.ids.next_raw().cast_signed(), *key))
            .collect();
        for _ in 0..CLAIM_PATIENCE {
            if self.try_note(notes.clone()).await? {
                return Ok(PendingBlobs(notes));
            }
            tokio::time::sleep(CLAIM_PAUSE).await;
        }
        Err(MediaError::BlobBusy)
    }

    /// Notes files and puts them; where a damaged blob has the name of one, that takes its place.
    /// When they could not all be put, what was noted is to be given up like what could not be
    /// committed: by [`Self::abandon`] or [`Self::queue`].
    pub(crate) async fn put_all(
        &self,
        files: Vec<Bytes>,
    ) -> Result<(PendingBlobs, Result<Vec<Stored>, MediaError>), MediaError> {
        let mut keys: Vec<BlobKey> = files.iter().map(|file| BlobKey::of(file)).collect();
        // Small pictures' renditions are one file.
        keys.sort_unstable();
        keys.dedup();
        let pending = self.note(&keys).await?;
        let mut stored = Vec::with_capacity(files.len());
        for file in files {
            match self.store.put(file).await {
                Ok(put) => stored.push(put),
                Err(error) => return Ok((pending, Err(error.into()))),
            }
        }
        Ok((pending, Ok(stored)))
    }

    async fn try_note(&self, notes: Vec<(i64, BlobKey)>) -> Result<bool, MediaError> {
        let now = self.clock.now();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    // All are looked at before the first is noted: what returns `Ok` is committed,
                    // and the notes of a try that failed would stay for an hour.
                    for (_, key) in &notes {
                        if blob_rows::is_claimed(connection, *key).await? {
                            return Ok(false);
                        }
                    }
                    for (id, key) in notes {
                        blob_rows::insert_write(connection, id, key, now).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// Gives up blobs that were recorded, after this error if there was one, and deletes them
    /// unless something else uses them. A failure leaves it to the sweeper.
    pub(crate) async fn abandon(&self, pending: PendingBlobs, error: Option<&MediaError>) {
        let keys: Vec<BlobKey> = pending.0.iter().map(|(_, key)| *key).collect();
        if let Err(error) = self.queue(pending, error).await {
            tracing::warn!(%error, "blobs that are not needed are left to the sweeper");
            return;
        }
        // The caller has waited for the store already.
        if !error.is_some_and(MediaError::is_store_away) {
            self.collect(&keys).await;
        }
    }

    /// Gives up blobs that were recorded, after this error if there was one, and leaves them to the
    /// sweeper: to that of their notes, if they may arrive yet.
    pub(crate) async fn queue(
        &self,
        pending: PendingBlobs,
        error: Option<&MediaError>,
    ) -> Result<(), MediaError> {
        if error.is_some_and(MediaError::may_arrive_yet) {
            return Ok(());
        }
        self.give_up(pending).await
    }

    async fn give_up(&self, pending: PendingBlobs) -> Result<(), MediaError> {
        let now = self.clock.now();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    for (id, key) in pending.0 {
                        // A note that is gone was swept, and its blob was queued then.
                        if blob_rows::remove_write(connection, id).await? {
                            blob_rows::queue_deletions(connection, &[key], now).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Deletes queued blobs that nothing uses. A failure leaves them to the sweeper, as it does all
    /// others when the store is away. Returns how many were deleted.
    ///
    /// To its end, also when the caller has gone: a claim that nobody works off any more keeps
    /// writers of the same content away until a sweep, and the store may yet be deleting.
    pub(crate) async fn collect(&self, keys: &[BlobKey]) -> u64 {
        let (blobs, keys) = (self.clone(), keys.to_vec());
        let collecting = run_to_completion(async move { Ok(blobs.collect_each(&keys).await) });
        collecting.await.unwrap_or_else(|error| {
            tracing::error!(%error, "blobs that are not needed are left to the sweeper");
            0
        })
    }

    async fn collect_each(&self, keys: &[BlobKey]) -> u64 {
        let mut collected = 0;
        for key in keys {
            match self.collect_one(*key).await {
                Ok(deleted) => collected += u64::from(deleted),
                Err(error) => {
                    let is_away = error.is_store_away();
                    let cause = infra_kernel::Error::from(error).causes();
                    tracing::warn!(%key, cause, "a blob could not be deleted and is left to the sweeper");
                    // Each of the others would wait out the same time-out.
                    if is_away {
                        break;
                    }
                }
            }
        }
        collected
    }

    async fn collect_one(&self, key: BlobKey) -> Result<bool, MediaError> {
        // Single writer (ADR 0026): this lock is enough, because nobody else works off claims.
        let _one_at_a_time = self.deleting.lock().await;
        let (claimed, was_claimed) = self
            .database
            .write(move |connection| {
                Box::pin(async move {
                    // An earlier deletion may still be on its way: of a process that died, or to a
                    // store that did not respond. So a claim that was there before outlives a
                    // failure.
                    let was_claimed = blob_rows::is_claimed(connection, key).await?;
                    let claimed = blob_rows::claim_deletion(connection, key).await?;
                    if !claimed {
                        blob_rows::remove_needless_deletion(connection, key).await?;
                    }
                    Ok::<_, MediaError>((claimed, was_claimed))
                })
            })
            .await?;
        if claimed {
            if let Err(error) = self.store.delete(key).await {
                // Bytes that stay for certain are no reason to keep a writer of the same waiting.
                let stays_claimed = was_claimed || error.may_yet_happen();
                self.postpone(key, stays_claimed).await?;
                return Err(error.into());
            }
            // Not before the bytes are gone: from here on the key may be noted again.
            self.database
                .write(move |connection| {
                    Box::pin(async move { blob_rows::remove_deletion(connection, key).await })
                })
                .await?;
        }
        Ok(claimed)
    }

    async fn postpone(&self, key: BlobKey, stays_claimed: bool) -> Result<(), MediaError> {
        let now = self.clock.now();
        self.database
            .write(move |connection| {
                Box::pin(async move {
                    blob_rows::postpone_deletion(connection, key, stays_claimed, now).await
                })
            })
            .await
    }

    /// Deletes what crashes left: blobs that were recorded long ago, and blobs on the queue.
    /// Returns how many.
    pub(crate) async fn sweep(&self) -> Result<u64, MediaError> {
        let before = self.clock.now().minus(NOTE_LIFETIME);
        let left = blob_rows::writes_before(&self.database, before, BATCH_MAX).await?;
        let left = left
            .into_iter()
            .map(|(id, key)| Ok((id, key.parse()?)))
            .collect::<Result<Vec<_>, MediaError>>()?;
        self.give_up(PendingBlobs(left)).await?;
        let queued = blob_rows::queued_deletions(&self.database, BATCH_MAX).await?;
        let keys = queued
            .iter()
            .map(|key| key.parse())
            .collect::<Result<Vec<BlobKey>, _>>()?;
        Ok(self.collect(&keys).await)
    }
}

/// Clears the notes in the transaction that adds the rows which use the blobs.
///
/// # Errors
/// When a note is gone: the writer took so long that the sweeper gave it up, and its blob may be
/// gone too.
pub(crate) async fn settle(
    connection: &mut Connection,
    pending: &PendingBlobs,
) -> Result<(), MediaError> {
    for (id, _) in &pending.0 {
        if !blob_rows::remove_write(connection, *id).await? {
            return Err(MediaError::BlobBusy);
        }
    }
    Ok(())
}
