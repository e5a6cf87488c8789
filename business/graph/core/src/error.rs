//! What can go wrong in here, and how it looks from outside.

use infra_db::DbError;
use infra_kernel::Error;

#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    #[error("the graph's database failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours, or by the accounts domain; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("an account may not follow itself")]
    Oneself,
    #[error("there is no such account")]
    NoAccount,
    #[error("follows {max} accounts already")]
    FollowsTooMany { max: u32 },
}

impl From<GraphError> for Error {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::Database(error) => error.into(),
            GraphError::Refused(error) => error,
            GraphError::Oneself => Self::invalid("id", "You cannot follow yourself."),
            GraphError::NoAccount => Self::not_found("account"),
            GraphError::FollowsTooMany { max } => Self::invalid(
                "id",
                format!("You follow {max} accounts, and that is the most. Unfollow one first."),
            ),
        }
    }
}
