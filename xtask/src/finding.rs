//! What a check finds, and how it says so.

use std::fmt;

use anyhow::{Result, bail};

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Where: `file:line`, or a file.
    pub(crate) place: String,
    pub(crate) problem: String,
    /// Which rule says so.
    pub(crate) rule: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            problem,
            rule,
            remedy,
        } = self;
        write!(
            formatter,
            "{place}: {problem}\n    rule: {rule}\n    do:   {remedy}"
        )
    }
}

/// Prints what was found; an error when that was anything.
pub(crate) fn report(check: &str, mut findings: Vec<Finding>, passed: &str) -> Result<()> {
    findings.sort();
    findings.dedup();
    if findings.is_empty() {
        println!("{check}: {passed}");
        return Ok(());
    }
    for finding in &findings {
        eprintln!("{finding}\n");
    }
    bail!("{check}: {} to put right, listed above", findings.len())
}
