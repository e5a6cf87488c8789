//! Puts photos' files from a backup where they are to be: into a folder, or into a store of blobs.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use infra_blob::transfer::{Became, BlobSource, CONCURRENT_MAX, copy_blob};
use infra_blob::{
    BlobError, BlobKey, BlobRead, BlobStore, CHUNK_BYTES, DirectoryStore, PatientFile,
    is_lost_to_the_disk,
};
use tokio::runtime::Handle;

use crate::batch::{Batch, make_folder, remove_if_there};
use crate::digest::{Digest, Sum};
use crate::list::{ListReader, Stored};
use crate::target::Target;
use crate::{BackupError, Identity, Result, files};

/// How many files are begun before the next are looked up in the list.
const PAGE: usize = 64;

/// Where the photos' files of a snapshot are put.
#[derive(Clone, Copy)]
pub enum PhotoPlace<'a> {
    /// A folder in the data folder.
    Folder(&'a Path),
    /// Somewhere else. Each file is read there when it has been put there.
    Store {
        /// The store that they are put into, which has to be nobody else's.
        store: &'a dyn BlobStore,
        /// Where it is waited for.
        runtime: &'a Handle,
    },
}

/// How much of a list is on this disk at a time on its way into a store.
#[derive(Default)]
pub(crate) struct Passing {
    last: [u64; CONCURRENT_MAX],
    count: usize,
    /// The most bytes that are: those of so many files after each other as are put concurrently.
    pub(crate) most: u64,
}

impl Passing {
    /// Takes in the length of the next file.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.last[self.count % CONCURRENT_MAX] = bytes;
        self.count += 1;
        self.most = self.most.max(self.last.iter().sum());
    }
}

/// Hears what became of each file: its length, or why it is not there.
pub(crate) type OnPhoto<'a> = &'a mut dyn FnMut(Result<u64>) -> Result<()>;

/// Takes photos' files from a backup.
pub(crate) struct PhotoRestorer<'a> {
    pub(crate) target: &'a Target,
    /// Nobody, where nothing is encrypted.
    pub(crate) identities: &'a [Identity],
    /// Makes the names of files that are encrypted.
    pub(crate) name_key: [u8; 32],
    /// The data folder, to whose owner everything goes that root makes.
    pub(crate) folder: &'a Path,
    /// A folder for files that were decrypted.
    pub(crate) workplace: &'a Path,
}

impl PhotoRestorer<'_> {
    /// Takes all files of a list there.
    pub(crate) fn run(
        &self,
        list: ListReader,
        place: PhotoPlace<'_>,
        on_photo: OnPhoto<'_>,
    ) -> Result<()> {
        match place {
            PhotoPlace::Folder(photos) => self.fill_folder(list, photos, on_photo),
            PhotoPlace::Store { store, runtime } => {
                runtime.block_on(self.fill_store(list, store, on_photo))
            }
        }
    }

    fn fill_folder(
        &self,
        mut list: ListReader,
        photos: &Path,
        on_photo: OnPhoto<'_>,
    ) -> Result<()> {
        make_folder(photos, Some(self.folder))?;
        let mut batch = Batch::new(&photos.join("incoming"), Some(self.folder))?;
        while let Some(stored) = list.next()? {
            on_photo(self.place(stored, photos, &mut batch))?;
        }
        batch.finish()
    }

    /// Restores one file, unless it is there; returns its length.
    fn place(&self, stored: Stored, photos: &Path, batch: &mut Batch) -> Result<u64> {
        let bytes = stored.sum.bytes;
        if !self.target.is_encrypted {
            let digest = stored.name;
            let place = DirectoryStore::file_in(photos, key(digest)?);
            // What an earlier try put here. An encrypted one is decrypted again: its name says
            // nothing.
            if files::check(&place, &[Sum { bytes, digest }]).is_ok() {
                return Ok(bytes);
            }
        }
        let written = batch.next();
        let sum = self.restore(stored, &written)?;
        let place = DirectoryStore::file_in(photos, key(sum.digest)?);
        batch.add(written, place, sum.bytes)?;
        Ok(sum.bytes)
    }

    /// Writes what a file of the backup holds to a new file. It is what its name says, of which
    /// nobody can make another; the checksum of an encrypted one is that of one of the times that
    /// it was encrypted.
    fn restore(&self, stored: Stored, written: &Path) -> Result<Sum> {
        let path = self.target.file(stored.name);
        let restored = files::restore(&path, stored.sum.bytes, self.identities, written);
        let sum = restored
            // As well as it can be done: the error that is reported is that of the restoring.
            .inspect_err(|_| drop(fs::remove_file(written)))?
            .plain;
        let name = if self.target.is_encrypted {
            Digest::keyed(&self.name_key, sum.digest)
        } else {
            sum.digest
        };
        if name != stored.name {
            remove_if_there(written)?;
            return Err(not_as_named(&path));
        }
        Ok(sum)
    }

    /// Several files concurrently; what became of them is heard in their order.
    async fn fill_store(
        &self,
        mut list: ListReader,
        store: &dyn BlobStore,
        on_photo: OnPhoto<'_>,
    ) -> Result<()> {
        loop {
            let mut page = Vec::with_capacity(PAGE);
            while page.len() < PAGE
                && let Some(stored) = list.next()?
            {
                page.push(stored);
            }
            if page.is_empty() {
                return Ok(());
            }
            let puts = page.into_iter().map(|stored| self.put(stored, store));
            let mut puts = stream::iter(puts).buffered(CONCURRENT_MAX);
            while let Some(put) = puts.next().await {
                on_photo(put)?;
            }
        }
    }

    /// Puts one file there, unless it is there whole; returns its length.
    async fn put(&self, stored: Stored, store: &dyn BlobStore) -> Result<u64> {
        let path = self.target.file(stored.name);
        if !self.target.is_encrypted {
            let sum = Sum {
                digest: stored.name,
                ..stored.sum
            };
            files::open_of_length(&path, sum.bytes)?;
            return put(&path, &path, sum, store).await;
        }
        let decrypted = self.workplace.join(stored.name.to_string());
        remove_if_there(&decrypted)?;
        let sum = self.restore(stored, &decrypted)?;
        // Removed below, whatever became of it: the disk need not hold the whole bucket.
        let done = put(&path, &decrypted, sum, store).await;
        remove_if_there(&decrypted)?;
        done
    }
}

/// Puts what a file holds into a store. `path` is where it is in the backup.
async fn put(path: &Path, content: &Path, sum: Sum, store: &dyn BlobStore) -> Result<u64> {
    let source = ContentFile(content.to_owned());
    let became = copy_blob(&source, store, key(sum.digest)?).await;
    match became.map_err(|source| BackupError::PhotoPlace { source })? {
        Became::WasThere | Became::Copied(_) => Ok(sum.bytes),
        Became::Damaged => Err(not_as_named(path)),
    }
}

fn not_as_named(path: &Path) -> BackupError {
    BackupError::damaged(path, "it is not what its name says")
}

fn key(content: Digest) -> Result<BlobKey> {
    let parsed = content.to_string().parse();
    parsed.map_err(|error| BackupError::Caller("a name is no key".to_owned(), Box::new(error)))
}

/// A file in the clear whose content is copied.
struct ContentFile(PathBuf);

#[async_trait]
impl BlobSource for ContentFile {
    async fn open(&self, key: BlobKey) -> infra_blob::Result<BlobRead> {
        let file = PatientFile::open(self.0.clone(), |path| File::open(path));
        let file = file.map_err(|error| lost(key, error))?;
        let metadata = file.file().metadata();
        let total = metadata.map_err(|error| lost(key, error))?.len();
        // Read on the thread that waits for it, which is one that may.
        let chunks = stream::try_unfold(file, move |file| async move {
            let (chunk, file) = next_chunk(file).map_err(|error| lost(key, error))?;
            Ok((!chunk.is_empty()).then_some((chunk.into(), file)))
        });
        Ok(BlobRead {
            total,
            length: total,
            chunks: chunks.boxed(),
        })
    }
}

fn next_chunk(mut file: PatientFile) -> io::Result<(Vec<u8>, PatientFile)> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    (&mut file)
        .take(CHUNK_BYTES as u64)
        .read_to_end(&mut chunk)?;
    Ok((chunk, file))
}

/// What the disk of the backup has lost is damage, which no further attempt repairs.
fn lost(key: BlobKey, source: io::Error) -> BlobError {
    match source.kind() {
        ErrorKind::NotFound => BlobError::NotFound(key),
        _ if is_lost_to_the_disk(&source) => BlobError::Damaged(key),
        _ => BlobError::Io {
            operation: "read a file of the backup",
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_passes_as_the_largest_files_after_each_other_have() {
        let mut passing = Passing::default();
        for bytes in [
            5, 5, 5, 90, 1, 1, 1, 1, 1, 1, 80, 1, 1, 1, 1, 1, 1, 1, 1, 60,
        ] {
            passing.add(bytes);
        }
        assert_eq!(passing.most, 90 + 6 + 80);
    }
}
