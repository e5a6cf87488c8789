//! What can go wrong in here, and how it looks from outside.

use std::time::Duration;

use infra_db::DbError;
use infra_kernel::{Error, ErrorCode};

#[derive(Debug, thiserror::Error)]
pub(crate) enum PostsError {
    #[error("the posts' database failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours, or by another domain; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("there is no such post")]
    NoPost,
    #[error("there is no such post to answer")]
    NoParent,
    #[error("the account has {verb} {max} posts within a day")]
    DayFull {
        verb: &'static str,
        max: u32,
        wait: Duration,
    },
    /// Somebody else changed the post since it was read.
    #[error("the post was changed meanwhile")]
    Changed,
    #[error("a media item is shown by another post")]
    MediaShown,
    /// Never seen from outside: the post that the key stands for is returned instead, unless its
    /// own commit failed.
    #[error("the idempotency key was met before")]
    KeyMet,
}

impl From<PostsError> for Error {
    fn from(error: PostsError) -> Self {
        match error {
            PostsError::Database(error) => error.into(),
            PostsError::Refused(error) => error,
            PostsError::NoPost => Self::not_found("post"),
            PostsError::NoParent => Self::not_found("post").for_field("in_reply_to_id"),
            PostsError::DayFull { verb, max, wait } => Self::new(
                ErrorCode::RateLimited,
                format!("You have {verb} {max} posts within a day, which is as many as can be. Please try again later."),
            )
            .to_retry_after(wait),
            PostsError::MediaShown => Self::invalid("media_ids", MEDIA_SHOWN),
            error @ PostsError::Changed => Self::new(
                ErrorCode::Unavailable,
                "This post is being changed just now. Please try again.",
            )
            .with_source(error),
            error @ PostsError::KeyMet => Self::new(
                ErrorCode::Unavailable,
                "The same post is being published just now. Please try again.",
            )
            .with_source(error),
        }
    }
}

pub(crate) const MEDIA_SHOWN: &str =
    "A photo of this post is already shown elsewhere. Please upload it again.";
