//! Why a group of writes was not committed, and what each of its callers is told.

use crate::DbError;
use crate::error::database_cause;

/// Why a group was not committed.
pub(super) enum Failure {
    Full,
    /// The database does not take what it was given, however often.
    Refused(String),
    Other(String),
}

impl Failure {
    /// Of a write that was alone, so that nothing but itself can have been refused. Of several it
    /// is not known which it was, and each of the others may be written.
    pub(super) fn of_one(error: DbError) -> Self {
        let is_transient = error.is_transient();
        match Self::from(error) {
            Self::Other(reason) if !is_transient => Self::Refused(reason),
            failure => failure,
        }
    }

    pub(super) fn to_error(&self) -> DbError {
        match self {
            Self::Full => DbError::Full,
            Self::Refused(reason) => DbError::Refused(reason.clone()),
            Self::Other(reason) => DbError::NotCommitted(reason.clone()),
        }
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        if error.is_full() {
            return Self::Full;
        }
        Self::Other(database_cause(&error).unwrap_or_else(|| error.to_string()))
    }
}
