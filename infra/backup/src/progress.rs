//! How far something is.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Databases are copied, within one cut.
    Databases,
    /// Photos' files are copied, or found to be there already.
    Photos,
    /// What no snapshot needs any more is removed.
    Removing,
    /// Files of a backup are compared with their checksums, or their lengths before a restore.
    Checking,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is being done.
    pub phase: Phase,
    /// How many files are done.
    pub files: u64,
    /// Of how many; 0 when that is not known.
    pub of_files: u64,
    /// How many bytes were read or written so far.
    pub bytes: u64,
}

/// Called after each piece of work: once for each file, and within large databases more often.
pub type OnStep<'a> = &'a mut dyn FnMut(Step);
