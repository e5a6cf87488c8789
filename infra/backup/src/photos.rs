//! Copies the photos' files that the databases name and the backup has not.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::{fs, iter};

use futures::{StreamExt as _, stream};
use infra_blob::BlobKey;

use crate::batch::{self, Batch};
use crate::digest::{Digest, Sum};
use crate::error::unreadable;
use crate::fetch::{Fetched, Fetcher, PhotoSource};
use crate::files::{self, Throttle};
use crate::known::{Known, Said};
use crate::list::{ListWriter, Stored};
use crate::target::Target;
use crate::{BackupError, Installation, NamedBlob, OnStep, Phase, Recipient, Result, Step};

/// How many names are sorted in memory at once: 64 bytes each.
const NAMES_MAX: u64 = 500_000;
/// How many files are looked for before those that are missing are copied.
const PAGE: usize = 64;
/// How many files that are lost are named.
pub const LOST_SHOWN_MAX: usize = 100;

/// Files that the databases name and that could not be copied, as they are not there or not what
/// their name says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// How many there are, shown or not.
    pub count: u64,
    /// The first of them, at most [`LOST_SHOWN_MAX`].
    pub shown: Vec<BlobKey>,
}

impl Lost {
    /// Adds one, unless that it is lost is known.
    fn add(&mut self, blob: NamedBlob) {
        if blob.is_lost {
            return;
        }
        self.count += 1;
        if self.shown.len() < LOST_SHOWN_MAX {
            self.shown.push(blob.key);
        }
    }
}

/// What became of the photos' files.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// Those that were copied, and their bytes.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Those that the store has not.
    pub(crate) missing: Lost,
    /// There, and not what their name says, or not to be read.
    pub(crate) damaged: Lost,
}

/// Copies into a backup.
pub(crate) struct PhotoCopier<'a> {
    pub(crate) source: PhotoSource<'a>,
    pub(crate) target: &'a Target,
    pub(crate) recipients: &'a [Recipient],
    /// Makes the names of files that are encrypted.
    pub(crate) name_key: [u8; 32],
    /// What earlier backups say of files that are there.
    pub(crate) known: Known,
    pub(crate) list: ListWriter,
    pub(crate) batch: &'a mut Batch,
    pub(crate) throttle: &'a Throttle,
    pub(crate) copied: Copied,
}

impl PhotoCopier<'_> {
    /// Copies what the databases in this folder name. When that fails, what has come by then has
    /// its place, where the next try finds it.
    pub(crate) fn run(
        &mut self,
        installation: &dyn Installation,
        databases: &Path,
        on_step: OnStep<'_>,
    ) -> Result<()> {
        let copied = self.copy_all(installation, databases, on_step);
        // Also after a failure: what has come gets its name, and the next try need not fetch it.
        let finished = self.batch.finish();
        copied.and(finished)
    }

    /// In the order of the names in the backup. These are sorted in memory, a bounded part of them
    /// at a time.
    fn copy_all(
        &mut self,
        installation: &dyn Installation,
        databases: &Path,
        on_step: OnStep<'_>,
    ) -> Result<()> {
        // First they are only counted: into how many parts they fall follows from that.
        let mut total = 0;
        installation.named_blobs(databases, &mut |page| {
            total += page.len() as u64;
            Ok(())
        })?;
        // By the first bytes of hashes, which are spread evenly, so that the parts are about equal.
        let parts = usize::try_from(total / NAMES_MAX).unwrap_or(usize::MAX) + 1;
        let mut done = 0;
        for part in 0..parts {
            let mut named = Vec::new();
            installation.named_blobs(databases, &mut |page| {
                let names = page.into_iter().map(|blob| (self.name(blob.key), blob));
                named.extend(names.filter(|(name, _)| name.part(parts) == part));
                Ok(())
            })?;
            // Missed by one is missed.
            named.sort_unstable();
            named.dedup_by_key(|(name, _)| *name);
            for page in named.chunks(PAGE) {
                self.take(page, &mut |bytes| {
                    done += 1;
                    on_step(Step {
                        phase: Phase::Photos,
                        files: done,
                        of_files: total,
                        bytes,
                    });
                })?;
            }
        }
        Ok(())
    }

    fn name(&self, blob: BlobKey) -> Digest {
        let name = Digest::from(blob);
        if self.recipients.is_empty() {
            return name;
        }
        Digest::keyed(&self.name_key, name)
    }

    /// Notes the files that are there whole, and copies the others: several concurrently, and noted
    /// in their order. Calls back after each, with how many bytes were copied so far.
    fn take(&mut self, page: &[(Digest, NamedBlob)], on_taken: &mut dyn FnMut(u64)) -> Result<()> {
        let mut places = Vec::with_capacity(page.len());
        for (name, _) in page {
            // In the order of names, as the lists are read; the fetches below may end in any order.
            places.push(match self.find(*name)? {
                Some(sum) => Place::Filled(sum),
                None => Place::Empty(self.batch.next()),
            });
        }
        let fetcher = &Fetcher {
            source: self.source,
            recipients: self.recipients,
            throttle: self.throttle,
        };
        let mut fetches = page
            .iter()
            .zip(places)
            .map(|((name, blob), place)| async move {
                let taken = place.fill(fetcher, blob.key).await?;
                Ok::<_, BackupError>((*name, *blob, taken))
            })
            .peekable();
        while fetches.peek().is_some() {
            let (came, all) = self
                .source
                .gather(&mut fetches, self.copied.bytes, on_taken);
            // The disk is waited for while nothing is being read: a read that nobody polls fails.
            for (name, blob, taken) in came {
                self.note(name, blob, taken)?;
            }
            all?;
        }
        Ok(())
    }

    /// Notes what became of a file.
    fn note(&mut self, name: Digest, blob: NamedBlob, taken: Taken) -> Result<()> {
        let sum = match taken {
            Taken::Known(sum) => sum,
            Taken::Fetched(Fetched::Whole(path, written)) => {
                let sum = written.stored;
                self.copied.files += 1;
                self.copied.bytes += sum.bytes;
                self.batch.add(path, self.target.file(name), sum.bytes)?;
                sum
            }
            Taken::Fetched(Fetched::Missing) => {
                self.copied.missing.add(blob);
                return Ok(());
            }
            Taken::Fetched(Fetched::Damaged) => {
                self.copied.damaged.add(blob);
                return Ok(());
            }
        };
        self.list.add(Stored { name, sum })
    }

    /// What is there under this name, if it is whole.
    fn find(&mut self, name: Digest) -> Result<Option<Sum>> {
        match self.look(name) {
            // Fetched again: a backup repairs what it finds damaged.
            Err(error) if error.is_damage() => Ok(None),
            found => found,
        }
    }

    fn look(&mut self, name: Digest) -> Result<Option<Sum>> {
        let place = self.target.file(name);
        let length = fs::metadata(&place).map(|metadata| metadata.len());
        let bytes = length.map_err(unreadable(&place))?;
        let mut whole = match self.known.find(name, bytes) {
            Said::This(sum) => return Ok(Some(sum)),
            Said::OneOf(sums) => sums,
        };
        // Its name is the hash of its content: no list is needed to know what it should be.
        if self.recipients.is_empty() {
            whole.push(Sum {
                bytes,
                digest: name,
            });
        }
        // Encrypted, and in no list: nobody can say what it should be.
        if whole.is_empty() {
            return Ok(None);
        }
        let sum = files::sum(&place, self.throttle)?;
        Ok(whole.contains(&sum).then_some(sum))
    }
}

impl PhotoSource<'_> {
    /// Waits for fetches, several concurrently, until they are at an end, one fails, or so much has
    /// come that it should get its places. Returns what came, in order, and what failed.
    fn gather<F>(
        self,
        fetches: &mut impl Iterator<Item = F>,
        copied_before: u64,
        on_taken: &mut dyn FnMut(u64),
    ) -> (Vec<Named>, Result<()>)
    where
        F: Future<Output = Result<Named>>,
    {
        let came_bytes = Cell::new(0);
        let next = iter::from_fn(|| match came_bytes.get() {
            0..batch::BYTES_MAX => fetches.next(),
            _ => None,
        });
        let mut fetched = stream::iter(next).buffered(self.concurrent.max(1));
        let mut came = Vec::new();
        let all = self.runtime.block_on(async {
            while let Some(next) = fetched.next().await {
                let next = next?;
                came_bytes.set(came_bytes.get() + next.2.copied_bytes());
                came.push(next);
                on_taken(copied_before + came_bytes.get());
            }
            Ok(())
        });
        (came, all)
    }
}

/// A file's name in the backup, its name, and what there is to note of it.
type Named = (Digest, NamedBlob, Taken);

/// Whether there is a file in its place in the backup.
enum Place {
    /// It is there whole.
    Filled(Sum),
    /// It is not, and is written to this path first.
    Empty(PathBuf),
}

/// What there is to note of a file.
enum Taken {
    Known(Sum),
    Fetched(Fetched),
}

impl Taken {
    const fn copied_bytes(&self) -> u64 {
        match self {
            Self::Fetched(Fetched::Whole(_, written)) => written.stored.bytes,
            _ => 0,
        }
    }
}

impl Place {
    async fn fill(self, fetcher: &Fetcher<'_>, key: BlobKey) -> Result<Taken> {
        match self {
            Self::Filled(sum) => Ok(Taken::Known(sum)),
            Self::Empty(path) => fetcher.fetch(key, path).await.map(Taken::Fetched),
        }
    }
}
