//! Moves the photos' files between the folder and a bucket, or from one bucket to another, while
//! nothing serves.
//!
//! A file has the same name everywhere, the hash of its content, so what is copied already is known
//! by its name and length, and that it is right by reading it. Page by page, in the order of the
//! names, what is missing on the other side is put there, and all of it read there; the folder's
//! list remembers how far that is. At the end both sides are listed once more. Then one line in the
//! list says that the photos are on the other side (`Record::set_bucket`): that is the moment of
//! the move. Nothing is left to do after it: the old files stay.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use infra_blob::transfer::{self, Inventory, PageCopied, Totals, Verify};
use infra_blob::{BlobKey, BlobStore, S3Settings, S3Store};

use super::soon;
use crate::config::Configuration;
use crate::wire::Topology;
use crate::wire::data_folder::{self, DataFolder, MEDIA};
use crate::wire::databases::Databases;
use crate::wire::databases_lock::DatabasesLock;
use crate::wire::photos::{bucket, bucket_at, claim_beside, open_folder};
use crate::wire::record::{FOLDER, Record};

/// Where photos are to go.
pub(crate) enum Destination {
    /// Into the data folder.
    Folder,
    /// Into the bucket of this URL, reached so.
    Bucket {
        /// `s3://bucket/prefix`
        url: String,
        /// Its server, and the keys for it.
        settings: S3Settings,
    },
}

/// What happens to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// They are counted where they are.
    Count,
    /// They are copied, and read on the other side.
    Copy,
    /// They are listed on both sides, and what has come since is copied.
    Compare,
}

/// How far a phase is.
pub(crate) struct Step {
    pub(crate) phase: Phase,
    pub(crate) done: Totals,
    /// What there is in all; nothing while that is counted.
    pub(crate) of: Totals,
}

/// Hears of what happens.
pub(crate) type Report<'r> = dyn FnMut(Step) + Send + 'r;

/// A move that is done.
pub(crate) struct Moved {
    /// What is on the other side now.
    pub(crate) totals: Totals,
    /// What of it this run has put there.
    pub(crate) copied: Totals,
    /// BLAKE3 of all names and lengths, in their order.
    pub(crate) digest: String,
    /// What was left behind, because it is not what its name says.
    pub(crate) damaged: Vec<BlobKey>,
    /// Where they are now.
    pub(crate) place: String,
    /// The bucket that they were in; nothing when they were in the folder.
    pub(crate) old_bucket: Option<S3Store>,
}

/// One side of a move.
struct Side {
    store: Arc<dyn BlobStore>,
    /// What its bucket is known by; nothing for the folder.
    id: Option<String>,
    bucket: Option<S3Store>,
}

impl Side {
    async fn folder(origin: &Configuration) -> Result<Self> {
        let store = open_folder(&origin.data_dir).await?;
        Ok(Self {
            store: Arc::new(store.with_reserve(origin.disk_reserve_bytes)),
            id: None,
            bucket: None,
        })
    }

    async fn bucket(store: S3Store, id: String, origin: &Configuration) -> Result<Self> {
        store.prepare().await?;
        let store = store.with_reserve(origin.disk_reserve_bytes);
        Ok(Self {
            store: Arc::new(store.clone()),
            id: Some(id),
            bucket: Some(store),
        })
    }

    fn name(&self) -> &str {
        self.id.as_deref().unwrap_or(FOLDER)
    }
}

/// Moves all of them. With `skip_damaged`, files that are not what their names say are left behind.
///
/// # Errors
/// A sentence that says what is in the way. Nothing has changed then, for all who use the folder.
pub(crate) async fn move_photos(
    configuration: &Configuration,
    destination: &Destination,
    skip_damaged: bool,
    report: &mut Report<'_>,
) -> Result<Moved> {
    let folder = soon(|| DataFolder::hold(&configuration.data_dir)).await?;
    // Commands beside a server delete photos, too.
    let lock = soon(|| DatabasesLock::alone(folder.path())).await?;
    let origin = origin(configuration)?;
    let topology = Topology {
        requires_files: true,
        ..Topology::default()
    };
    // It refuses what a start would refuse: photos that are lost, or in another bucket.
    let databases = Databases::open_under(lock, &origin, &topology).await?;
    let moved = move_from(&origin, destination, skip_damaged, report).await;
    databases.close().await;
    // Also after a failure: what root has made by then must not lock out the service.
    data_folder::give_all(folder.path())?;
    moved
}

/// The configuration of the place where the photos are.
fn origin(configuration: &Configuration) -> Result<Configuration> {
    let folder = configuration.data_dir.as_path();
    let is_in_bucket = Record::read(folder)?.bucket().is_some();
    ensure!(
        !is_in_bucket || !configuration.media_url.is_empty(),
        "the photos of {} are in a bucket: set `media_url` and the table [s3] as they were, and run the command again",
        folder.display()
    );
    let mut origin = configuration.clone();
    if !is_in_bucket {
        // It may name where they are to go.
        origin.media_url = String::new();
    }
    Ok(origin)
}

async fn move_from(
    origin: &Configuration,
    destination: &Destination,
    skip_damaged: bool,
    report: &mut Report<'_>,
) -> Result<Moved> {
    const FAILED: &str = "the photos could not be copied; where they are, nothing has changed: run the command again, which \
                          goes on where it was";
    let folder = origin.data_dir.as_path();
    let mut record = Record::read(folder)?;
    let source = source(origin, &record).await?;
    let target = target(origin, destination, &source, &mut record).await?;
    let mut counted = |done| {
        let of = Totals::default();
        let phase = Phase::Count;
        report(Step { phase, done, of });
    };
    let begun = record.copied(target.name());
    let done_to = begun.and_then(|key| key.parse().ok());
    let survey = transfer::survey(&*source.store, done_to, &mut counted).await;
    let survey = survey.context("the photos cannot be listed")?;
    let mut moving = Move {
        folder,
        source,
        target,
        of: survey.all,
        done_to,
        done: survey.done,
        copied: Totals::default(),
    };
    moving.copy(&mut record, report).await.context(FAILED)?;
    let compared = moving.compare(report).await.context(FAILED)?;
    moving.require_all(&compared, skip_damaged)?;
    // The last step, and the only one that users of the folder see.
    record.set_bucket(folder, moving.target.id.as_deref())?;
    Ok(moving.done(compared))
}

/// Where the photos are.
async fn source(origin: &Configuration, record: &Record) -> Result<Side> {
    match (bucket(origin)?, record.bucket()) {
        (Some(store), Some(id)) => Side::bucket(store, id.to_owned(), origin).await,
        _ => Side::folder(origin).await,
    }
}

/// Where they are to go: nobody else's place.
async fn target(
    origin: &Configuration,
    destination: &Destination,
    source: &Side,
    record: &mut Record,
) -> Result<Side> {
    let folder = origin.data_dir.as_path();
    let Destination::Bucket { url, settings } = destination else {
        ensure!(
            source.id.is_some(),
            "the photos of {} are in the folder already",
            folder.display()
        );
        return Side::folder(origin).await;
    };
    let store = bucket_at(url, settings, folder)?;
    let place = store.location().clone();
    let cannot = || format!("{place} cannot be used");
    let found = store.identity().await.with_context(cannot)?;
    ensure!(
        found.is_none() || found != source.id,
        "the photos of {} are in {place} already",
        folder.display()
    );
    if let Some(found) = &found {
        ensure!(
            record.knows_bucket(found),
            "{place} is the place of another installation's photos, and two would delete each other's: choose another prefix"
        );
    }
    // Tried before the id is put there, so that a bucket that will not do stays nobody's.
    store.inspect().await.with_context(cannot)?;
    let id = claim_beside(&store, found, folder, record).await?;
    Side::bucket(store, id, origin).await
}

struct Move<'m> {
    folder: &'m Path,
    source: Side,
    target: Side,
    of: Totals,
    /// How far an earlier run has come, and what that was.
    done_to: Option<BlobKey>,
    done: Totals,
    copied: Totals,
}

/// What both sides have in common.
#[derive(Default)]
struct Compared {
    there: Inventory,
    damaged: Vec<BlobKey>,
}

impl Move<'_> {
    /// Copies what is missing and reads all of it, from where an earlier run was cut off.
    async fn copy(&mut self, record: &mut Record, report: &mut Report<'_>) -> Result<()> {
        let (mut after, mut done) = (self.done_to, self.done);
        while let Some(page) = self.page(after, Verify::All).await? {
            after = Some(page.last);
            page.there.iter().for_each(|stored| done.add(*stored));
            // When all of the page was read there: a later run begins behind it, unseen.
            record.note_copied(self.folder, self.target.name(), &page.last.to_string())?;
            report(Step {
                phase: Phase::Copy,
                done,
                of: self.of,
            });
        }
        Ok(())
    }

    /// Lists both sides from the beginning, and copies what has come to a page after it was done.
    async fn compare(&mut self, report: &mut Report<'_>) -> Result<Compared> {
        let mut compared = Compared::default();
        let mut after = None;
        while let Some(page) = self.page(after, Verify::Copied).await? {
            after = Some(page.last);
            for stored in page.there {
                compared.there.add(stored);
            }
            compared.damaged.extend(page.damaged);
            report(Step {
                phase: Phase::Compare,
                done: compared.there.totals(),
                of: self.of,
            });
        }
        Ok(compared)
    }

    async fn page(&mut self, after: Option<BlobKey>, verify: Verify) -> Result<Option<PageCopied>> {
        let (source, target) = (&*self.source.store, &*self.target.store);
        // Before each page: the folder's disk must keep its reserve, who else may fill it.
        target.require_room(0).await?;
        let page = transfer::copy_page(source, target, after, verify).await?;
        if let Some(page) = &page {
            self.copied.blobs += page.copied.blobs;
            self.copied.bytes += page.copied.bytes;
        }
        Ok(page)
    }

    /// Says no when something would be left behind that nobody has said may be.
    fn require_all(&self, compared: &Compared, skip_damaged: bool) -> Result<()> {
        let (there, count) = (compared.there.totals(), compared.damaged.len());
        if let Some(first) = compared.damaged.first().filter(|_| !skip_damaged) {
            bail!(
                "{count} files of photos are damaged where they are, and were not copied; the first is {first}. Repair what can be \
                 repaired with `heliograph media check --repair` and run the command again, which copies what is left; or leave \
                 them behind: --skip-damaged"
            );
        }
        // Fewer than were counted: nobody deletes while the folder is held, so it needs a second
        // look.
        let missing = self.of.blobs.saturating_sub(there.blobs + count as u64);
        ensure!(
            missing == 0,
            "{missing} files of photos went away while they were copied; run the command again"
        );
        Ok(())
    }

    fn done(self, compared: Compared) -> Moved {
        let place = match &self.target.bucket {
            Some(store) => store.location().to_string(),
            None => self.folder.join(MEDIA).display().to_string(),
        };
        Moved {
            totals: compared.there.totals(),
            copied: self.copied,
            digest: compared.there.digest(),
            damaged: compared.damaged,
            place,
            old_bucket: self.source.bucket,
        }
    }
}
