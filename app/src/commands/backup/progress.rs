//! How far it is, on standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use infra_backup::{Phase, Step};

/// How often a bar is drawn.
const BAR_INTERVAL: Duration = Duration::from_millis(100);
/// How often a line is written, to a file or a journal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// The width of a bar.
const BAR_COLUMNS: u64 = 24;

/// Shows steps, and is silent when all is done at once.
pub(super) struct Progress {
    is_terminal: bool,
    shown_at: Instant,
    has_bar: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            shown_at: Instant::now(),
            has_bar: false,
        }
    }
}

impl Progress {
    pub(super) fn show(&mut self, step: Step) {
        let interval = if self.is_terminal {
            BAR_INTERVAL
        } else {
            LINE_INTERVAL
        };
        if self.shown_at.elapsed() < interval {
            return;
        }
        self.shown_at = Instant::now();
        let line = line(step);
        if self.is_terminal {
            eprint!("\r\x1b[K{} {line}", bar(step));
            self.has_bar = true;
            // It is only there to be looked at.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.has_bar {
            eprint!("\r\x1b[K");
        }
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

fn bar(step: Step) -> String {
    let full = (step.files.min(step.of_files) * BAR_COLUMNS).checked_div(step.of_files);
    let full = usize::try_from(full.unwrap_or(0)).unwrap_or(0);
    let columns = usize::try_from(BAR_COLUMNS).unwrap_or(0);
    format!("[{:-<columns$}]", "#".repeat(full))
}
