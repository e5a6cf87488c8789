//! How far something long is: a bar on a terminal, a line now and then where nobody looks at it.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often a terminal is drawn on, at most.
const DRAW_INTERVAL: Duration = Duration::from_millis(100);
/// How often a line is written where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// How many signs wide the bar is.
const BAR_WIDTH: u64 = 30;

/// Says on standard error how far something is, so that standard output stays what a script reads.
/// Silent when all is done at once.
pub(super) struct ProgressLine {
    is_terminal: bool,
    said_at: Instant,
    has_bar: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
            said_at: Instant::now(),
            has_bar: false,
        }
    }

    /// So much of so much is done, in these words. Says it when it is time again.
    pub(super) fn show(&mut self, done: u64, of: u64, words: &str) {
        let interval = if self.is_terminal {
            DRAW_INTERVAL
        } else {
            LINE_INTERVAL
        };
        if self.said_at.elapsed() < interval {
            return;
        }
        self.said_at = Instant::now();
        if self.is_terminal {
            eprint!("\r\x1b[K{} {words}", bar(done, of));
            self.has_bar = true;
            // It is only there to be looked at.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{words}");
        }
    }
}

/// Takes the bar away, before something else is written.
impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.has_bar {
            eprint!("\r\x1b[K");
        }
    }
}

/// As full as the work is done.
pub(super) fn bar(done: u64, of: u64) -> String {
    let filled = (done.min(of) * BAR_WIDTH).checked_div(of).unwrap_or(0);
    let filled = usize::try_from(filled).unwrap_or(0);
    format!(
        "[{:<width$}]",
        "#".repeat(filled),
        width = BAR_WIDTH as usize
    )
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_as_full_as_the_work_is_done() {
        assert_eq!(bar(0, 0), format!("[{}]", " ".repeat(30)));
        assert_eq!(bar(1, 2), format!("[{}{}]", "#".repeat(15), " ".repeat(15)));
        assert_eq!(bar(7, 5), format!("[{}]", "#".repeat(30)));
    }
}
