//! Reads photos' files where they are, several at a time, into new files of the backup.

use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use infra_blob::transfer::patiently;
use infra_blob::{BlobError, BlobKey, BlobStore, ByteRange, is_lost_to_the_disk};
use tokio::runtime::Handle;

use crate::batch::remove_if_there;
use crate::digest::Digest;
use crate::files::{NewFile, Throttle, Written};
use crate::{Recipient, Result};

/// Where photos' files are.
#[derive(Clone, Copy)]
pub struct PhotoSource<'a> {
    /// The store that holds them: the one that serves them.
    pub store: &'a dyn BlobStore,
    /// How many are read at a time; at least one. The server has the rest of its disk; a bucket is
    /// far away.
    pub concurrent: usize,
    /// Where it is waited for.
    pub runtime: &'a Handle,
}

/// What became of a file that was asked for.
pub(crate) enum Fetched {
    /// It was written there, and is what its name says.
    Whole(PathBuf, Written),
    /// It is not there.
    Missing,
    /// It is there, and not what its name says, or not to be read.
    Damaged,
}

/// Reads files into a backup.
pub(crate) struct Fetcher<'a> {
    pub(crate) source: PhotoSource<'a>,
    pub(crate) recipients: &'a [Recipient],
    pub(crate) throttle: &'a Throttle,
}

impl Fetcher<'_> {
    /// Reads a file to this path. A store that is away for some seconds is waited for.
    pub(crate) async fn fetch(&self, key: BlobKey, path: PathBuf) -> Result<Fetched> {
        let content = patiently(|| self.attempt(key, &path)).await??;
        Ok(match content {
            Content::Read(written) if written.plain.digest == Digest::from(key) => {
                Fetched::Whole(path, written)
            }
            Content::Missing => Fetched::Missing,
            Content::Read(_) | Content::Lost => {
                remove_if_there(&path)?;
                Fetched::Damaged
            }
        })
    }

    /// Reads it once, from the beginning. The outer error is the store's.
    async fn attempt(&self, key: BlobKey, path: &Path) -> infra_blob::Result<Result<Content>> {
        let mut read = match self.source.store.read_for_work(key, ByteRange::ALL).await {
            Ok(read) => read,
            Err(error) => return unless_lost(error),
        };
        // An attempt before this one may have begun it.
        let created = remove_if_there(path).and_then(|()| NewFile::create(path, self.recipients));
        let mut file = match created {
            Ok(file) => file,
            Err(error) => return Ok(Err(error)),
        };
        while let Some(chunk) = read.chunks.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return unless_lost(error),
            };
            // The others are read meanwhile: a bucket ends a response that nobody takes.
            tokio::time::sleep(self.throttle.count(chunk.len() as u64)).await;
            if let Err(error) = file.write(&chunk) {
                return Ok(Err(error));
            }
        }
        Ok(file.finish().map(Content::Read))
    }
}

/// What one attempt has read.
enum Content {
    Read(Written),
    /// There is nothing under this name.
    Missing,
    /// There is something, and the disk or the store cannot give it back.
    Lost,
}

/// What is missing or lost is no failure of the store.
fn unless_lost(error: BlobError) -> infra_blob::Result<Result<Content>> {
    match error {
        BlobError::NotFound(_) => Ok(Ok(Content::Missing)),
        BlobError::Damaged(_) => Ok(Ok(Content::Lost)),
        BlobError::Io { source, .. } if is_lost_to_the_disk(&source) => Ok(Ok(Content::Lost)),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use infra_blob::DirectoryStore;
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_read_that_is_held_to_a_rate_holds_up_no_other() {
        let folder = TempDir::new().unwrap();
        let store = DirectoryStore::open(folder.path()).await.unwrap();
        let content = vec![7; 10_000];
        let mut writer = store.begin().await.unwrap();
        writer.write(content.clone().into()).await.unwrap();
        writer.finish().await.unwrap();
        let fetcher = Fetcher {
            source: PhotoSource {
                store: &store,
                concurrent: 1,
                runtime: &Handle::current(),
            },
            recipients: &[],
            throttle: &Throttle::new(Some(10_000)),
        };
        let fetch = fetcher.fetch(BlobKey::of(&content), folder.path().join("fetched"));
        tokio::pin!(fetch);
        let (mut polled, mut longest) = (Instant::now(), Duration::ZERO);
        let fetched = loop {
            let next = tokio::time::timeout(Duration::from_millis(5), &mut fetch).await;
            longest = longest.max(polled.elapsed());
            polled = Instant::now();
            if let Ok(fetched) = next {
                break fetched.unwrap();
            }
        };
        assert!(matches!(fetched, Fetched::Whole(..)));
        assert!(longest < Duration::from_millis(500), "{longest:?}");
    }
}
