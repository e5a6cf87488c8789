//! The figures as tables, with what they were measured on.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// The middle of several measurements, and their ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len().saturating_sub(1);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self {
            // The mean of the middle two of an even number of values; of an odd number both are the
            // middle one.
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            min: at(0),
            max: at(last),
        }
    }

    /// "12.3 (11.9 to 14.0)"
    pub(crate) fn shown(&self, digits: usize) -> String {
        format!(
            "{:.digits$} ({:.digits$} to {:.digits$})",
            self.median, self.min, self.max
        )
    }
}

pub(crate) struct Report {
    text: String,
}

impl Report {
    pub(crate) fn new(root: &Path, profile: &str) -> Result<Self> {
        let command: Vec<String> = std::env::args().skip(1).collect();
        let text = format!(
            "Command: `cargo xtask {}` (profile `{profile}`)\nCommit: {}\nMachine: {}\n\
             Figures are medians of the runs, with the least and the most in brackets.\n",
            command.join(" "),
            commit(root)?,
            machine(),
        );
        Ok(Self { text })
    }

    pub(crate) fn heading(&mut self, heading: &str) {
        eprintln!("{heading}");
        self.text.push_str(&format!("\n## {heading}\n\n"));
    }

    pub(crate) fn note(&mut self, note: &str) {
        self.text.push_str(&format!("\n{note}\n"));
    }

    pub(crate) fn row(&mut self, cells: &[String]) {
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }

    pub(crate) fn header(&mut self, cells: &[&str]) {
        self.row(&cells.iter().map(ToString::to_string).collect::<Vec<_>>());
        self.row(&vec!["---".to_owned(); cells.len()]);
    }

    pub(crate) fn print(&self) {
        println!("{}", self.text);
    }
}

fn commit(root: &Path) -> Result<String> {
    let git = |arguments: &[&str]| -> Result<String> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    let suffix = if changed {
        ", with changes that are not committed"
    } else {
        ""
    };
    Ok(format!(
        "{}{suffix}",
        git(&["rev-parse", "--short=12", "HEAD"])?
    ))
}

fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default();
        line.split_once(':')
            .map_or("unknown", |(_, value)| value)
            .trim()
            .to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: u64 = field(&read("/proc/meminfo"), "MemTotal")
        .trim_end_matches(" kB")
        .parse()
        .unwrap_or_default();
    format!(
        "{cores} cores ({}), {} GiB, Linux {}",
        field(&read("/proc/cpuinfo"), "model name"),
        memory / 1_024 / 1_024,
        read("/proc/sys/kernel/osrelease").trim()
    )
}
