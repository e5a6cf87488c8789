//! Prose and names use the field's standard terms: what an engineer would search for.
//!
//! The table holds words that once stood here for something that has a name. `docs/glossary.md`
//! explains the terms. The text of pages and messages is not read: it speaks plain English.

use std::path::Path;

use super::prose::{Prose, outside_fences};
use crate::finding::Finding;
use crate::source;

/// The most columns of a line of prose.
const COLUMNS_MAX: usize = 100;

/// A word or phrase, and the term to use in its place.
struct Term {
    found: &'static str,
    standard: &'static str,
    place: Place,
}

/// Where a word may not stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Prose,
    ProseAndNames,
    /// As the whole name of a function: in prose, and within a longer name, it is plain English.
    FunctionName,
}

impl Term {
    /// Whether a name has this word; a phrase counts only as a whole name, because tests have
    /// sentences for names.
    fn is_in(&self, snake_case: &str) -> bool {
        let is_phrase = self.found.contains('_');
        let is_part = || snake_case.split('_').any(|word| word == self.found);
        self.place == Place::ProseAndNames && (snake_case == self.found || !is_phrase && is_part())
    }
}

const fn prose(found: &'static str, standard: &'static str) -> Term {
    Term {
        found,
        standard,
        place: Place::Prose,
    }
}

const fn name(found: &'static str, standard: &'static str) -> Term {
    Term {
        found,
        standard,
        place: Place::ProseAndNames,
    }
}

const fn function(found: &'static str, standard: &'static str) -> Term {
    Term {
        found,
        standard,
        place: Place::FunctionName,
    }
}

const TERMS: &[Term] = &[
    function("told", "what it returns or does: progress_response, record"),
    name("anew", "again or rebuilt"),
    name("reckon", "estimate"),
    name("reckoned", "estimated"),
    name("reckoning", "estimate"),
    name("reckons", "estimates"),
    name("give_back", "release"),
    name("go_to", "redirect"),
    name("mend", "repair"),
    name("mended", "repaired"),
    name("mending", "repairing"),
    name("mends", "repairs"),
    name("set_aside", "dead_letter or quarantine"),
    name("stand_back", "lower_priority"),
    name("to_its_end", "run_to_completion"),
    name("to_the_end", "run_to_completion"),
    name("twin", "duplicate"),
    name("twins", "duplicates"),
    name("whoever", "the operator, the caller, a client or a waiter"),
    prose(
        "an answer",
        "a response (HTTP), a reply (posts) or a result",
    ),
    prose("answers how", "returns how"),
    prose("answers its", "returns its"),
    prose("answers whether", "returns whether"),
    prose("answers which", "returns which"),
    prose("answers whose", "returns whose"),
    prose("at the same time", "concurrently"),
    prose("give back", "release"),
    prose("given back", "released"),
    prose("gives back", "releases"),
    prose("handed on", "passed on"),
    prose("in vain", "without success, abandoned or timed out"),
    prose("kept at hand", "cached"),
    prose("lets go of", "releases"),
    prose("passed over", "skipped"),
    prose("set aside", "dead-lettered, quarantined or reserved"),
    prose("tells events", "publishes events"),
    prose("tells of", "announces, reports or reveals"),
    prose("told apart", "distinguished"),
    prose("tried again", "retried"),
];

/// Reads a Rust file: its comments, its names and how wide its comments are.
pub(super) fn rust(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = dialect(path, &Prose::of_rust(text), TERMS);
    findings.extend(names(path, text));
    let comments = (1..).zip(text.lines());
    findings.extend(wide(
        path,
        comments.filter(|(_, line)| line.trim_start().starts_with("//")),
    ));
    findings
}

/// Reads a document in Markdown.
pub(super) fn markdown(path: &Path, text: &str) -> Vec<Finding> {
    let text = unreleased(path, text);
    let mut findings = dialect(path, &Prose::of_markdown(text), TERMS);
    // A row of a table, a heading and an address cannot be wrapped.
    let lines = outside_fences(text).filter(|(_, line)| {
        let line = line.trim_start();
        !line.starts_with(['|', '#']) && line.contains(' ')
    });
    findings.extend(wide(path, lines));
    findings
}

/// The changelog up to its first release: what was released is not written again.
fn unreleased<'text>(path: &Path, text: &'text str) -> &'text str {
    if !path.ends_with("CHANGELOG.md") {
        return text;
    }
    let mut at = 0;
    let released = text.split_inclusive('\n').find_map(|line| {
        let from = at;
        at += line.len();
        (line.starts_with("## ") && !line.contains("Unreleased")).then_some(from)
    });
    &text[..released.unwrap_or(text.len())]
}

fn dialect(path: &Path, prose: &Prose, terms: &[Term]) -> Vec<Finding> {
    let in_prose = terms
        .iter()
        .filter(|term| term.place != Place::FunctionName);
    let found = in_prose.flat_map(|term| {
        let positions = words(&prose.text, term.found);
        positions.map(|position| finding(path, prose.line_of(position), term))
    });
    found.collect()
}

/// Where this word or phrase begins as a whole.
fn words<'text>(text: &'text str, word: &'text str) -> impl Iterator<Item = usize> + 'text {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word)
        .map(|(position, _)| position)
        .filter(move |position| {
            let before = text[..*position].chars().next_back();
            let after = text[position + word.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

fn names(path: &Path, text: &str) -> Vec<Finding> {
    let code = source::code_only(text);
    let mut findings = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let names = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let mut is_of_function = false;
        for name in names.filter(|name| !name.is_empty()) {
            let name = snake_case(name);
            let terms = TERMS.iter().filter(|term| {
                term.is_in(&name)
                    || is_of_function && term.place == Place::FunctionName && term.found == name
            });
            findings.extend(terms.map(|term| finding(path, index + 1, term)));
            // The next name on the line is the function's.
            is_of_function = name == "fn";
        }
    }
    findings
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && was_lower {
            snake.push('_');
        }
        was_lower = letter.is_lowercase();
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn finding(path: &Path, line: usize, term: &Term) -> Finding {
    Finding {
        place: format!("{}:{line}", path.display()),
        problem: format!("\"{}\": write \"{}\"", term.found, term.standard),
        rule: "prose and names use the field's standard terms".to_owned(),
        remedy: "use the term; docs/glossary.md explains it".to_owned(),
    }
}

fn wide<'text>(
    path: &Path,
    lines: impl Iterator<Item = (usize, &'text str)>,
) -> impl Iterator<Item = Finding> {
    lines.filter_map(|(number, line)| {
        let columns = line.chars().count();
        (columns > COLUMNS_MAX).then(|| Finding {
            place: format!("{}:{number}", path.display()),
            problem: format!("the line of prose has {columns} columns"),
            rule: format!("prose is wrapped at {COLUMNS_MAX} columns"),
            remedy: "wrap it".to_owned(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(findings: &[Finding]) -> Vec<(&str, &str)> {
        let problems = findings.iter();
        problems
            .map(|finding| (finding.place.as_str(), finding.problem.as_str()))
            .collect()
    }

    #[test]
    fn dialect_is_found_in_comments_and_names_with_its_line_and_the_term() {
        let text = "/// What it takes, Reckoned\n/// by hand; an `anew` is code.\n\
            fn take_twin() {\n    let text = \"anew\"; // set\n    // aside\n}\n";
        let mut findings = rust(Path::new("a.rs"), text);
        findings.sort();
        assert_eq!(
            problems(&findings),
            [
                ("a.rs:1", "\"reckoned\": write \"estimated\""),
                ("a.rs:3", "\"twin\": write \"duplicate\""),
                (
                    "a.rs:4",
                    "\"set aside\": write \"dead-lettered, quarantined or reserved\""
                ),
            ]
        );
    }

    #[test]
    fn a_word_may_be_no_name_of_a_function_and_good_english_elsewhere() {
        let text = "/// Until it is told.\nfn what_is_told(told: u8) { told(); }\n";
        assert_eq!(rust(Path::new("a.rs"), text), []);
        let found = rust(Path::new("a.rs"), "pub(crate) const fn told<T>() {}\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].problem.contains("progress_response"));
    }

    #[test]
    fn only_whole_words_count() {
        let text = "// amend, twinkle, canewood\nfn amended(entwined: Twinkle) {}\n";
        assert_eq!(rust(Path::new("a.rs"), text), []);
        let found = rust(
            Path::new("a.rs"),
            "struct TwinRow;\nconst GIVE_BACK: u8 = 1;\n",
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn wide_prose_is_found_and_what_cannot_be_wrapped_is_not() {
        let wide = "word ".repeat(21);
        let address = format!("https://example.org/{}", "a".repeat(100));
        let text = format!("{wide}\n\n| {wide} |\n\n```\n{wide}\n```\n\n{address}\n");
        let findings = markdown(Path::new("a.md"), &text);
        assert_eq!(
            problems(&findings),
            [("a.md:1", "the line of prose has 105 columns")]
        );
        let code = format!("let a = \"{wide}\";\n    // {wide}\n");
        let findings = rust(Path::new("a.rs"), &code);
        assert_eq!(
            problems(&findings),
            [("a.rs:2", "the line of prose has 112 columns")]
        );
    }

    #[test]
    fn released_parts_of_the_changelog_stay_as_they_are() {
        let text = "# Changelog\n\n## Unreleased\n\nMade anew.\n\n## 0.1.0\n\nMade anew.\n";
        let findings = markdown(Path::new("CHANGELOG.md"), text);
        assert_eq!(
            problems(&findings),
            [("CHANGELOG.md:5", "\"anew\": write \"again or rebuilt\"")]
        );
        assert_eq!(markdown(Path::new("docs/a.md"), text).len(), 2);
    }
}
