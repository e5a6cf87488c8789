//! Room on the disk of a folder, and some that is kept for the moment when there is none.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// The name of the file that keeps room.
pub const BALLAST: &str = "ballast";
/// How much it keeps, in bytes: what deleting, signing in and a start need until somebody has made
/// room. A start takes one or two megabytes for the logs of the databases, and every log is cut
/// back at a few megabytes.
pub const BALLAST_BYTES: u64 = 32 * 1024 * 1024;
/// With less than this free, in bytes, the disk is full: writes are about to fail.
pub const FULL_BYTES: u64 = 8 * 1024 * 1024;
/// From so much on, in bytes, it has room again.
const ROOM_BYTES: u64 = FULL_BYTES + 2 * BALLAST_BYTES;
/// How long what a look at the disk said is taken for true.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// What is written at once where the system cannot reserve space by itself, in bytes.
const CHUNK_BYTES: usize = 1024 * 1024;

/// How much may be written to the disk of this path, in bytes, by somebody who is not root.
///
/// # Errors
/// When the path is not there, or the system does not say. A file system that has no sizes (some of
/// those of FUSE) has no limit: writes find out.
pub fn available_bytes(path: &Path) -> io::Result<u64> {
    static LOGGED: Once = Once::new();
    let space = rustix::fs::statvfs(path)?;
    if space.f_blocks == 0 || space.f_frsize == 0 {
        LOGGED.call_once(|| {
            tracing::info!(path = %path.display(), "this file system does not report how much room it has; no reserve is kept");
        });
        return Ok(u64::MAX);
    }
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// How it stands with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Anything may be written.
    Ample,
    /// The ballast has been released: only what helps may be written, and what has to be.
    Full,
}

/// A file that takes room on the disk of a folder, to be released when there is no other. Released,
/// it stays as an empty file, so that the next process knows.
pub struct Ballast {
    path: PathBuf,
    folder: PathBuf,
    available: Box<Available>,
    is_full: AtomicBool,
    /// When the disk was last looked at.
    looked: Mutex<Option<Instant>>,
}

/// How much may be written to the disk of a folder: [`available_bytes`] but in tests.
type Available = dyn Fn(&Path) -> io::Result<u64> + Send + Sync;

impl Ballast {
    /// The ballast of this folder; it is neither made nor released yet.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self::on_disk(folder, available_bytes)
    }

    /// The same on a disk that has as much room as this says: for tests, which have no full disk.
    #[must_use]
    pub fn on_disk(
        folder: &Path,
        available: impl Fn(&Path) -> io::Result<u64> + Send + Sync + 'static,
    ) -> Self {
        Self {
            path: folder.join(BALLAST),
            folder: folder.to_owned(),
            available: Box::new(available),
            is_full: AtomicBool::new(false),
            looked: Mutex::new(None),
        }
    }

    /// Whether it is there and keeps room.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.bytes().is_some_and(|bytes| bytes > 0)
    }

    /// Whether it was released, and not made again since.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.bytes() == Some(0)
    }

    /// How it stood with the disk when it was last looked at, within a second: for anyone who asks
    /// often. What fills the disk in between is noticed by the write that fails, and anyone who
    /// sees that asks [`Self::check`].
    pub fn room(&self) -> Room {
        self.room_at(Instant::now())
    }

    fn room_at(&self, now: Instant) -> Room {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh =
            looked.is_some_and(|looked| now.saturating_duration_since(looked) < LOOK_INTERVAL);
        if !is_fresh {
            return self.check_at(now);
        }
        if self.is_full.load(Ordering::Acquire) {
            Room::Full
        } else {
            Room::Ample
        }
    }

    /// Looks at the disk, which takes a few microseconds, and releases the ballast when it is full.
    /// Once full, it stays so until there is room for the ballast again, so that what the ballast
    /// gave is not used up by what filled the disk.
    pub fn check(&self) -> Room {
        self.check_at(Instant::now())
    }

    fn check_at(&self, now: Instant) -> Room {
        // Noted first: of many who ask at once, one looks and the others go by what was seen last.
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        // Where it is not known how much room there is, writes find out.
        let available = (self.available)(&self.folder).unwrap_or(u64::MAX);
        let released = available < FULL_BYTES && self.release();
        let is_full = available < FULL_BYTES || (available < ROOM_BYTES && self.is_released());
        if self.is_full.swap(is_full, Ordering::AcqRel) == is_full && !released {
            // Nothing that the log does not know.
        } else if is_full {
            tracing::error!(
                available_bytes = available,
                folder = %self.folder.display(),
                released_bytes = if released { BALLAST_BYTES } else { 0 },
                "the disk is full: what is there can be read and deleted, nothing more is taken until there is room"
            );
        } else {
            tracing::info!(available_bytes = available, "the disk has room again");
        }
        if is_full { Room::Full } else { Room::Ample }
    }

    /// Makes the ballast when it is not there and the disk has room. It may take as long as writing
    /// so much does. Returns whether it is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(&self) -> io::Result<bool> {
        if self.is_there() {
            return Ok(true);
        }
        // Twice its size above what counts as full: making it must not fill the disk.
        if (self.available)(&self.folder)? < ROOM_BYTES {
            return Ok(false);
        }
        let unfinished = self.unfinished();
        let made = fill(&unfinished)
            .and_then(|()| crate::give_to_owner_of(&self.folder, &unfinished))
            // Named when it is whole: half a ballast would count as one.
            .and_then(|()| fs::rename(&unfinished, &self.path));
        if made.is_err() {
            // What was written of it is in the way of others. Should this fail too, the next
            // attempt writes over it.
            let _ = fs::remove_file(&unfinished);
        }
        made.map(|()| true)
    }

    /// Removes what a process that was killed had made of it. Returns whether there was anything. A
    /// reader that is making one has to make it again, and is told.
    pub fn remove_unfinished(&self) -> bool {
        fs::remove_file(self.unfinished()).is_ok()
    }

    fn unfinished(&self) -> PathBuf {
        self.folder.join(format!("{BALLAST}.new"))
    }

    fn bytes(&self) -> Option<u64> {
        fs::metadata(&self.path).ok().map(|metadata| metadata.len())
    }

    /// Returns whether it gave any room.
    fn release(&self) -> bool {
        let removed = self.remove_unfinished();
        if !self.is_there() {
            return removed;
        }
        let cut = File::options()
            .write(true)
            // Cut to nothing and not removed: the empty file is the mark for the next process.
            .open(&self.path)
            .and_then(|file| file.set_len(0));
        // Nothing more can be done: the disk counts as full, and the operator reads it.
        if let Err(error) = &cut {
            tracing::error!(%error, "the ballast could not be released");
        }
        removed || cut.is_ok()
    }
}

/// Reserves space. Zeros would do on most systems, and not on those that compress.
fn fill(path: &Path) -> io::Result<()> {
    let mut file = crate::create_new_in_place(path)?;
    #[cfg(target_os = "linux")]
    if rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, BALLAST_BYTES).is_ok() {
        return file.sync_all();
    }
    // Something that does not compress: a simple generator of numbers does.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let mut left = BALLAST_BYTES;
    while left > 0 {
        chunk.clear();
        while chunk.len() < CHUNK_BYTES {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.extend_from_slice(&state.to_le_bytes());
        }
        file.write_all(&chunk)?;
        left = left.saturating_sub(CHUNK_BYTES as u64);
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn it_takes_the_room_that_it_says_and_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let ballast = Ballast::of(folder.path());
        assert!(!ballast.is_there() && !ballast.is_released());
        assert!(ballast.make().unwrap());
        assert!(ballast.make().unwrap());
        let file = fs::metadata(folder.path().join(BALLAST)).unwrap();
        assert_eq!(file.len(), BALLAST_BYTES);
        assert!(ballast.release() && ballast.is_released());
        assert!(!ballast.release());
        // A process was killed while it made one.
        fill(&folder.path().join("ballast.new")).unwrap();
        assert!(ballast.release() && !ballast.release());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // This disk has room, so it was released for nothing.
        assert_eq!(ballast.check(), Room::Ample);
        assert!(ballast.make().unwrap());
    }

    /// A ballast on a disk of which the test says how much is free, and how often it was looked at.
    fn on_small_disk(folder: &Path) -> (Ballast, Arc<AtomicU64>, Arc<AtomicU64>) {
        let free = Arc::new(AtomicU64::new(u64::MAX));
        let looks = Arc::new(AtomicU64::new(0));
        let (told, counted) = (Arc::clone(&free), Arc::clone(&looks));
        let ballast = Ballast::on_disk(folder, move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(told.load(Ordering::SeqCst))
        });
        (ballast, free, looks)
    }

    #[test]
    fn anyone_who_asks_often_looks_at_the_disk_once_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let (ballast, free, looks) = on_small_disk(folder.path());
        let began = Instant::now();
        let room = |milliseconds| ballast.room_at(began + Duration::from_millis(milliseconds));
        assert_eq!(room(0), Room::Ample);
        free.store(0, Ordering::SeqCst);
        for milliseconds in [1, 500, 999] {
            assert_eq!(room(milliseconds), Room::Ample);
        }
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        assert_eq!(room(1_000), Room::Full);
        assert_eq!(room(1_500), Room::Full);
        assert_eq!(looks.load(Ordering::SeqCst), 2);
        // A write that failed looks at once, and everybody goes by it.
        free.store(u64::MAX, Ordering::SeqCst);
        assert_eq!(
            ballast.check_at(began + Duration::from_millis(1_600)),
            Room::Ample
        );
        assert_eq!(room(1_700), Room::Ample);
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn it_is_given_up_on_a_full_disk_and_made_again_when_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let (ballast, free, _) = on_small_disk(folder.path());
        assert!(ballast.make().unwrap() && ballast.check() == Room::Ample);
        free.store(FULL_BYTES - 1, Ordering::SeqCst);
        assert_eq!(ballast.check(), Room::Full);
        assert!(ballast.is_released() && !ballast.make().unwrap());
        // What it gave is not room for what filled the disk.
        free.store(FULL_BYTES + BALLAST_BYTES, Ordering::SeqCst);
        assert_eq!(ballast.check(), Room::Full);
        // Nor would it be when it is made again.
        free.store(ROOM_BYTES - 1, Ordering::SeqCst);
        assert_eq!(ballast.check(), Room::Full);
        assert!(!ballast.make().unwrap());
        free.store(ROOM_BYTES, Ordering::SeqCst);
        assert_eq!(ballast.check(), Room::Ample);
        assert!(ballast.make().unwrap() && ballast.is_there());
        let file = fs::metadata(folder.path().join(BALLAST)).unwrap();
        assert_eq!(file.len(), BALLAST_BYTES);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_system_without_sizes_is_not_full() {
        let folder = Path::new("/proc");
        assert_eq!(rustix::fs::statvfs(folder).unwrap().f_blocks, 0);
        assert_eq!(available_bytes(folder).unwrap(), u64::MAX);
        assert_eq!(Ballast::of(folder).check(), Room::Ample);
    }
}
