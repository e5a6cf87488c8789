//! What can go wrong, as sentences for the operator.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use infra_blob::{BlobError, is_lost_to_the_disk};
use infra_db::cut::CutError;

/// What a backup's operations return.
pub type Result<T> = std::result::Result<T, BackupError>;

/// Why a backup was not made, not read or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// What was asked for cannot be done; the sentence says why, and what to do.
    #[error("{0}")]
    Refused(String),
    /// A file of a backup is not what was written.
    #[error("{} is damaged: {reason}", .path.display())]
    Damaged {
        /// The file in the backup.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or folder could not be used.
    #[error("{} cannot be {operation}{}", .path.display(), advice(.source))]
    Io {
        /// What was not possible: "read", "written".
        operation: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the system said; the advice in the sentence follows from it.
        #[source]
        source: io::Error,
    },
    /// The databases could not be copied.
    #[error("the databases could not be copied{}", if .source.is_disk_full() { FULL } else { "" })]
    Cut {
        /// What kept them from being copied: other writers, or a disk.
        #[from]
        source: CutError,
    },
    /// The photos' files could not be read where they are.
    #[error(
        "the photos' files could not be read where they are{}; no snapshot was made, and the next try uses what was copied",
        blob_advice(.source)
    )]
    Photos {
        /// What the store said that they are read from.
        #[from]
        source: BlobError,
    },
    /// The photos' files could not be put where they are to be.
    #[error(
        "the photos' files could not be put where they are to be{}; run the restore again, which goes on",
        blob_advice(.source)
    )]
    PhotoPlace {
        /// What the store said that they are put into.
        source: BlobError,
    },
    /// What the caller was asked for failed.
    #[error("{0}")]
    Caller(String, #[source] Box<dyn Error + Send + Sync>),
}

const FULL: &str = " because the disk is full: make room on it and run the command again; what earlier backups have is whole";

/// What to do about a failure of the system.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FULL,
        ErrorKind::PermissionDenied => {
            " because this user may not: run the command as the user that heliograph runs as, and give that user the folder"
        }
        ErrorKind::ReadOnlyFilesystem => {
            " because its file system is mounted read-only: mount it for writing, or choose another folder"
        }
        _ => "",
    }
}

fn blob_advice(error: &BlobError) -> &'static str {
    match error {
        BlobError::Io { source, .. } => advice(source),
        _ => "",
    }
}

impl BackupError {
    pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }

    /// What went wrong and why, as one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let causes = std::iter::successors(Some(self as &dyn Error), |&error| error.source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        causes.join(": ")
    }

    /// Whether it says that a file is not what was written, or not there.
    pub(crate) const fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }
}

/// Names the file that could not be used.
pub(crate) fn failed(
    operation: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::Io {
        operation,
        path,
        source,
    }
}

/// Names the file of a backup that could not be read. One that is not there, not what was written
/// or lost to the disk is damaged, which ends nothing that can go on without it.
pub(crate) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            BackupError::damaged(&path, "it is not there")
        }
        // How decryption reports a damaged piece, and the reading of lines what is not UTF-8.
        ErrorKind::InvalidData => BackupError::damaged(&path, source.to_string()),
        _ if is_lost_to_the_disk(&source) => {
            BackupError::damaged(&path, format!("the disk cannot read it ({source})"))
        }
        _ => failed("read", &path)(source),
    }
}
