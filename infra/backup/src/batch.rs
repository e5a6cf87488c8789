//! Puts many files in their places, durably, with few waits for the disk.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::error::failed;

/// The most files that wait for a place.
const FILES_MAX: usize = 256;
/// The most bytes that wait for a place.
pub(crate) const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Files that were written under names of no meaning. They are given their places together, when
/// they are on disk: what has its name there is whole, whenever the machine lost its power.
pub(crate) struct Batch {
    /// Where files are written, on the disk of their places.
    incoming: PathBuf,
    disk: Disk,
    /// Whose owner everything goes to that root makes.
    owner: Option<PathBuf>,
    waiting: Vec<(PathBuf, PathBuf)>,
    bytes: u64,
    count: u64,
}

impl Batch {
    /// Makes the folder of unfinished files and removes what is in it.
    pub(crate) fn new(incoming: &Path, owner: Option<&Path>) -> Result<Self> {
        make_folder(incoming, owner)?;
        for entry in fs::read_dir(incoming).map_err(failed("read", incoming))? {
            let path = entry.map_err(failed("read", incoming))?.path();
            // What a run left that was cut off: it may be half a file.
            fs::remove_file(&path).map_err(failed("removed", &path))?;
        }
        Ok(Self {
            disk: Disk::of(incoming)?,
            incoming: incoming.to_owned(),
            owner: owner.map(Path::to_owned),
            waiting: Vec::new(),
            bytes: 0,
            count: 0,
        })
    }

    /// A path for the next file.
    pub(crate) fn next(&mut self) -> PathBuf {
        self.count += 1;
        self.incoming.join(self.count.to_string())
    }

    /// Takes a file that was written there and belongs here.
    pub(crate) fn add(&mut self, written: PathBuf, place: PathBuf, bytes: u64) -> Result<()> {
        self.waiting.push((written, place));
        self.bytes += bytes;
        if self.waiting.len() >= FILES_MAX || self.bytes >= BYTES_MAX {
            self.place()?;
        }
        Ok(())
    }

    /// Gives all their places, and returns when the disk has the places, too.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.place()?;
        self.sync()
    }

    /// Returns when everything is on the disk that was written to it.
    pub(crate) fn sync(&self) -> Result<()> {
        self.disk.sync()
    }

    fn place(&mut self) -> Result<()> {
        if !self.waiting.is_empty() {
            let written = self.waiting.iter().map(|(written, _)| written.as_path());
            // All of them before the first rename: one wait for the disk for up to `FILES_MAX`
            // files.
            self.disk.sync_files(written)?;
        }
        for (written, place) in self.waiting.drain(..) {
            let owner = self.owner.as_deref();
            if let Some(folder) = place.parent() {
                make_folder(folder, owner)?;
            }
            // Before it has its place, so that nothing there is root's alone.
            give(&written, owner)?;
            fs::rename(&written, &place).map_err(failed("written", &place))?;
        }
        self.bytes = 0;
        Ok(())
    }
}

/// Makes a folder, and those above it, when it is not there.
pub(crate) fn make_folder(folder: &Path, owner: Option<&Path>) -> Result<()> {
    // Nearly always it is there, or the folder above it is.
    match fs::create_dir(folder) {
        Ok(()) => return give(folder, owner),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed("made", folder)(error)),
    }
    if let Some(above) = folder.parent() {
        make_folder(above, owner)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(failed("made", folder)(error))
        }
        _ => give(folder, owner),
    }
}

fn give(path: &Path, owner: Option<&Path>) -> Result<()> {
    let given = owner.map_or(Ok(()), |owner| infra_host::give_to_owner_of(owner, path));
    given.map_err(failed("given to the folder's owner", path))
}

/// The disk of a folder. It is opened before anything is written, so that a write that failed
/// meanwhile in the background is an error of the next sync.
pub(crate) struct Disk {
    folder: PathBuf,
    opened: File,
}

impl Disk {
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            opened: File::open(folder).map_err(failed("read", folder))?,
        })
    }

    /// Returns when everything written to it is on it.
    #[cfg(target_os = "linux")]
    pub(crate) fn sync(&self) -> Result<()> {
        let synced = rustix::fs::syncfs(&self.opened);
        synced.map_err(|error| failed("synced", &self.folder)(error.into()))
    }

    /// Where a whole disk cannot be waited for, each file is, and folders as far as they are known.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn sync(&self) -> Result<()> {
        let synced = self.opened.sync_all();
        synced.map_err(failed("synced", &self.folder))
    }

    /// Returns when these files are on it, which are many.
    fn sync_files<'a>(&self, files: impl Iterator<Item = &'a Path>) -> Result<()> {
        if cfg!(target_os = "linux") {
            return self.sync();
        }
        files.into_iter().try_for_each(sync_file)
    }
}

/// Returns when everything written to the disk of this folder is on it.
pub(crate) fn sync(folder: &Path) -> Result<()> {
    Disk::of(folder)?.sync()
}

/// Returns when this file is on its disk.
pub(crate) fn sync_file(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(failed("synced", path))
}

/// Writes a small file, whole or not at all.
pub(crate) fn write_small(path: &Path, content: &[u8]) -> Result<()> {
    infra_host::replace(path, content).map_err(failed("written", path))
}

/// Removes a file that may not be there.
pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removed", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a folder that may not be there.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removed", folder)(error)),
        _ => Ok(()),
    }
}
