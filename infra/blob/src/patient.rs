//! Files that are read again where the disk fails for a moment: a mount over a network that is away
//! says of a file what a disk says of one that it has lost.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::io::Errno;

use crate::is_lost_to_the_disk;

/// How often something is read before it counts as lost.
const TRIES_MAX: u32 = 3;
/// The pause before each further try.
const TRY_PAUSE: Duration = Duration::from_secs(1);
/// After so many failures in a row nothing is waited for until something can be read again: a disk
/// that is gone for good should be reported today.
const GIVEN_UP_MAX: u32 = 32;

/// How many files in a row could not be read in spite of the pauses.
static GIVEN_UP: AtomicU32 = AtomicU32::new(0);

/// A file, read from its beginning or from where it was sought. It waits on its thread.
#[derive(Debug)]
pub struct PatientFile {
    path: PathBuf,
    open: fn(&Path) -> io::Result<File>,
    file: File,
    position: u64,
}

impl PatientFile {
    /// Opens a file in this way, and again where that fails for a moment.
    ///
    /// # Errors
    /// The system's, of the last try.
    pub fn open(path: PathBuf, open: fn(&Path) -> io::Result<File>) -> io::Result<Self> {
        let file = patiently(|_| open(&path))?;
        Ok(Self {
            path,
            open,
            file,
            position: 0,
        })
    }

    /// The file that is open just now.
    #[must_use]
    pub const fn file(&self) -> &File {
        &self.file
    }

    /// Reads from this place on, counted in bytes from the beginning.
    ///
    /// # Errors
    /// The system's.
    pub fn skip_to(&mut self, position: u64) -> io::Result<()> {
        self.position = self.file.seek(SeekFrom::Start(position))?;
        Ok(())
    }

    /// By another handle: that of before may be of a mount that was made again since.
    fn open_again(&mut self) -> io::Result<()> {
        let mut file = (self.open)(&self.path)?;
        file.seek(SeekFrom::Start(self.position))?;
        self.file = file;
        Ok(())
    }
}

impl Read for PatientFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = patiently(|tries| {
            if tries > 1 {
                self.open_again()?;
            }
            self.file.read(buffer)
        })?;
        self.position += length as u64;
        Ok(length)
    }
}

/// Does it, and again where it may be that the disk is away for a moment. It is told which try it
/// is.
fn patiently<T>(mut work: impl FnMut(u32) -> io::Result<T>) -> io::Result<T> {
    let mut tries = 1;
    loop {
        let error = match work(tries) {
            Ok(done) => {
                if GIVEN_UP.load(Ordering::Relaxed) > 0 {
                    GIVEN_UP.store(0, Ordering::Relaxed);
                }
                return Ok(done);
            }
            Err(error) if may_pass(&error) => error,
            Err(error) => return Err(error),
        };
        if tries >= TRIES_MAX || GIVEN_UP.load(Ordering::Relaxed) >= GIVEN_UP_MAX {
            GIVEN_UP.fetch_add(1, Ordering::Relaxed);
            return Err(error);
        }
        tracing::debug!(%error, tries, "a file is read again");
        tries += 1;
        std::thread::sleep(TRY_PAUSE);
    }
}

fn may_pass(error: &io::Error) -> bool {
    is_lost_to_the_disk(error) || Errno::from_io_error(error) == Some(Errno::STALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the system cannot read, as it cannot read a sector that is lost: this process's own
    /// memory at the address 0.
    const LOST: &str = "/proc/self/mem";

    fn read(file: io::Result<PatientFile>) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        file?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Lost at first, and then not any more.
    fn open_late(path: &Path) -> io::Result<File> {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        match OPENED.fetch_add(1, Ordering::SeqCst) {
            0 => Err(Errno::STALE.into()),
            1 => File::open(LOST),
            _ => File::open(path),
        }
    }

    #[test]
    fn what_can_be_read_again_is_whole_and_what_cannot_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo");
        std::fs::write(&path, "content").unwrap();
        let late = PatientFile::open(path.clone(), open_late);
        assert_eq!(read(late).unwrap(), b"content");
        let lost = read(PatientFile::open(LOST.into(), |path| File::open(path)));
        assert!(is_lost_to_the_disk(&lost.unwrap_err()));
        let missing = PatientFile::open(folder.path().join("other"), |path| File::open(path));
        let missing = missing.map(drop).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_goes_on_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo");
        std::fs::write(&path, "content").unwrap();
        let mut file = PatientFile::open(path, |path| File::open(path)).unwrap();
        file.skip_to(2).unwrap();
        let mut one = [0];
        file.read_exact(&mut one).unwrap();
        // As if its mount had gone.
        file.file = File::open(LOST).unwrap();
        assert_eq!(read(Ok(file)).unwrap(), b"tent");
    }
}
