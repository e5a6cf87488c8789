//! Looks whether everything in a folder of backups is what was written.

use std::path::Path;

use crate::list::{ListReader, MergedLists};
use crate::manifest::{MANIFEST, Manifest};
use crate::target::Target;
use crate::{Damages, OnStep, Phase, Result, Step, files};

/// What a check of a folder of backups found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// How many snapshots there are.
    pub snapshots: u64,
    /// How many files were read.
    pub files: u64,
    /// The bytes of these files together, as they lie in the backup.
    pub bytes: u64,
    /// What is damaged or not there.
    pub damages: Damages,
}

/// The snapshots of a folder of backups, the oldest first, and what each says of itself or why it
/// does not.
///
/// # Errors
/// When it is no such folder, or cannot be read.
pub fn snapshots(source: &Path) -> Result<Vec<(String, Result<Manifest>)>> {
    let target = Target::open(source)?;
    let read = |name: String| {
        let manifest = Manifest::read(&target.snapshot(&name));
        (name, manifest)
    };
    Ok(target.snapshots()?.into_iter().map(read).collect())
}

/// Reads every file that a snapshot needs and compares it with its checksum, each once. No key is
/// needed for what is encrypted.
///
/// # Errors
/// When it is no folder of backups, or cannot be read; damage is a finding and no error.
pub fn verify(source: &Path, on_step: OnStep<'_>) -> Result<VerifyReport> {
    let target = Target::open(source)?;
    let mut check = Check {
        target: &target,
        report: VerifyReport::default(),
        of_files: 0,
        on_step,
    };
    let mut lists = Vec::new();
    for name in target.snapshots()? {
        check.report.snapshots += 1;
        let list = check.snapshot(&name);
        // The list of a damaged snapshot is missing here: files that only it needs are not checked.
        lists.extend(check.found(list)?);
    }
    check.photos(MergedLists::new(lists))?;
    Ok(check.report)
}

struct Check<'a> {
    target: &'a Target,
    report: VerifyReport,
    of_files: u64,
    on_step: OnStep<'a>,
}

impl Check<'_> {
    /// Checks what is in a snapshot's folder; returns its list.
    fn snapshot(&mut self, name: &str) -> Result<ListReader> {
        let folder = self.target.snapshot(name);
        let manifest = Manifest::read(&folder)?;
        for file in &manifest.files {
            let sum = file.sum(&folder.join(MANIFEST))?;
            let checked = files::check(&folder.join(&file.name), &[sum]);
            self.found(checked)?;
            self.count(file.bytes);
        }
        self.of_files = self.of_files.max(manifest.photos.files);
        self.target.list(name, &manifest)
    }

    fn photos(&mut self, mut lists: MergedLists) -> Result<()> {
        loop {
            let next = lists.next();
            // A list that is damaged has been found already, by its checksum.
            let Some((name, sums)) = self.found(next)?.flatten() else {
                return Ok(());
            };
            let checked = files::check(&self.target.file(name), &sums);
            self.found(checked)?;
            // There is one at least: the name is of a list.
            self.count(sums[0].bytes);
        }
    }

    fn count(&mut self, bytes: u64) {
        self.report.files += 1;
        self.report.bytes += bytes;
        (self.on_step)(Step {
            phase: Phase::Checking,
            files: self.report.files,
            of_files: self.of_files.max(self.report.files),
            bytes: self.report.bytes,
        });
    }

    /// Notes a damage and goes on.
    fn found<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Err(error) if error.is_damage() => {
                self.report.damages.add(&error);
                Ok(None)
            }
            result => result.map(Some),
        }
    }
}
