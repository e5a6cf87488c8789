//! Copies the photos' files that the databases name and the backup has not.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use infra_blob::{BlobKey, DirectoryStore};

use crate::batch::Batch;
use crate::digest::{Digest, Sum};
use crate::error::{failed, is_lost_to_the_disk, unreadable};
use crate::files::{self, CopyError, Throttle};
use crate::known::{Known, Said};
use crate::list::{ListWriter, Stored};
use crate::target::Target;
use crate::{Installation, NamedBlob, OnStep, Phase, Recipient, Result, Step};

/// How many names are sorted in memory at once: 64 bytes each.
const NAMES_MAX: u64 = 500_000;
/// How many files that are lost are named.
pub const LOST_SHOWN_MAX: usize = 100;

/// Files that the databases name and that could not be copied, as they are not there or not what
/// their name says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lost {
    /// How many.
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
    /// Not there.
    pub(crate) missing: Lost,
    /// There, and not what their name says, or not to be read.
    pub(crate) damaged: Lost,
}

/// Copies into a backup.
pub(crate) struct PhotoCopier<'a> {
    pub(crate) source: &'a Path,
    pub(crate) target: &'a Target,
    pub(crate) recipients: &'a [Recipient],
    /// Makes the names of files that are encrypted.
    pub(crate) name_key: [u8; 32],
    /// What earlier backups say of files that are there.
    pub(crate) known: Known,
    pub(crate) list: ListWriter,
    pub(crate) batch: &'a mut Batch,
    pub(crate) throttle: &'a mut Throttle,
    pub(crate) copied: Copied,
}

impl PhotoCopier<'_> {
    /// Copies what the databases in this folder name, in the order of the names in the backup.
    /// These are sorted in memory, a bounded part of them at a time.
    pub(crate) fn run(
        &mut self,
        installation: &dyn Installation,
        databases: &Path,
        on_step: OnStep<'_>,
    ) -> Result<()> {
        let mut total = 0;
        installation.named_blobs(databases, &mut |page| {
            total += page.len() as u64;
            Ok(())
        })?;
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
            for (name, blob) in named {
                self.take(name, blob)?;
                done += 1;
                on_step(Step {
                    phase: Phase::Photos,
                    files: done,
                    of_files: total,
                    bytes: self.copied.bytes,
                });
            }
        }
        self.batch.finish()
    }

    fn name(&self, blob: BlobKey) -> Digest {
        let name = Digest::from(blob);
        if self.recipients.is_empty() {
            return name;
        }
        Digest::keyed(&self.name_key, name)
    }

    /// Notes the file if it is there whole, and copies it otherwise.
    fn take(&mut self, name: Digest, blob: NamedBlob) -> Result<()> {
        let sum = match self.find(name)? {
            Some(sum) => sum,
            None => match self.copy(name, blob)? {
                Some(sum) => sum,
                None => return Ok(()),
            },
        };
        self.list.add(Stored { name, sum })
    }

    /// What is there under this name, if it is whole.
    fn find(&mut self, name: Digest) -> Result<Option<Sum>> {
        match self.look(name) {
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
        if self.recipients.is_empty() {
            whole.push(Sum {
                bytes,
                digest: name,
            });
        }
        if whole.is_empty() {
            return Ok(None);
        }
        let sum = files::sum(&place, self.throttle)?;
        Ok(whole.contains(&sum).then_some(sum))
    }

    /// Copies the file; nothing is returned when there is nothing whole to copy.
    fn copy(&mut self, name: Digest, blob: NamedBlob) -> Result<Option<Sum>> {
        let path = DirectoryStore::file_in(self.source, blob.key);
        let source = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.copied.missing.add(blob);
                return Ok(None);
            }
            Err(error) if is_lost_to_the_disk(&error) => {
                self.copied.damaged.add(blob);
                return Ok(None);
            }
            source => source.map_err(failed("read", &path))?,
        };
        let written = self.batch.next();
        match files::copy(source, &written, self.recipients, self.throttle) {
            Ok(sums) if sums.plain.digest == Digest::from(blob.key) => {
                self.copied.files += 1;
                self.copied.bytes += sums.stored.bytes;
                let place = self.target.file(name);
                self.batch.add(written, place, sums.stored.bytes)?;
                return Ok(Some(sums.stored));
            }
            Err(CopyError::Other(error)) => return Err(error),
            Ok(_) | Err(CopyError::Source(_)) => self.copied.damaged.add(blob),
        }
        fs::remove_file(&written).map_err(failed("removed", &written))?;
        Ok(None)
    }
}
