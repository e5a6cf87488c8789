//! Copies of what was synced.

use std::fs::{self, DirEntry, File, Metadata};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

/// How much of a file is copied at once, in bytes.
const CHUNK_BYTES: usize = 256 * 1024;

/// A folder with the last synced content of each file, and the last synced names of each folder.
#[derive(Debug, Clone)]
pub struct Journal {
    root: PathBuf,
}

/// One name in a folder.
pub(crate) struct Entry {
    pub(crate) name: PathBuf,
    pub(crate) is_folder: bool,
    /// What stands for the file or folder of this name.
    pub(crate) key: String,
}

impl Journal {
    /// The journal in this folder.
    ///
    /// # Errors
    /// When its folders cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        for kind in ["files", "folders", "incoming"] {
            fs::create_dir_all(root.join(kind))?;
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Takes everything below this folder for synced: what a machine finds on its disk when it
    /// starts.
    ///
    /// # Errors
    /// When something cannot be read or copied.
    pub fn record_all(&self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let kind = fs::symlink_metadata(&path)?.file_type();
            if kind.is_dir() {
                // What is in a folder before the folder: its names must not be there without what
                // they name.
                self.record_all(&path)?;
            } else if kind.is_file() {
                self.record(&File::open(path)?)?;
            }
        }
        self.record(&File::open(folder)?)
    }

    /// Records that this file or folder was synced as it is now.
    ///
    /// # Errors
    /// When it cannot be read or copied.
    pub(crate) fn record(&self, synced: &File) -> io::Result<()> {
        let names = names_in(synced)?;
        self.record_with(synced, names.as_deref())
    }

    /// The same of a folder that held these names when the sync began. What was written to a file
    /// meanwhile may count as synced, because a disk may have it; a name may not, or another
    /// thread's missing sync would be hidden by this one.
    ///
    /// # Errors
    /// When it cannot be read or copied.
    pub(crate) fn record_with(&self, synced: &File, names: Option<&str>) -> io::Result<()> {
        let metadata = synced.metadata()?;
        if let Some(names) = names {
            self.write("folders", &key_of(&metadata)?, |copy| {
                copy.write_all_at(names.as_bytes(), 0)
            })
        } else if metadata.is_file() {
            self.write("files", &key_of(&metadata)?, |copy| {
                record_content(synced, copy)
            })
        } else {
            Ok(())
        }
    }

    /// Puts a whole file in place of the one of this key.
    fn write(
        &self,
        kind: &str,
        key: &str,
        fill: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        let incoming = self.incoming();
        // Beside its place and renamed: the program may be killed in the middle of a copy.
        fill(&File::create(&incoming)?)?;
        fs::rename(incoming, self.root.join(kind).join(key))
    }

    /// What was synced of a file; nothing when it never was.
    pub(crate) fn content(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        found(fs::read(self.root.join("files").join(key)))
    }

    /// The names that were synced of a folder; nothing when it never was.
    pub(crate) fn names(&self, key: &str) -> io::Result<Option<Vec<Entry>>> {
        let lines = found(fs::read_to_string(self.root.join("folders").join(key)))?;
        Ok(lines.map(|lines| lines.lines().filter_map(Entry::parse).collect()))
    }

    /// A new name for what is not whole yet. Several processes may write to one journal.
    fn incoming(&self) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", std::process::id());
        self.root.join("incoming").join(name)
    }
}

impl Entry {
    /// What the folder holds now under this name.
    pub(crate) fn of(entry: &DirEntry) -> io::Result<Option<Self>> {
        // Gone since the folder was read.
        let Some(metadata) = found(fs::symlink_metadata(entry.path()))? else {
            return Ok(None);
        };
        let is_folder = metadata.is_dir();
        // Sockets and links hold nothing that could be lost.
        if !is_folder && !metadata.is_file() {
            return Ok(None);
        }
        Ok(Some(Self {
            name: entry.file_name().into(),
            is_folder,
            key: key_of(&metadata)?,
        }))
    }

    fn line(&self) -> String {
        let kind = if self.is_folder { "folder" } else { "file" };
        // A name may have a blank or a line break, which separate the words and lines here.
        let name = hex::encode(self.name.as_os_str().as_bytes());
        format!("{kind} {} {name}\n", self.key)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (kind, key, name) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            name: std::ffi::OsString::from_vec(hex::decode(name).ok()?).into(),
            is_folder: kind == "folder",
            key: key.to_owned(),
        })
    }
}

/// A line for each name that a folder holds; nothing of what is no folder.
pub(crate) fn names_in(folder: &File) -> io::Result<Option<String>> {
    if !folder.metadata()?.is_dir() {
        return Ok(None);
    }
    let mut lines = String::new();
    for entry in fs::read_dir(own_path(folder))? {
        // What goes away meanwhile may as well be gone.
        if let Some(entry) = Entry::of(&entry?)? {
            lines.push_str(&entry.line());
        }
    }
    Ok(Some(lines))
}

/// What stands for a file or folder whatever it is called: its inode, and when it was made, because
/// numbers of inodes are given again. A file system that does not say when would have one file take
/// another's content.
pub(crate) fn key_of(metadata: &Metadata) -> io::Result<String> {
    let made = metadata.created()?.duration_since(UNIX_EPOCH);
    let made = made.map_err(io::Error::other)?.as_nanos();
    Ok(format!("{}-{made}", metadata.ino()))
}

/// Not opened by its path unless it has to be: closing any descriptor of a file drops the locks
/// that SQLite holds on it in this process.
fn record_content(file: &File, copy: &File) -> io::Result<()> {
    match copy_content(file, copy) {
        // It was opened for writing alone, which SQLite never does.
        Err(error) if error.raw_os_error() == Some(libc::EBADF) => {
            copy_content(&File::open(own_path(file))?, copy)
        }
        copied => copied,
    }
}

fn own_path(file: &File) -> PathBuf {
    // By the descriptor: the file may have another name by now, or none.
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Copies a file from its beginning and leaves its position where it is.
fn copy_content(file: &File, copy: &File) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        let read = file.read_at(&mut chunk, offset)?;
        if read == 0 {
            return Ok(());
        }
        copy.write_all_at(&chunk[..read], offset)?;
        offset += read as u64;
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}
