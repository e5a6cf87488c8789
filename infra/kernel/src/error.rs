//! The one error that crosses a gateway.
//!
//! Inside a domain errors are that domain's own enums. At its gateway they become this: a code from
//! a closed set, which maps once to gRPC (`infra-rpc`) and once to HTTP (`presentation-kit`), a
//! public sentence for the person who asked, and a private cause for the log. The two texts never
//! mix.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::field_problem::{FieldProblem, FieldReason};

/// What a gateway returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it was. Closed on purpose: every surface maps every code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The request is not well formed, or a value in it is out of bounds.
    Invalid,
    /// Nobody, or nobody known, is asking.
    Unauthenticated,
    /// The one who asks may not do this.
    Forbidden,
    /// There is no such thing, or none that the one who asks may see.
    NotFound,
    /// It clashes with what is already there.
    Conflict,
    /// It was there, and is gone for good.
    Gone,
    /// The body or the picture is larger than a limit.
    TooLarge,
    /// The content is of a kind that is not taken.
    Unsupported,
    /// Too many requests of this kind from this caller.
    RateLimited,
    /// The deadline passed first.
    DeadlineExceeded,
    /// There is no room to keep what was sent.
    StorageFull,
    /// Cannot be done now; the same request may succeed later.
    Unavailable,
    /// A fault of the server; the person learns no more than that.
    Internal,
}

impl ErrorCode {
    /// Every code, for tables and tests.
    pub const ALL: [Self; 13] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Gone,
        Self::TooLarge,
        Self::Unsupported,
        Self::RateLimited,
        Self::DeadlineExceeded,
        Self::StorageFull,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The name used on the wire and in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::TooLarge => "too_large",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate_limited",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::StorageFull => "storage_full",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// Whether the same request may succeed when it is made again.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::StorageFull | Self::DeadlineExceeded | Self::RateLimited
        )
    }

    /// Whether the fault is the server's; such errors are logged where they are handled.
    #[must_use]
    pub const fn is_server_fault(self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::StorageFull | Self::DeadlineExceeded | Self::Internal
        )
    }
}

/// A failure as it crosses a gateway.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    public: String,
    field: Option<String>,
    field_problems: Vec<FieldProblem>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a sentence for the person who asked: what was wrong, and what to do.
    pub fn new(code: ErrorCode, public: impl Into<String>) -> Self {
        Self {
            code,
            public: public.into(),
            field: None,
            field_problems: Vec::new(),
            retry_after: None,
            source: None,
        }
    }

    /// A value that is not well formed or out of bounds, and the field that holds it.
    pub fn invalid(field: impl Into<String>, public: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, public).for_field(field)
    }

    /// Fields that were refused, all at once and in the order of the form. The public sentence is
    /// theirs, one after the other; [`field`](Self::field) is the first's. The code is `conflict`
    /// when all of them are taken, else `invalid`.
    #[must_use]
    pub fn invalid_fields(problems: Vec<FieldProblem>) -> Self {
        let taken = |problem: &FieldProblem| problem.reason() == FieldReason::Taken;
        // With another reason among them the request is at fault, whatever else is taken.
        let code = if !problems.is_empty() && problems.iter().all(taken) {
            ErrorCode::Conflict
        } else {
            ErrorCode::Invalid
        };
        let sentences: Vec<&str> = problems.iter().map(FieldProblem::public).collect();
        let mut error = Self::new(code, sentences.join(" "));
        error.field = problems.first().map(|problem| problem.field().to_owned());
        error.field_problems = problems;
        error
    }

    /// There is no such thing, or none the caller may see. `what` is the noun: "post", "account".
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("There is no such {what}, or you may not see it."),
        )
    }

    /// There is no room on the disk for anything more.
    #[must_use]
    pub fn storage_full() -> Self {
        Self::new(
            ErrorCode::StorageFull,
            "This server's disk is full, so it takes nothing more just now. What is there can still be seen and deleted; \
             the operator has to make room.",
        )
    }

    /// Our own fault: the cause goes to the log, the person hears only that it was not theirs.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(
            ErrorCode::Internal,
            // The same for all: what went wrong may say what is where.
            "Something went wrong on this server. It has been noted; please try again later.",
        )
        .with_source(source)
    }

    /// Names the request's field that is at fault.
    #[must_use]
    pub fn for_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says of each field why it was refused, and leaves the code and the sentence as they are.
    #[must_use]
    pub fn with_field_problems(mut self, problems: Vec<FieldProblem>) -> Self {
        self.field_problems = problems;
        self
    }

    /// Says how long to wait before the same request may succeed.
    #[must_use]
    pub const fn to_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Attaches the private cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure it was.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence for the person who asked. Never holds a cause, a path or a secret.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The field of the request that is at fault, if one is.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// Each field that was refused, where the request has several that can be; empty elsewhere.
    #[must_use]
    pub fn field_problems(&self) -> &[FieldProblem] {
        &self.field_problems
    }

    /// How long to wait before the same request may succeed, if that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The causes, outermost first, as one line for the log.
    #[must_use]
    pub fn causes(&self) -> String {
        let mut line = String::new();
        let mut next = self.source();
        while let Some(cause) = next {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&cause.to_string());
            next = cause.source();
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.public)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|cause| cause as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.name()), Some(code));
        }
        assert_eq!(ErrorCode::from_name("oops"), None);
    }

    #[test]
    fn an_error_of_several_fields_is_the_first_ones_and_says_all() {
        let taken = FieldProblem::new("username", FieldReason::Taken, "It is taken.");
        let blank = FieldProblem::new("email", FieldReason::Blank, "An address is needed.");
        let error = Error::invalid_fields(vec![taken.clone(), blank]);
        assert_eq!(error.code(), ErrorCode::Invalid);
        assert_eq!(error.field(), Some("username"));
        assert_eq!(error.public(), "It is taken. An address is needed.");
        assert_eq!(error.field_problems().len(), 2);
        let error = Error::invalid_fields(vec![taken]);
        assert_eq!(error.code(), ErrorCode::Conflict);
    }

    #[test]
    fn the_public_text_never_holds_the_cause() {
        let error = Error::internal(std::io::Error::other("/secret/path is gone"));
        assert!(!error.to_string().contains("secret"));
        assert!(error.causes().contains("/secret/path"));
    }
}
