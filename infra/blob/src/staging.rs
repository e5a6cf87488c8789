//! A file in `incoming/` that is written and hashed piece by piece, before it is kept.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;

use crate::blocking::blocking;
use crate::incoming::INCOMING;
use crate::{BlobError, BlobKey, Result, Stored};

/// Numbers the files in `incoming/` of this process.
static INCOMING_NUMBER: AtomicU64 = AtomicU64::new(0);

/// What is written and not kept yet.
pub(crate) struct Staged {
    /// Not there while a write is under way, and for good after one failed.
    temporary: Option<Temporary>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Staged {
    /// Begins a file in the `incoming/` of this folder.
    pub(crate) async fn begin(root: &Path) -> Result<Self> {
        let number = INCOMING_NUMBER.fetch_add(1, Ordering::Relaxed);
        // Whatever may write here at the same moment: another thread, or another process.
        let name = format!("{}-{number}-{:032x}", std::process::id(), unique());
        let path = root.join(INCOMING).join(name);
        let temporary = blocking("begin a file", move || Temporary::create(path)).await?;
        Ok(Self {
            temporary: Some(temporary),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        })
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let mut temporary = self.take()?;
        // A copy, since the work goes to a thread, which may outlive this call.
        let mut hasher = self.hasher.clone();
        let length = bytes.len() as u64;
        let (temporary, hasher) = blocking("write a file", move || {
            hasher.update(&bytes);
            temporary.file.write_all(&bytes)?;
            Ok((temporary, hasher))
        })
        .await?;
        self.temporary = Some(temporary);
        self.hasher = hasher;
        self.bytes += length;
        Ok(())
    }

    pub(crate) fn stored(&self) -> Stored {
        Stored {
            key: BlobKey::of_hasher(&self.hasher),
            bytes: self.bytes,
        }
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was written so far, whole, when it is at most `bytes_max` bytes.
    pub(crate) async fn written(&mut self, bytes_max: u64) -> Result<Bytes> {
        let Stored { key, bytes } = self.stored();
        if bytes > bytes_max {
            return Err(BlobError::TooLarge {
                key,
                bytes,
                bytes_max,
            });
        }
        let mut temporary = self.take()?;
        let (temporary, written) = blocking("read a file", move || {
            let written = temporary.read_part(0, bytes)?;
            // Where the next write goes on.
            temporary.file.seek(SeekFrom::End(0))?;
            Ok((temporary, written))
        })
        .await?;
        self.temporary = Some(temporary);
        Ok(written)
    }

    /// The file, to keep it.
    pub(crate) fn take(&mut self) -> Result<Temporary> {
        let failed = || io::Error::other("an earlier write of the same file failed");
        self.temporary
            .take()
            .ok_or_else(failed)
            .map_err(BlobError::io("write a file"))
    }
}

/// A number that no other process on the same directory has concurrently, however process ids are
/// reused.
fn unique() -> u128 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_nanos()
}

/// A file without a name of its own yet. Dropped, it is removed.
pub(crate) struct Temporary {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) placed: bool,
}

impl Temporary {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = File::options()
            // It is read again before it is kept: looked at, or sent.
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        if let Some(folder) = path.parent() {
            infra_host::give_to_owner_of(folder, &path)?;
        }
        Ok(Self {
            path,
            file,
            placed: false,
        })
    }

    /// So many bytes of the file from here on, fewer where it ends.
    pub(crate) fn read_part(&mut self, offset: u64, bytes: u64) -> io::Result<Bytes> {
        let mut read = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
        self.file.seek(SeekFrom::Start(offset))?;
        (&mut self.file).take(bytes).read_to_end(&mut read)?;
        Ok(read.into())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // One unlink, short enough to be done wherever the drop happens. If it fails, the sweep at
        // the next start does it.
        if !self.placed
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "a file that was not finished could not be removed");
        }
    }
}
