//! What can go wrong with blobs, and how that looks from outside a domain.

use std::io;
use std::time::Duration;

use infra_kernel::{Error, ErrorCode};
use rustix::io::Errno;

use crate::BlobKey;

/// When to come again after [`BlobError::Busy`] and [`BlobError::Away`].
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How systems say that the disk or the file system has lost what a file held.
const LOST_TO_THE_DISK: &[Errno] = &[
    Errno::IO,
    Errno::BADMSG,
    #[cfg(target_os = "linux")]
    Errno::UCLEAN,
];

/// Whether a file is there, and what it held is not.
#[must_use]
pub fn is_lost_to_the_disk(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|code| LOST_TO_THE_DISK.contains(&code))
}

/// A failure of the blob store.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("there is no blob {0}")]
    NotFound(BlobKey),
    /// The blob is larger than was asked for.
    #[error("the blob {key} has {bytes} bytes, more than the {bytes_max} that were asked for")]
    TooLarge {
        /// The key of the blob.
        key: BlobKey,
        /// Its length in bytes.
        bytes: u64,
        /// The most that was asked for, in bytes.
        bytes_max: u64,
    },
    /// The blob is shorter than it was when reading began, or not what its key says.
    #[error("the blob {0} is damaged")]
    Damaged(BlobKey),
    /// There is less room than is to stay free.
    #[error("only {available} bytes are free where blobs are kept")]
    NoRoom {
        /// How many bytes are free.
        available: u64,
    },
    /// There are more reads or writes under way than the store has turns for, and the wait for one
    /// was without success.
    #[error("too many reads or writes of blobs are under way")]
    Busy,
    /// The service that keeps the blobs cannot be reached, or fails, just now.
    #[error("the blob store is away and could not {operation}")]
    Away {
        /// What it was doing.
        operation: &'static str,
        /// Whether it may have been asked: then it may do it yet, however late.
        sent: bool,
        /// What broke off: the connection, the wait, or the service itself.
        #[source]
        source: io::Error,
    },
    /// The service that keeps the blobs refuses, until its operator or this server's changes
    /// something: keys, permissions, the bucket.
    #[error("the blob store could not {operation}: {advice}")]
    Refused {
        /// What it was doing.
        operation: &'static str,
        /// What to look at.
        advice: &'static str,
        /// The service's own words.
        #[source]
        source: io::Error,
    },
    /// The store's disk or service failed.
    #[error("the blob store could not {operation}")]
    Io {
        /// What it was doing.
        operation: &'static str,
        /// The failure of the disk, or one of the service that fits no other kind.
        #[source]
        source: io::Error,
    },
}

impl BlobError {
    pub(crate) fn io(operation: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, source }
    }

    /// The same of what was asked before the request that counts, which was not sent.
    pub(crate) fn unsent(self) -> Self {
        match self {
            Self::Away {
                operation, source, ..
            } => Self::Away {
                operation,
                sent: false,
                source,
            },
            error => error,
        }
    }

    /// Whether the same request may succeed later: the disk is full, failing or busy, too many
    /// files are open, the service is away or will be asked with the right keys.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Io { .. }
                | Self::Away { .. }
                | Self::Refused { .. }
                | Self::NoRoom { .. }
                | Self::Busy
        )
    }

    /// Whether what failed may happen yet: the service may have been asked, and its response lost.
    /// What a full disk or bucket says is a response.
    #[must_use]
    pub fn may_yet_happen(&self) -> bool {
        match self {
            Self::Io { source, .. } => source.kind() != io::ErrorKind::StorageFull,
            Self::Away { sent, .. } => *sent,
            _ => false,
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match &error {
            BlobError::NotFound(_) => Self::not_found("file").with_source(error),
            BlobError::NoRoom { .. } => Self::storage_full().with_source(error),
            BlobError::Busy => Self::new(
                ErrorCode::Unavailable,
                "This server is asked for more photos than it can handle just now. Please try again in a moment.",
            )
            .to_retry_after(RETRY_AFTER)
            .with_source(error),
            BlobError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Self::storage_full().with_source(error)
            }
            BlobError::Away { .. } => cannot_just_now()
                .to_retry_after(RETRY_AFTER)
                .with_source(error),
            BlobError::Io { .. } | BlobError::Refused { .. } => {
                cannot_just_now().with_source(error)
            }
            // Neither is anything that the person who asks can change or wait for.
            BlobError::TooLarge { .. } | BlobError::Damaged(_) => Self::internal(error),
        }
    }
}

fn cannot_just_now() -> Error {
    Error::new(
        ErrorCode::Unavailable,
        "This server cannot store or read files just now. Please try again soon.",
    )
}
