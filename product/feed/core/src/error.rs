//! What can go wrong in the feed.

use infra_bus::HandlerError;
use infra_db::DbError;
use infra_kernel::{Error, ErrorCode};
use infra_redis::RedisError;
use infra_resilience::Overloaded;
use infra_rpc::PageError;

pub(crate) type Result<T, E = FeedError> = std::result::Result<T, E>;

/// A failure inside the feed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    /// The feed's own database failed.
    #[error("the feed's database failed")]
    Database(#[from] DbError),
    /// Redis, which holds the timelines, failed.
    #[error("Redis does not reply to the feed")]
    Redis(#[from] RedisError),
    /// Redis has lost timelines since an event began to be handled, and what kept them right.
    #[error("Redis was emptied or started again while a post was put into timelines")]
    MarkGone,
    /// So many timelines are being made that no more can wait.
    #[error("too many timelines are being made")]
    Overloaded(#[source] Overloaded),
    /// The graph or the posts returned an error.
    #[error("a domain that the feed calls returned an error")]
    Gateway(#[from] Error),
    /// The request's page is out of bounds.
    #[error("the page asked for is out of bounds")]
    Page(PageError),
    /// The request names no account.
    #[error("the request names no account")]
    NoAccount,
    /// The timeline was dropped again and again while it was being made.
    #[error("the timeline was dropped while it was being made")]
    Dropped,
}

impl FeedError {
    /// Whether only the place where timelines are kept fails: what they would hold can be read from
    /// the posts.
    pub(crate) fn is_of_store(&self) -> bool {
        match self {
            Self::Database(error) => error.is_full(),
            Self::Redis(_) => true,
            _ => false,
        }
    }
}

impl From<PageError> for FeedError {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<FeedError> for Error {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Database(error) => error.into(),
            FeedError::Gateway(error) => error,
            FeedError::Page(error) => error.into(),
            FeedError::NoAccount => Self::invalid(
                "account_id",
                "The account whose feed is asked for is missing.",
            ),
            FeedError::Dropped
            | FeedError::MarkGone
            | FeedError::Redis(_)
            | FeedError::Overloaded(_) => Self::new(
                ErrorCode::Unavailable,
                "This feed is just being made again. Please try again in a moment.",
            )
            .with_source(error),
        }
    }
}

impl From<FeedError> for HandlerError {
    fn from(error: FeedError) -> Self {
        Error::from(error).into()
    }
}
