//! Damages that were found, and of which a report shows the first ones.

use crate::BackupError;

/// How many damages are shown.
pub const DAMAGES_SHOWN_MAX: usize = 1_000;

/// Files of a backup that are damaged or not there.
#[derive(Debug, Default)]
pub struct Damages {
    /// How many there are, shown or not.
    pub count: u64,
    /// The first of them, at most [`DAMAGES_SHOWN_MAX`], as sentences.
    pub shown: Vec<String>,
}

impl Damages {
    pub(crate) fn add(&mut self, error: &BackupError) {
        self.count += 1;
        if self.shown.len() < DAMAGES_SHOWN_MAX {
            self.shown.push(error.sentence());
        }
    }
}
