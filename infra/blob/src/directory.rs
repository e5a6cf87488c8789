//! Blobs as files in one directory.
//!
//! A blob is `ab/cd/abcd…`: its key, in two levels of folders, so that no folder holds too many
//! names. It is written as a file in `incoming/` and renamed into place when it is on disk, so a
//! name in `ab/cd` was a whole blob when it was put there. Should the disk have damaged it since,
//! writing the same content again puts a whole one in its place. What a dead process left in
//! `incoming/` is removed when the store is opened, and later by the sweeper.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use crate::folders::{Folders, sync_directory};
use crate::incoming::{INCOMING, sweep};
use crate::reads::Reads;
use crate::{
    BlobError, BlobKey, BlobRead, BlobStore, BlobWriter, ByteRange, CHUNK_BYTES, Page, Result,
    Stored, listing,
};

/// Numbers the files in `incoming/` of this process.
static INCOMING_NUMBER: AtomicU64 = AtomicU64::new(0);

/// A store in one directory. Cheap to clone.
#[derive(Clone)]
pub struct DirectoryStore {
    root: Arc<PathBuf>,
    folders: Arc<Folders>,
    reads: Reads,
    work_reads: Reads,
    reserve_bytes: u64,
}

impl DirectoryStore {
    /// The same store, which begins nothing new when less than this would stay free on its disk, in
    /// bytes.
    #[must_use]
    pub const fn with_reserve(mut self, reserve_bytes: u64) -> Self {
        self.reserve_bytes = reserve_bytes;
        self
    }

    /// Opens the store, makes its directory when it is not there, and removes what unfinished
    /// writes left an hour ago or longer.
    ///
    /// # Errors
    /// When the directory cannot be made or read.
    pub async fn open(root: &Path) -> Result<Self> {
        let root = Arc::new(root.to_owned());
        let opened = Arc::clone(&root);
        blocking("open its directory", move || {
            fs::create_dir_all(opened.join(INCOMING))?;
            if let Some(folder) = opened.parent() {
                infra_host::give_to_owner_of(folder, &opened)?;
            }
            infra_host::give_to_owner_of(&opened, &opened.join(INCOMING))?;
            sweep(&opened.join(INCOMING)).map(|_| ())
        })
        .await?;
        Ok(Self {
            root,
            folders: Arc::new(Folders::new()),
            reads: Reads::for_askers(),
            work_reads: Reads::for_work(),
            reserve_bytes: 0,
        })
    }

    /// Where a blob's file is, in the store in this directory, or would be.
    #[must_use]
    pub fn file_in(root: &Path, key: BlobKey) -> PathBuf {
        let name = key.to_string();
        root.join(&name[..2]).join(&name[2..4]).join(name)
    }

    fn path(&self, key: BlobKey) -> PathBuf {
        Self::file_in(&self.root, key)
    }
}

/// Runs what waits for the disk where it may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    operation: &'static str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
        .map_err(BlobError::io(operation))
}

#[async_trait]
impl BlobStore for DirectoryStore {
    async fn begin(&self) -> Result<Box<dyn BlobWriter>> {
        let number = INCOMING_NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}-{:032x}", std::process::id(), unique());
        let path = self.root.join(INCOMING).join(name);
        let temporary = blocking("begin a file", move || Temporary::create(path)).await?;
        Ok(Box::new(Writer {
            store: self.clone(),
            temporary: Some(temporary),
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }))
    }

    async fn require_room(&self, bytes: u64) -> Result<()> {
        if self.reserve_bytes == 0 {
            return Ok(());
        }
        let root = Arc::clone(&self.root);
        let available = blocking("look for room", move || infra_host::available_bytes(&root));
        let available = available.await?;
        if available < self.reserve_bytes.saturating_add(bytes) {
            return Err(BlobError::NoRoom { available });
        }
        Ok(())
    }

    async fn read(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.reads.stream(self.path(key), key, range).await
    }

    async fn read_for_work(&self, key: BlobKey, range: ByteRange) -> Result<BlobRead> {
        self.work_reads.stream(self.path(key), key, range).await
    }

    async fn read_all(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        self.reads.whole(self.path(key), key, bytes_max).await
    }

    async fn read_all_for_work(&self, key: BlobKey, bytes_max: u64) -> Result<Bytes> {
        self.work_reads.whole(self.path(key), key, bytes_max).await
    }

    async fn delete(&self, key: BlobKey) -> Result<bool> {
        let path = self.path(key);
        blocking("delete a file", move || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                removed => removed?,
            }
            // Deleted means deleted after a power cut too.
            path.parent().map_or(Ok(()), sync_directory)?;
            Ok(true)
        })
        .await
    }

    async fn remove_unfinished(&self) -> Result<u64> {
        let incoming = self.root.join(INCOMING);
        blocking("remove unfinished files", move || sweep(&incoming)).await
    }

    async fn exists(&self, key: BlobKey) -> Result<bool> {
        let path = self.path(key);
        blocking("look for a file", move || path.try_exists()).await
    }

    async fn list(&self, after: Option<BlobKey>, limit: usize) -> Result<Page> {
        let root = Arc::clone(&self.root);
        blocking("list its files", move || listing::page(&root, after, limit)).await
    }
}

/// A number that no other process on the same directory has concurrently, however process ids are
/// reused.
fn unique() -> u128 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap_or_default().as_nanos()
}

/// A file without a name of its own yet. Dropped, it is removed.
struct Temporary {
    path: PathBuf,
    file: File,
    placed: bool,
}

impl Temporary {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = File::options()
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

    /// Puts the file in its place, durably. Where the same content is already in place, it stays;
    /// what only has its name and not its content is replaced.
    fn place(mut self, stored: Stored, target: &Path, folders: &Folders) -> io::Result<()> {
        let folder = target.parent().unwrap_or(Path::new("."));
        folders.make(stored.key, folder)?;
        if is_whole(target, stored)? {
            // The one who put it there may not have come to this yet.
            return sync_directory(folder);
        }
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.placed = true;
        sync_directory(folder)
    }
}

/// Whether the file is there and is what its name says.
fn is_whole(path: &Path, stored: Stored) -> io::Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    if file.metadata()?.len() != stored.bytes {
        return Ok(false);
    }
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => hasher.update(&chunk[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // A sector that cannot be read any more is damage too.
            Err(_) => return Ok(false),
        };
    }
    Ok(BlobKey::of_hasher(&hasher) == stored.key)
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

struct Writer {
    store: DirectoryStore,
    /// Not there while a write is under way, and for good after one failed.
    temporary: Option<Temporary>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Writer {
    fn take(&mut self) -> Result<Temporary> {
        let failed = || io::Error::other("an earlier write of the same file failed");
        self.temporary
            .take()
            .ok_or_else(failed)
            .map_err(BlobError::io("write a file"))
    }
}

#[async_trait]
impl BlobWriter for Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let mut temporary = self.take()?;
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

    fn key(&self) -> BlobKey {
        BlobKey::of_hasher(&self.hasher)
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    async fn written(&mut self, bytes_max: u64) -> Result<Bytes> {
        if self.bytes > bytes_max {
            return Err(BlobError::TooLarge {
                key: self.key(),
                bytes: self.bytes,
                bytes_max,
            });
        }
        let mut temporary = self.take()?;
        let length = usize::try_from(self.bytes).unwrap_or(0);
        let (temporary, written) = blocking("read a file", move || {
            let mut written = Vec::with_capacity(length);
            temporary.file.seek(SeekFrom::Start(0))?;
            temporary.file.read_to_end(&mut written)?;
            Ok((temporary, written))
        })
        .await?;
        self.temporary = Some(temporary);
        Ok(written.into())
    }

    async fn finish(mut self: Box<Self>) -> Result<Stored> {
        let stored = Stored {
            key: self.key(),
            bytes: self.bytes,
        };
        let target = self.store.path(stored.key);
        let (temporary, folders) = (self.take()?, Arc::clone(&self.store.folders));
        blocking("keep a file", move || {
            temporary.place(stored, &target, &folders)
        })
        .await?;
        Ok(stored)
    }
}
