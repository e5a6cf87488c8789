//! Why a file cannot become a picture. Every Display is a sentence for the person who sent the
//! file.

/// A file that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The content is of a kind that is not taken.
    #[error("{what}")]
    Unsupported {
        /// A sentence: what the file is.
        what: String,
    },
    /// A well-formed picture that is larger than a limit.
    #[error("{what}")]
    TooLarge {
        /// A sentence: how large it is, and what the limit is.
        what: String,
        /// The technical cause, for the log; empty when the sentence says it all.
        cause: String,
    },
    /// The file claims to be a picture that is taken, and cannot be decoded.
    #[error(
        "This picture is damaged or was cut off, and cannot be read. Please send it again from the original."
    )]
    Broken {
        /// The technical cause, for the log.
        cause: String,
    },
    /// Nothing is known against the file, but work on it was stopped: it took too long, or the
    /// process that decoded it died. Retrying may help.
    #[error("This picture took too long to process, or stopped the program that reads it.")]
    Stopped {
        /// What stopped the codec.
        by: StoppedBy,
        /// The technical cause, for the log.
        cause: String,
    },
}

/// What stopped work on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedBy {
    /// Its time was up.
    Deadline,
    /// The process that worked on it died.
    Crash,
    /// An encoder would not write what it was given, which it should always do.
    Refusal,
    /// No process that can work on it is to be had just now.
    Absence,
}

impl CodecError {
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    pub(crate) const fn too_large(what: String) -> Self {
        Self::TooLarge {
            what,
            cause: String::new(),
        }
    }

    #[allow(clippy::needless_pass_by_value)] // so that it can be handed to `map_err`
    pub(crate) fn broken(cause: impl ToString) -> Self {
        Self::Broken {
            cause: cause.to_string(),
        }
    }

    #[allow(clippy::needless_pass_by_value)] // as above
    pub(crate) fn refused(cause: impl ToString) -> Self {
        Self::Stopped {
            by: StoppedBy::Refusal,
            cause: cause.to_string(),
        }
    }

    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Stopped {
                by: StoppedBy::Refusal,
                ..
            }
        )
    }

    pub(crate) fn late() -> Self {
        Self::Stopped {
            by: StoppedBy::Deadline,
            cause: "the deadline passed between two steps".to_owned(),
        }
    }

    /// Whether the same file may fare better at another time.
    #[must_use]
    pub const fn is_worth_retrying(&self) -> bool {
        matches!(self, Self::Stopped { .. })
    }

    /// The technical cause, for the log; empty when the sentence says it all.
    #[must_use]
    pub fn cause(&self) -> &str {
        match self {
            Self::Broken { cause } | Self::TooLarge { cause, .. } | Self::Stopped { cause, .. } => {
                cause
            }
            Self::Unsupported { .. } => "",
        }
    }
}
