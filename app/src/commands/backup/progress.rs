//! How far a backup or a restore is.

use infra_backup::{Phase, Step};

use crate::commands::progress::ProgressLine;

pub(super) struct Progress(ProgressLine);

impl Default for Progress {
    fn default() -> Self {
        Self(ProgressLine::new())
    }
}

impl Progress {
    pub(super) fn show(&mut self, step: Step) {
        self.0.show(step.files, step.of_files, &line(step));
    }
}

fn line(step: Step) -> String {
    let what = match step.phase {
        Phase::Databases => "databases",
        Phase::Photos => "photos' files",
        Phase::Removing => "files removed",
        Phase::Checking => "files checked",
    };
    let megabytes = step.bytes / 1_000_000;
    match step.of_files {
        0 => format!("{} {what}, {megabytes} MB", step.files),
        of_files => format!("{} of {of_files} {what}, {megabytes} MB", step.files),
    }
}
