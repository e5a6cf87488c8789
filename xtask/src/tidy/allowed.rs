//! Lengths, and the list of those that are too long already.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::functions;
use crate::finding::Finding;
use crate::source::{self, Kind};

/// The list of what is too long already.
pub(crate) const FILE: &str = "xtask/tidy-allowed.toml";
/// The most lines of a file.
const FILE_LINES_MAX: usize = 400;
/// The most lines of a function before it counts as too long. Aim for 40.
const FUNCTION_LINES_MAX: usize = 60;

/// What is longer than it should be, and how long it is.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lengths {
    /// How many lines a file has, by its path.
    #[serde(default)]
    files: BTreeMap<String, usize>,
    /// By `path::name`; of several functions with one name in a file the longest.
    #[serde(default)]
    functions: BTreeMap<String, usize>,
    /// How many tests are ignored, by path: measurements that are run by hand.
    #[serde(default)]
    ignored: BTreeMap<String, usize>,
    /// How many modules the largest circle of a crate has, by the folder of its root.
    #[serde(default)]
    pub(super) circles: BTreeMap<String, usize>,
}

impl Lengths {
    pub(crate) fn read(list: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(list).with_context(|| format!("reading {FILE}"))?;
        toml::from_str(&text).with_context(|| format!("reading {FILE}"))
    }

    /// Records what is too long in this file.
    pub(crate) fn measure(&mut self, path: &Path, text: &str) {
        let path = path.display().to_string();
        let lines = text.lines().count();
        for function in functions::all(text) {
            if function.lines > FUNCTION_LINES_MAX {
                let longest = self
                    .functions
                    .entry(format!("{path}::{}", function.name))
                    .or_default();
                *longest = function.lines.max(*longest);
            }
        }
        let ignored = ignored_tests(text);
        if ignored > 0 {
            self.ignored.insert(path.clone(), ignored);
        }
        if lines > FILE_LINES_MAX {
            self.files.insert(path, lines);
        }
    }

    /// What has grown, what is new, and which entries of the list are looser than they need to be.
    pub(crate) fn against(&self, allowed: &Self) -> Vec<Finding> {
        let mut findings = FILES.compare(&self.files, &allowed.files);
        findings.extend(FUNCTIONS.compare(&self.functions, &allowed.functions));
        findings.extend(IGNORED.compare(&self.ignored, &allowed.ignored));
        findings.extend(CIRCLES.compare(&self.circles, &allowed.circles));
        findings
    }

    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::from(
            "# What is longer than it should be, with its length. Written by `cargo xtask tidy --accept`; entries only shrink.\n",
        );
        for (table, entries) in [
            ("files", &self.files),
            ("functions", &self.functions),
            ("ignored", &self.ignored),
            ("circles", &self.circles),
        ] {
            let _ = writeln!(text, "\n[{table}]");
            for (name, count) in entries {
                let _ = writeln!(text, "\"{name}\" = {count}");
            }
        }
        text
    }
}

/// A bound, and how to speak of it.
struct Bound {
    /// What has too much.
    what: &'static str,
    /// What is counted, in the plural.
    unit: &'static str,
    max: usize,
    remedy: &'static str,
}

const FILES: Bound = Bound {
    what: "file",
    unit: "lines",
    max: FILE_LINES_MAX,
    remedy: "take it apart where its parts have names of their own",
};
const FUNCTIONS: Bound = Bound {
    what: "function",
    unit: "lines",
    max: FUNCTION_LINES_MAX,
    remedy: "take it apart where its parts have names of their own",
};
const IGNORED: Bound = Bound {
    what: "file",
    unit: "ignored tests",
    max: 0,
    remedy: "make the test pass, or take it out: a test runs or is not there",
};
const CIRCLES: Bound = Bound {
    what: "crate",
    unit: "modules in a circle",
    max: 0,
    remedy: "move what they share down into a module of its own, and decisions up",
};

impl Bound {
    fn compare(
        &self,
        actual: &BTreeMap<String, usize>,
        allowed: &BTreeMap<String, usize>,
    ) -> Vec<Finding> {
        let grown = actual.iter().filter_map(|(name, count)| {
            let bound = allowed.get(name).copied().unwrap_or(self.max);
            (*count > bound).then(|| self.grown(name, *count, bound))
        });
        let shrunk = allowed
            .iter()
            // An entry that has room would let its file grow again.
            .filter(|(name, bound)| actual.get(*name).copied().unwrap_or_default() < **bound);
        grown
            .chain(shrunk.map(|(name, bound)| self.shrunk(name, *bound)))
            .collect()
    }

    fn grown(&self, name: &str, count: usize, bound: usize) -> Finding {
        Finding {
            place: name.to_owned(),
            problem: format!("the {} has {count} {}", self.what, self.unit),
            rule: format!("a {} has at most {bound} {}", self.what, self.unit),
            remedy: self.remedy.to_owned(),
        }
    }

    fn shrunk(&self, name: &str, bound: usize) -> Finding {
        Finding {
            place: FILE.to_owned(),
            problem: format!(
                "`{name}` is allowed {bound} {} and no longer needs them",
                self.unit
            ),
            rule: "the list only shrinks, and shrinks with what it lists".to_owned(),
            remedy: "run `cargo xtask tidy --accept` and commit the list".to_owned(),
        }
    }
}

/// How many tests of a Rust file are ignored.
fn ignored_tests(text: &str) -> usize {
    let pieces = source::rust(text);
    let code = pieces.iter().filter(|piece| piece.kind == Kind::Code);
    code.map(|piece| piece.text.matches("#[ignore").count())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(file_lines: usize, function_lines: usize) -> Lengths {
        let mut lengths = Lengths::default();
        let body = "\n".repeat(function_lines - 1);
        let rest = "\n".repeat(file_lines - function_lines);
        lengths.measure(
            Path::new("a.rs"),
            &format!("fn long() {{{body}}}\n{}", &rest[1..]),
        );
        lengths
    }

    #[test]
    fn what_is_too_long_is_found_unless_it_is_listed_with_its_length() {
        let none = Lengths::default();
        assert_eq!(lengths(400, 60).against(&none), []);
        assert_eq!(lengths(402, 61).against(&none).len(), 2);
        let allowed: Lengths = toml::from_str(&lengths(402, 61).to_toml()).unwrap();
        assert_eq!(lengths(402, 61).against(&allowed), []);
        assert_eq!(
            lengths(403, 62).against(&allowed).len(),
            2,
            "what is listed may not grow"
        );
        assert_eq!(
            lengths(300, 30).against(&allowed).len(),
            2,
            "and its entry must shrink with it"
        );
    }

    #[test]
    fn an_ignored_test_is_counted_but_not_in_a_string() {
        let text = "#[test]\n#[ignore = \"slow\"]\nfn a() {}\nconst B: &str = \"#[ignore]\";";
        assert_eq!(ignored_tests(text), 1);
    }
}
