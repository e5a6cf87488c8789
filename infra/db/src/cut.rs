//! One moment of several databases in files, to be copied while others write.
//!
//! SQLite's transactions are of one file each. A cut holds the write lock of every file for the
//! moment in which it begins a read transaction on each, so that no commit lies between two of
//! them: what the files hold then is what a kill in that moment would have left. Afterwards
//! everybody writes on; the cut keeps seeing its moment, and each file's log cannot be reset below
//! it until the cut is dropped.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// The longest that writers wait for a cut, all locks taken together.
const HOLD_MAX: Duration = Duration::from_millis(500);
/// How long a cut is tried for, beside writers that leave no room for one.
const TRY_MAX: Duration = Duration::from_secs(60);
/// The pause after a try: long enough for those who waited to write.
const PAUSE: Duration = Duration::from_millis(200);
/// How many pages are copied at once, between two reports of progress: one MiB of SQLite's usual
/// pages.
const STEP_PAGES: i32 = 256;

/// Why no cut could be made or copied.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// Others wrote all the time.
    #[error(
        "the databases were written to without a pause for {} seconds; try again when there is less to do",
        TRY_MAX.as_secs()
    )]
    Busy,
    /// Another process holds the copy.
    #[error("the copy {} is held by another process; try again when that has ended", .path.display())]
    Held {
        /// Where the copy was to be; it is not whole.
        path: PathBuf,
    },
    /// A database could not be read.
    #[error("{} cannot be read", .path.display())]
    Read {
        /// The database that was to be read.
        path: PathBuf,
        /// What SQLite said when it opened, locked or read it.
        #[source]
        source: rusqlite::Error,
    },
    /// A copy could not be written.
    #[error("the copy {} cannot be written", .path.display())]
    Write {
        /// Where the copy was to be; it is not whole.
        path: PathBuf,
        /// What SQLite said of the copy, or while it copied.
        #[source]
        source: rusqlite::Error,
    },
}

impl CutError {
    /// Whether the disk of the copy is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::Write { source, .. } if source.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }
}

/// Several databases as they were in one moment. Everything here waits for the disk: call it where
/// that is allowed.
#[derive(Debug)]
pub struct Cut {
    readers: Vec<(PathBuf, Connection)>,
}

impl Cut {
    /// The moment of now, of the databases in these files, which are there.
    ///
    /// # Errors
    /// When a file cannot be opened, or others write all the time.
    pub fn take(paths: &[PathBuf]) -> Result<Self, CutError> {
        let began = Instant::now();
        loop {
            if let Some(cut) = Self::try_take(paths)? {
                return Ok(cut);
            }
            if began.elapsed() > TRY_MAX {
                return Err(CutError::Busy);
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// One try; nothing when a lock could not be had in time. All that was locked is released.
    fn try_take(paths: &[PathBuf]) -> Result<Option<Self>, CutError> {
        let open_all = || paths.iter().map(|path| open(path));
        // Before the first lock: opening takes time.
        let writers = open_all().collect::<Result<Vec<_>, _>>()?;
        let readers = open_all().collect::<Result<Vec<_>, _>>()?;
        let began = Instant::now();
        // In the same order by every cut, so that two do not wait for each other.
        for (path, writer) in paths.iter().zip(&writers) {
            let left = HOLD_MAX.saturating_sub(began.elapsed());
            let locked = writer
                .busy_timeout(left)
                .and_then(|()| writer.execute_batch("BEGIN IMMEDIATE"));
            match locked {
                Err(error) if is_busy(&error) => return Ok(None),
                locked => locked.map_err(reading(path))?,
            }
        }
        for (path, reader) in paths.iter().zip(&readers) {
            // A transaction begins with its first read.
            let begun = reader.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema");
            match begun {
                Err(error) if is_busy(&error) => return Ok(None),
                begun => begun.map_err(reading(path))?,
            }
        }
        // Only now may others write: each reader has its moment.
        drop(writers);
        Ok(Some(Self {
            readers: paths.iter().cloned().zip(readers).collect(),
        }))
    }

    /// Writes the database of this file as it was in the moment of the cut to a new file, with
    /// nothing beside it, and does not wait until it is on disk. `progress` is given the bytes that
    /// were written since it was called last.
    ///
    /// # Errors
    /// When the database cannot be read or the copy not be written; it is not whole then.
    ///
    /// # Panics
    /// When the file is not of the cut.
    pub fn copy(
        &self,
        file: &Path,
        copy: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), CutError> {
        let of_file = self.readers.iter().find(|(path, _)| path == file);
        let (_, reader) = of_file.expect("a file of the cut");
        let writing = |source| CutError::Write {
            path: copy.to_owned(),
            source,
        };
        let mut target = Connection::open(copy).map_err(writing)?;
        // A copy that is cut off is thrown away: it needs no journal.
        target
            .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            .map_err(writing)?;
        let page_bytes: u32 = reader
            .pragma_query_value(None, "page_size", |row| row.get(0))
            .map_err(reading(file))?;
        let backup = Backup::new(reader, &mut target).map_err(writing)?;
        let mut copied = 0;
        loop {
            let step = backup.step(STEP_PAGES).map_err(writing)?;
            let state = backup.progress();
            let pages = u64::try_from(state.pagecount - state.remaining).unwrap_or(0);
            progress(pages.saturating_sub(copied) * u64::from(page_bytes));
            copied = pages;
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Nobody can keep a reader from reading.
                _ => {
                    return Err(CutError::Held {
                        path: copy.to_owned(),
                    });
                }
            }
        }
        drop(backup);
        target.close().map_err(|(_, source)| writing(source))
    }
}

/// Opens what is there: a cut makes no database.
fn open(path: &Path) -> Result<Connection, CutError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(reading(path))?;
    connection.busy_timeout(HOLD_MAX).map_err(reading(path))?;
    Ok(connection)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

fn reading(path: &Path) -> impl FnOnce(rusqlite::Error) -> CutError + '_ {
    move |source| CutError::Read {
        path: path.to_owned(),
        source,
    }
}
