//! What can go wrong in this domain, and how that looks from outside.

use std::time::Duration;

use business_media_codec::CodecError;
use infra_blob::BlobError;
use infra_db::DbError;
use infra_kernel::{Error, ErrorCode};

/// When to retry what found no memory: most pictures are done by then.
const MEMORY_RETRY_AFTER: Duration = Duration::from_secs(10);

/// A failure inside the media domain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    #[error("the media database failed")]
    Db(#[from] DbError),
    /// The blob store failed.
    #[error("the blob store failed")]
    Blob(#[from] BlobError),
    /// The file is no picture that is taken.
    #[error("the codec refused the file: {}", .0.cause())]
    Codec(#[from] CodecError),
    /// A task was stopped before it was done.
    #[error("a task did not run to its end")]
    Task(#[from] tokio::task::JoinError),
    /// A row of the database holds what it cannot hold.
    #[error("the database holds a key that is not one")]
    Row(#[from] infra_blob::InvalidBlobKey),
    /// A blob is being deleted, or its note was swept, while it was written.
    #[error("a blob changed hands while it was written")]
    BlobBusy,
    /// A picture needs more memory than all pictures may take together.
    #[error("{} MiB of memory are needed, and `media.memory_bytes_max` gives {}", .bytes.div_ceil(1 << 20), .bytes_max >> 20)]
    NeedsMemory {
        /// The memory that the picture needs, in bytes.
        bytes: u64,
        /// The memory that all pictures share, in bytes.
        bytes_max: u64,
    },
    /// Other pictures had the memory all the while that one waited for it.
    #[error("others had the memory for {} s", .wait.as_secs())]
    MemoryBusy {
        /// How long it waited.
        wait: Duration,
    },
    /// Work on a picture did not come back long after its time was up.
    #[error("the work went on long after its time was up")]
    Overstayed,
    /// Work on a picture ended without a response.
    #[error("the work ended without a result")]
    Died,
    /// The request is refused as it is.
    #[error("refused: {0}")]
    Refused(#[source] Error),
}

impl MediaError {
    /// Whether the file itself is refused: sending or taking it again would not help.
    pub(crate) fn is_about_the_file(&self) -> bool {
        match self {
            // What was stopped (by time, by a crash, by a codec that is not there) may fare better
            // at another time.
            Self::Codec(error) => !matches!(error, CodecError::Stopped { .. }),
            Self::NeedsMemory { .. } => true,
            _ => false,
        }
    }

    /// Whether the blob store cannot be reached, or fails, just now.
    pub(crate) const fn is_store_away(&self) -> bool {
        matches!(self, Self::Blob(BlobError::Away { .. }))
    }

    /// Whether what the blob store was sent may arrive yet, however late: it was away when it
    /// should have responded.
    pub(crate) const fn may_arrive_yet(&self) -> bool {
        matches!(self, Self::Blob(BlobError::Away { sent: true, .. }))
    }

    /// The technical cause, for the log.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::Codec(codec) if codec.cause().is_empty() => codec.to_string(),
            Self::Codec(codec) => codec.cause().to_owned(),
            _ => self.to_string(),
        }
    }
}

impl From<Error> for MediaError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Db(error) => error.into(),
            MediaError::Blob(error) => error.into(),
            MediaError::Codec(error) => refusal(error),
            MediaError::Refused(error) => error,
            MediaError::NeedsMemory { bytes, bytes_max } => {
                Self::new(ErrorCode::TooLarge, needs_memory(bytes, bytes_max))
                    .for_field("file")
                    .with_source(error)
            }
            MediaError::MemoryBusy { .. } => Self::new(
                ErrorCode::Unavailable,
                "This server is busy with many pictures just now. Please try again in a moment.",
            )
            .to_retry_after(MEMORY_RETRY_AFTER)
            .with_source(error),
            MediaError::BlobBusy
            | MediaError::Task(_)
            | MediaError::Overstayed
            | MediaError::Died => Self::new(
                ErrorCode::Unavailable,
                "This server is busy with the same file just now. Please try again soon.",
            )
            .with_source(error),
            MediaError::Row(_) => Self::internal(error),
        }
    }
}

/// A sentence for the sender of the picture.
pub(crate) fn needs_memory(bytes: u64, bytes_max: u64) -> String {
    format!(
        "This picture needs more memory than this server gives: {} MiB to read it, and there are {}. With fewer pixels, or \
         saved as a baseline JPEG, it may be taken.",
        bytes.div_ceil(1 << 20),
        bytes_max >> 20
    )
}

/// The codec's sentence under the code that fits it.
fn refusal(error: CodecError) -> Error {
    let code = match &error {
        CodecError::Unsupported { .. } => ErrorCode::Unsupported,
        CodecError::TooLarge { .. } => ErrorCode::TooLarge,
        CodecError::Broken { .. } => ErrorCode::Invalid,
        CodecError::Stopped { .. } => ErrorCode::Unavailable,
    };
    Error::new(code, error.to_string())
        .for_field("file")
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_found_no_memory_hears_when_to_try_again() {
        let busy = MediaError::MemoryBusy {
            wait: Duration::from_secs(10),
        };
        assert!(!busy.is_about_the_file());
        let error = Error::from(busy);
        assert_eq!(error.code(), ErrorCode::Unavailable);
        assert_eq!(error.retry_after(), Some(MEMORY_RETRY_AFTER));
        assert!(error.causes().contains("for 10 s"), "{}", error.causes());
    }

    #[test]
    fn what_needs_too_much_memory_reports_its_sender_numbers_and_the_log_the_setting() {
        let error = Error::from(MediaError::NeedsMemory {
            bytes: 165 << 20,
            bytes_max: 96 << 20,
        });
        assert!(error.public().contains("165 MiB") && error.public().contains("are 96."));
        assert!(!error.public().contains("memory_bytes_max"));
        assert!(error.causes().contains("media.memory_bytes_max"));
    }
}
