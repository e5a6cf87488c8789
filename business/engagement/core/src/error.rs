//! What can go wrong in here, and how it looks from outside.

use infra_db::DbError;
use infra_kernel::Error;

#[derive(Debug, thiserror::Error)]
pub(crate) enum EngagementError {
    #[error("the database of engagement failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("the entry is empty or longer than {max} characters")]
    TextLength { max: u32 },
}

impl From<EngagementError> for Error {
    fn from(error: EngagementError) -> Self {
        match error {
            EngagementError::Database(error) => error.into(),
            EngagementError::Refused(error) => error,
            EngagementError::TextLength { max } => {
                Self::invalid("text", format!("An entry has 1 to {max} characters."))
            }
        }
    }
}
