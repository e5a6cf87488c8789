//! How transactions and savepoints begin, on each engine.

/// What begins a transaction or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// A transaction of one write.
    Transaction,
    /// A transaction of several writes, and the first of them.
    Group,
    /// The next write after one that is kept.
    NextWrite,
}

impl Opening {
    /// Its statements, one after the other.
    pub(super) const fn sqlite(self) -> &'static [&'static str] {
        match self {
            Self::Transaction => &["BEGIN IMMEDIATE"],
            Self::Group => &["BEGIN IMMEDIATE", "SAVEPOINT work"],
            Self::NextWrite => &["RELEASE work", "SAVEPOINT work"],
        }
    }

    pub(super) const fn postgres(self) -> &'static str {
        match self {
            Self::Transaction => "BEGIN",
            Self::Group => "BEGIN; SAVEPOINT work",
            Self::NextWrite => "RELEASE work; SAVEPOINT work",
        }
    }
}
