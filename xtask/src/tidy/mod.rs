//! `cargo xtask tidy`: what a compiler and a linter do not look at.
//!
//! Lengths are a ratchet: what is too long already stands in `xtask/tidy-allowed.toml` with its
//! length, may not grow, and when it shrinks its entry shrinks with it. So are ignored tests, and
//! circles of modules (`cycles.rs`). `--accept` rewrites that file. Words and the width of prose
//! are checked without exceptions (`words.rs`).

mod allowed;
mod callers;
mod cycles;
mod expand;
mod functions;
mod migrations;
mod prose;
mod single_writer;
mod words;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::Metadata;

use crate::finding::{Finding, report};
use crate::workspace;

use allowed::Lengths;
use cycles::Modules;
use single_writer::Markers;

/// Kinds of files that are read for words that stand for unfinished work.
const TEXTS: &[&str] = &[
    "rs", "toml", "sql", "md", "proto", "html", "css", "js", "svg", "sh",
];
/// Words that stand for unfinished work; put together here, so that this file does not hold them.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// Checks the workspace at this root.
pub(crate) fn run(root: &Path, accept: bool) -> Result<()> {
    let metadata = workspace::metadata(root)?;
    let mut findings = Vec::new();
    let mut lengths = Lengths::default();
    let mut markers = Markers::default();
    let mut modules = Modules::default();
    let files = workspace::files(root, TEXTS)?;
    for path in &files {
        let text = workspace::read(root, path)?;
        findings.extend(unfinished(path, &text));
        findings.extend(callers::check(path, &text));
        match path.extension().and_then(OsStr::to_str) {
            // Its names and lengths are the generator's, and its comments the contract's.
            Some("rs") if !is_generated(path) => {
                lengths.measure(path, &text);
                markers.look(path, &text);
                modules.look(path, &text);
                findings.extend(words::rust(path, &text));
            }
            Some("sql") => findings.extend(expand::check(path, &text)),
            Some("md") => findings.extend(words::markdown(path, &text)),
            _ => {}
        }
    }
    lengths.circles = modules.circles();
    findings.extend(crates(root, &metadata)?);
    findings.extend(migrations::check(&files));
    findings.extend(markers.against(&workspace::read(root, Path::new(single_writer::RECORD))?));
    let list = root.join(allowed::FILE);
    if accept {
        std::fs::write(&list, lengths.to_toml())?;
        println!("wrote {}", allowed::FILE);
    } else {
        findings.extend(lengths.against(&Lengths::read(&list)?));
    }
    report(
        "tidy",
        findings,
        &format!("{} files are in order", files.len()),
    )
}

fn is_generated(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "generated.rs" || part == "generated")
}

fn unfinished(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        if let Some(word) = words.find(|word| UNFINISHED.contains(word)) {
            findings.push(Finding {
                place: format!("{}:{}", path.display(), index + 1),
                problem: format!("{word} is left"),
                rule: "what is committed is finished".to_owned(),
                remedy: "do it, or say in a sentence what is not done and why that is all right"
                    .to_owned(),
            });
        }
    }
    findings
}

/// Every crate shares the workspace's lints, and every target says at its top what it is.
fn crates(root: &Path, metadata: &Metadata) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in metadata.workspace_packages() {
        let manifest = member.manifest_path.as_std_path();
        if !shares_lints(&std::fs::read_to_string(manifest)?)? {
            findings.push(Finding {
                place: relative(root, manifest),
                problem: format!("`{}` does not share the workspace's lints", member.name),
                rule: "one set of lints for all crates".to_owned(),
                remedy: "add `[lints]` with `workspace = true`".to_owned(),
            });
        }
        for target in &member.targets {
            let path = target.src_path.as_std_path();
            if !std::fs::read_to_string(path)?.starts_with("//! ") {
                findings.push(Finding {
                    place: format!("{}:1", relative(root, path)),
                    problem: format!("`{}` does not say what it is", target.name),
                    rule: "every crate opens with what it does and what it does not do".to_owned(),
                    remedy: "begin the file with a `//! ` sentence".to_owned(),
                });
            }
        }
    }
    Ok(findings)
}

fn shares_lints(manifest: &str) -> Result<bool> {
    let manifest: toml::Table = toml::from_str(manifest)?;
    let shared = manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"));
    Ok(shared.and_then(toml::Value::as_bool) == Some(true))
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .map_or_else(|_| PathBuf::from(path), PathBuf::from)
        .display()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_work_is_found_as_a_word_only() {
        let text = format!(
            "fine\n// {}: later\nMETHODOLOGY {}S\n",
            UNFINISHED[0], UNFINISHED[1]
        );
        let found = unfinished(Path::new("a.rs"), &text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "a.rs:2");
    }

    #[test]
    fn shared_lints_are_recognised() {
        assert!(shares_lints("[lints]\nworkspace = true").unwrap());
        assert!(!shares_lints("[lints.rust]\nunsafe_code = \"deny\"").unwrap());
        assert!(!shares_lints("[package]\nname = \"a\"").unwrap());
    }
}
