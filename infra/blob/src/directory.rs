//! Blobs as files in one directory.
//!
//! A blob is `ab/cd/abcd…`: its key, in two levels of folders, so that no folder holds too many
//! names. It is written as a file in `incoming/` and renamed into place when it is on disk, so a
//! name in `ab/cd` was a whole blob when it was put there. Should the disk have damaged it since,
//! writing the same content again puts a whole one in its place. What a dead process left in
//! `incoming/` is removed when the store is opened, and later by the sweeper.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::blocking::blocking;
use crate::folders::{Folders, sync_directory};
use crate::incoming::{open_incoming, remove_unfinished, require_room};
use crate::reads::Reads;
use crate::staging::{Staged, Temporary};
use crate::{
    BlobKey, BlobRead, BlobStore, BlobWriter, ByteRange, CHUNK_BYTES, Page, Result, Stored, listing,
};

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
        open_incoming(root).await?;
        Ok(Self {
            root: Arc::new(root.to_owned()),
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

#[async_trait]
impl BlobStore for DirectoryStore {
    async fn begin(&self) -> Result<Box<dyn BlobWriter>> {
        Ok(Box::new(Writer {
            store: self.clone(),
            staged: Staged::begin(&self.root).await?,
        }))
    }

    async fn require_room(&self, bytes: u64) -> Result<()> {
        require_room(&self.root, self.reserve_bytes, bytes).await
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
        remove_unfinished(&self.root).await
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

/// Puts the file in its place, durably. Where the same content is already in place, it stays; what
/// only has its name and not its content is replaced.
fn place(
    mut temporary: Temporary,
    stored: Stored,
    target: &Path,
    folders: &Folders,
) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    folders.make(stored.key, folder)?;
    if is_whole(target, stored)? {
        // The one who put it there may not have come to this yet.
        return sync_directory(folder);
    }
    // Before the rename: what has a name here is relied on to be whole.
    temporary.file.sync_all()?;
    fs::rename(&temporary.path, target)?;
    // Before the folder is synced: a failure there must not remove what has its name by now.
    temporary.placed = true;
    sync_directory(folder)
}

/// Whether the file is there and is what its name says.
fn is_whole(path: &Path, stored: Stored) -> io::Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    // By length first: it costs no read.
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

struct Writer {
    store: DirectoryStore,
    staged: Staged,
}

#[async_trait]
impl BlobWriter for Writer {
    async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.staged.write(bytes).await
    }

    fn key(&self) -> BlobKey {
        self.staged.stored().key
    }

    fn bytes(&self) -> u64 {
        self.staged.bytes()
    }

    async fn written(&mut self, bytes_max: u64) -> Result<Bytes> {
        self.staged.written(bytes_max).await
    }

    async fn finish(mut self: Box<Self>) -> Result<Stored> {
        let stored = self.staged.stored();
        let target = self.store.path(stored.key);
        let (temporary, folders) = (self.staged.take()?, Arc::clone(&self.store.folders));
        blocking("keep a file", move || {
            place(temporary, stored, &target, &folders)
        })
        .await?;
        Ok(stored)
    }
}
