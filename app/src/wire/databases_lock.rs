//! Who has the databases of a folder open: any number that use them, or one that moves them.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// A lock on the folder itself, until it is dropped or the process ends. It is beside that of the
/// serving process (`DataFolder`): commands that work beside that one have the databases open, too,
/// and what they would write into a file that is being moved would be lost.
pub(super) struct DatabasesLock {
    _folder: File,
}

impl DatabasesLock {
    /// For a process that uses them.
    ///
    /// # Errors
    /// When they are being moved.
    pub(super) fn shared(folder: &Path) -> Result<Self> {
        Self::take(folder, File::try_lock_shared, || {
            format!(
                "the databases of {} are being moved; wait until `heliograph move` has ended",
                folder.display()
            )
        })
    }

    /// For the one that moves them.
    ///
    /// # Errors
    /// When somebody uses them.
    pub(super) fn alone(folder: &Path) -> Result<Self> {
        Self::take(folder, File::try_lock, || {
            format!(
                "another heliograph command uses the databases of {}; wait until it has ended",
                folder.display()
            )
        })
    }

    fn take(
        path: &Path,
        lock: impl FnOnce(&File) -> Result<(), TryLockError>,
        held: impl FnOnce() -> String,
    ) -> Result<Self> {
        let failed = || format!("the data folder {} cannot be locked", path.display());
        let folder = File::open(path).with_context(failed)?;
        match lock(&folder) {
            Ok(()) => Ok(Self { _folder: folder }),
            Err(TryLockError::WouldBlock) => bail!(held()),
            Err(TryLockError::Error(error)) => Err(error).with_context(failed),
        }
    }
}
