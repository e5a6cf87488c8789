//! Why a file cannot become a picture. Every Display is a sentence for the person who sent the file.

/// A file that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The content is of a kind that is not taken.
    #[error("{what} Please send a JPEG, PNG or WebP picture.")]
    Unsupported {
        /// A sentence: what the file is.
        what: String,
    },
    /// A well-formed picture that is larger than a limit.
    #[error("{what}")]
    TooLarge {
        /// A sentence: how large it is, and what the limit is.
        what: String,
    },
    /// The file claims to be a picture that is taken, and cannot be decoded.
    #[error(
        "This picture is damaged or was cut off, and cannot be read. Please send it again from the original."
    )]
    Broken {
        /// The technical cause, for the log.
        cause: String,
    },
}

impl CodecError {
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    #[allow(clippy::needless_pass_by_value)] // so that it can be handed to `map_err`
    pub(crate) fn broken(cause: impl ToString) -> Self {
        Self::Broken {
            cause: cause.to_string(),
        }
    }

    /// The technical cause, for the log; empty when the sentence says it all.
    #[must_use]
    pub fn cause(&self) -> &str {
        match self {
            Self::Broken { cause } => cause,
            Self::Unsupported { .. } | Self::TooLarge { .. } => "",
        }
    }
}
