//! What is wrong with one field of a request, when several may be wrong at once.

/// Why a field was refused. Closed on purpose: every surface maps every reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldReason {
    /// Nothing was sent for it.
    Blank,
    /// It has not the form it should have.
    Invalid,
    /// It holds more than is taken.
    TooLong,
    /// It holds less than is taken.
    TooShort,
    /// Somebody has it already.
    Taken,
    /// The server keeps it for itself.
    Reserved,
    /// It had to be agreed to.
    NotAccepted,
    /// It is on a list of what is not taken.
    Blocked,
}

impl FieldReason {
    /// Every reason, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Blank,
        Self::Invalid,
        Self::TooLong,
        Self::TooShort,
        Self::Taken,
        Self::Reserved,
        Self::NotAccepted,
        Self::Blocked,
    ];

    /// The name used on the wire between processes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Invalid => "invalid",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::Taken => "taken",
            Self::Reserved => "reserved",
            Self::NotAccepted => "not_accepted",
            Self::Blocked => "blocked",
        }
    }

    /// The reason with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A field that was refused, why, and the sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    field: String,
    reason: FieldReason,
    public: String,
}

impl FieldProblem {
    /// A refused field with a sentence that says what to do. The sentence never holds a cause or a
    /// secret.
    pub fn new(field: impl Into<String>, reason: FieldReason, public: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            reason,
            public: public.into(),
        }
    }

    /// The field of the request, by the name that the contract gives it.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Why it was refused.
    #[must_use]
    pub const fn reason(&self) -> FieldReason {
        self.reason
    }

    /// The sentence for the person who asked.
    #[must_use]
    pub fn public(&self) -> &str {
        &self.public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_name_of_its_own() {
        for reason in FieldReason::ALL {
            assert_eq!(FieldReason::from_name(reason.name()), Some(reason));
        }
        assert_eq!(FieldReason::from_name("oops"), None);
    }
}
