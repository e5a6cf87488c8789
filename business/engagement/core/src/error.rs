//! What can go wrong in here, and how it looks from outside.

use infra_db::DbError;
use infra_kernel::Error;

#[derive(Debug, thiserror::Error)]
pub(crate) enum EngagementError {
    #[error("the database of engagement failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours, or by the posts domain; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("there is no such post")]
    NoPost,
}

impl From<EngagementError> for Error {
    fn from(error: EngagementError) -> Self {
        match error {
            EngagementError::Database(error) => error.into(),
            EngagementError::Refused(error) => error,
            EngagementError::NoPost => Self::not_found("post"),
        }
    }
}
