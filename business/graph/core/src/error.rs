//! What can go wrong in here, and how it looks from outside.

use infra_db::DbError;
use infra_kernel::{Error, ErrorCode};

#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    #[error("the graph's database failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours, or by the accounts domain; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("an account may not {0} itself")]
    Oneself(&'static str),
    #[error("one of the two blocks the other")]
    Blocked,
    #[error("there is no such account")]
    NoAccount,
    #[error("{verb}s {max} accounts already")]
    TooMany { verb: &'static str, max: u32 },
    #[error("more is left to do than there is time for")]
    OutOfTime,
    #[error("who asks follows as many as can be")]
    FollowerFull,
    #[error("has notes about {max} accounts already")]
    TooManyNotes { max: u32 },
    #[error("there is no such list")]
    NoList,
    #[error("who is to be on a list is not followed")]
    NotFollowed,
    #[error("there is no such filter")]
    NoFilter,
    #[error("the filter has no such keyword")]
    NoKeyword,
    #[error("there is no such post in a filter")]
    NoFilteredPost,
    #[error("several keywords share what is to be changed")]
    SharedByKeywords,
    #[error("asks {max} accounts to follow them already")]
    TooManyRequests { max: u32 },
}

impl From<GraphError> for Error {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::Database(error) => error.into(),
            GraphError::Refused(error) => error,
            GraphError::Oneself(verb) => {
                Self::invalid("id", format!("You cannot {verb} yourself."))
            }
            // In Mastodon's words, by which clients know it.
            GraphError::Blocked => Self::new(ErrorCode::Forbidden, "This action is not allowed"),
            GraphError::NoAccount => Self::not_found("account"),
            GraphError::OutOfTime => Self::new(
                ErrorCode::Unavailable,
                "This takes longer than one attempt.",
            ),
            GraphError::FollowerFull => Self::new(
                ErrorCode::Conflict,
                "This account follows as many as it can for now, so it cannot be let in.",
            ),
            GraphError::TooManyRequests { max } => Self::invalid(
                "id",
                format!(
                    "You ask to follow {max} accounts, and that is the most. Take one back first."
                ),
            ),
            GraphError::NoList => Self::not_found("list"),
            GraphError::NoFilter => Self::not_found("filter"),
            GraphError::NoKeyword => Self::not_found("keyword"),
            GraphError::NoFilteredPost => Self::not_found("status"),
            GraphError::SharedByKeywords => Self::invalid(
                "phrase",
                "These parameters cannot be changed from this application because they apply to \
                 more than one filter keyword. Use a more recent application or the web interface.",
            ),
            GraphError::NotFollowed => Self::new(
                ErrorCode::NotFound,
                "Only accounts that you follow can be on a list.",
            )
            .for_field("account_ids"),
            GraphError::TooManyNotes { max } => Self::invalid(
                "comment",
                format!(
                    "You have notes about {max} accounts, and that is the most. Remove one first."
                ),
            ),
            GraphError::TooMany { verb, max } => Self::invalid(
                "id",
                format!("You {verb} {max} accounts, and that is the most. Un{verb} one first."),
            ),
        }
    }
}
