//! What can go wrong with accounts, and how it looks from outside.

use std::time::Duration;

use business_accounts_gateway::fields;
use infra_db::DbError;
use infra_kernel::{Error, ErrorCode, FieldProblem};

/// A failure inside this domain.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    #[error("the database failed")]
    Database(#[from] DbError),
    #[error("a stored value cannot be read")]
    Unreadable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a password could not be hashed")]
    Password(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("a task ended before its work was done")]
    Task(#[from] tokio::task::JoinError),
    #[error("too many passwords are waiting to be checked")]
    Busy,
    #[error("{field} is not valid")]
    Invalid {
        field: &'static str,
        sentence: String,
    },
    #[error("fields are not valid")]
    Fields(Vec<FieldProblem>),
    #[error("registration is closed")]
    RegistrationClosed,
    #[error("the setup token is not valid")]
    SetupToken,
    #[error("the name or the password is wrong")]
    WrongCredentials,
    #[error("the secret stands for nobody")]
    NotSignedIn,
    #[error("the client's credentials are wrong")]
    WrongClient,
    #[error("the client keeps no secret")]
    NoSecret,
    #[error("there is no such {0}")]
    NotFound(&'static str),
    #[error("the token is another application's")]
    ForeignToken,
    #[error("too many {what}")]
    RateLimited { what: &'static str, wait: Duration },
}

impl AccountsError {
    pub(crate) fn invalid(field: &'static str, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self::Invalid { field, sentence }
    }
}

impl From<FieldProblem> for AccountsError {
    fn from(problem: FieldProblem) -> Self {
        Self::Fields(vec![problem])
    }
}

impl From<AccountsError> for Error {
    fn from(error: AccountsError) -> Self {
        use AccountsError as E;
        match error {
            E::Database(error) => error.into(),
            E::Unreadable(_) | E::Password(_) | E::Task(_) => Self::internal(error),
            E::Busy => Self::new(
                ErrorCode::Unavailable,
                "Too many people are signing in just now. Please try again in a few seconds.",
            ),
            E::Invalid { field, sentence } => Self::invalid(field, sentence),
            E::Fields(problems) => Self::invalid_fields(problems),
            E::RegistrationClosed => Self::new(
                ErrorCode::Forbidden,
                "This server takes no new accounts at the moment. Ask who runs it for one.",
            ),
            E::SetupToken => Self::new(
                ErrorCode::Forbidden,
                "This setup link is not valid: it was used already, or a newer one has replaced it. \
                 Start the server again to get a new link while there is no account.",
            )
            .for_field("setup_token"),
            E::NotFound(what) => Self::not_found(what),
            E::RateLimited { what, wait } => Self::new(
                ErrorCode::RateLimited,
                format!("Too many {what}. Please try again in {}.", in_words(wait)),
            )
            .to_retry_after(wait),
            E::WrongCredentials
            | E::NotSignedIn
            | E::WrongClient
            | E::NoSecret
            | E::ForeignToken => refused(&error),
        }
    }
}

/// The errors of someone who is not who they would have to be.
fn refused(error: &AccountsError) -> Error {
    match error {
        AccountsError::WrongCredentials => Error::new(
            ErrorCode::Unauthenticated,
            "The name or e-mail address and the password do not belong together. Please check both.",
        ),
        AccountsError::WrongClient => Error::new(
            ErrorCode::Unauthenticated,
            "The application is not known here or its client secret is not right. Register it again.",
        )
        .for_field(fields::CLIENT_ID),
        AccountsError::NoSecret => Error::new(
            ErrorCode::Forbidden,
            "The application keeps no secret, so it gets no token of its own. Register one that does.",
        ),
        AccountsError::ForeignToken => Error::new(
            ErrorCode::Forbidden,
            "This token was issued to another application, which alone may revoke it.",
        ),
        _ => Error::new(
            ErrorCode::Unauthenticated,
            "The access token or session is not valid any more. Please sign in again.",
        ),
    }
}

/// A wait in words, rounded up, so that a client that waits so long is admitted.
fn in_words(wait: Duration) -> String {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    match seconds {
        0 | 1 => "1 second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        for (milliseconds, words) in [
            (1, "1 second"),
            (1_001, "2 seconds"),
            (119_000, "119 seconds"),
            (120_001, "3 minutes"),
        ] {
            assert_eq!(in_words(Duration::from_millis(milliseconds)), words);
        }
    }
}
