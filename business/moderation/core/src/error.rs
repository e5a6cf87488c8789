//! What can go wrong in here, and how it looks from outside.

use business_moderation_gateway::{
    COMMENT_CHARACTERS_MAX, EVENTS_MAX, NOTE_CHARACTERS_MAX, POSTS_MAX,
};
use infra_db::DbError;
use infra_kernel::{Error, ErrorCode};

use crate::history::BrokenHistory;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ModerationError {
    #[error("the database of moderation failed")]
    Database(#[from] DbError),
    /// Refused by a check of ours, or by another domain; already fit for the one who asked.
    #[error("refused")]
    Refused(#[from] Error),
    #[error("the events of a case cannot be read")]
    Broken(#[from] BrokenHistory),
    #[error("what is stored of a case cannot be decoded")]
    Undecodable(#[from] prost::DecodeError),
    #[error("there is no such account")]
    NoAccount,
    #[error("there is no such post of the account")]
    NoPost,
    #[error("there is no such case")]
    NoCase,
    #[error("an account reports itself")]
    OwnAccount,
    #[error("a report names too many posts")]
    TooManyPosts,
    #[error("the comment is too long")]
    CommentTooLong,
    #[error("the note is empty or too long")]
    NoteLength,
    #[error("a text holds U+0000")]
    Unstorable { field: &'static str },
    #[error("no change is asked for")]
    NoChange,
    #[error("the account has sent as many reports as it may in a day")]
    TooManyReports,
    #[error("the case has as many events as a case may have")]
    TooManyEvents,
    #[error("the role does not allow it")]
    NotAllowed,
}

impl From<ModerationError> for Error {
    fn from(error: ModerationError) -> Self {
        use ModerationError as E;
        match error {
            E::Database(error) => error.into(),
            E::Refused(error) => error,
            E::Broken(error) => Self::internal(error),
            E::Undecodable(error) => Self::internal(error),
            E::NoAccount => Self::not_found("account"),
            E::NoPost => Self::not_found("post"),
            E::NoCase => Self::not_found("report"),
            E::OwnAccount => invalid("account_id", "You cannot report yourself"),
            E::TooManyPosts => {
                let text = format!("Status ids are too many (maximum is {POSTS_MAX})");
                invalid("status_ids", &text)
            }
            E::CommentTooLong => {
                let text =
                    format!("Comment is too long (maximum is {COMMENT_CHARACTERS_MAX} characters)");
                invalid("comment", &text)
            }
            E::NoteLength => Self::invalid(
                "text",
                format!("A note has 1 to {NOTE_CHARACTERS_MAX} characters."),
            ),
            E::Unstorable { field } => Self::invalid(
                field,
                "The text holds a character that cannot be stored (U+0000).",
            ),
            E::NoChange => Self::invalid("change", "A change must be named."),
            E::TooManyReports => Self::new(
                ErrorCode::RateLimited,
                "Too many reports: an account may send only so many in a day. Please try again tomorrow.",
            ),
            E::TooManyEvents => Self::new(
                ErrorCode::Conflict,
                format!("This case has {EVENTS_MAX} entries already, and takes no more."),
            ),
            // In Mastodon's words, by which clients know it.
            E::NotAllowed => Self::new(ErrorCode::Forbidden, "This action is not allowed"),
        }
    }
}

/// As Mastodon words what a model refuses.
fn invalid(field: &str, text: &str) -> Error {
    Error::invalid(field, format!("Validation failed: {text}"))
}
