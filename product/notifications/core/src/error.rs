//! What can go wrong in here, and how it looks from outside.

use infra_db::DbError;
use infra_kernel::Error;
use infra_webpush::WebPushError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum NotificationsError {
    #[error("the database of notifications failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("there is no such notification")]
    NoNotification,
    #[error("there is no such request")]
    NoRequest,
    #[error("the account accepted all of more than {max} others")]
    TooManyAccepted { max: u32 },
    #[error("the session has no push subscription")]
    NoSubscription,
    #[error("the cryptography of pushes failed")]
    Push(#[from] WebPushError),
}

impl From<NotificationsError> for Error {
    fn from(error: NotificationsError) -> Self {
        match error {
            NotificationsError::Database(error) => error.into(),
            NotificationsError::Refused(error) => error,
            NotificationsError::NoNotification => Self::not_found("notification"),
            NotificationsError::NoRequest => Self::not_found("notification request"),
            NotificationsError::TooManyAccepted { max } => {
                let sentence = format!("The requests of at most {max} accounts can be accepted.");
                Self::invalid("id", sentence)
            }
            NotificationsError::NoSubscription => Self::not_found("subscription"),
            NotificationsError::Push(error) => Self::internal(error),
        }
    }
}
