//! What a check-up finds.

/// What a check found, as a sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Good(String),
    /// Works, but should be looked at.
    Warning(String),
    /// Does not work; and what to do.
    Problem(String),
}

impl Finding {
    /// Its level in one word, and the sentence.
    #[must_use]
    pub const fn parts(&self) -> (&'static str, &String) {
        match self {
            Self::Good(text) => ("ok", text),
            Self::Warning(text) => ("warning", text),
            Self::Problem(text) => ("problem", text),
        }
    }

    /// Whether something does not work.
    #[must_use]
    pub const fn is_problem(&self) -> bool {
        matches!(self, Self::Problem(_))
    }
}
