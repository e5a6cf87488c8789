//! The sentences of a file: its comments, or a document without its code.

use crate::source::{self, Kind};

/// Sentences in one string, with the line that each part of it comes from.
#[derive(Debug, Default)]
pub(super) struct Prose {
    /// In lower case. Neighbouring lines are joined by a blank, so that a phrase may go over a
    /// line's end; where something else stands between them there is a line break.
    pub(super) text: String,
    /// Where each line begins in `text`, and its number, from 1.
    lines: Vec<(usize, usize)>,
}

impl Prose {
    /// The comments of a Rust file.
    pub(super) fn of_rust(source: &str) -> Self {
        let mut prose = Self::default();
        let comments = source::rust(source)
            .into_iter()
            .filter(|piece| piece.kind == Kind::Comment);
        for comment in comments {
            for (index, line) in comment.text.lines().enumerate() {
                prose.add(comment.line + index, without_marker(line));
            }
        }
        prose
    }

    /// A document in Markdown, without blocks of code.
    pub(super) fn of_markdown(source: &str) -> Self {
        let mut prose = Self::default();
        for (number, line) in outside_fences(source) {
            prose.add(number, line);
        }
        prose
    }

    /// The line, from 1, of a position in `text`.
    pub(super) fn line_of(&self, position: usize) -> usize {
        let after = self.lines.partition_point(|(from, _)| *from <= position);
        after.checked_sub(1).map_or(1, |index| self.lines[index].1)
    }

    fn add(&mut self, number: usize, line: &str) {
        let continues = self
            .lines
            .last()
            .is_some_and(|(_, last)| last + 1 == number);
        self.text.push(if continues { ' ' } else { '\n' });
        self.lines.push((self.text.len(), number));
        self.text
            .push_str(&without_code(line.trim()).to_lowercase());
    }
}

/// Lines of Markdown that are no code, with their numbers.
pub(super) fn outside_fences(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    source.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        (!inside && !is_fence).then_some((index + 1, line))
    })
}

fn without_marker(line: &str) -> &str {
    line.trim_start()
        .trim_start_matches('/')
        .trim_start_matches(['!', '*'])
}

/// Code in backticks is left out: it has words of its own.
fn without_code(line: &str) -> String {
    let prose = line.split('`').step_by(2);
    prose.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_found_over_the_end_of_a_line() {
        let prose = Prose::of_rust("// one\nlet a = \"two\"; // Three\n    // `four` five\n");
        assert_eq!(prose.text, "\none three ` five");
        assert_eq!(prose.line_of(prose.text.find("three").unwrap()), 2);
        assert_eq!(prose.line_of(prose.text.find("five").unwrap()), 3);
    }

    #[test]
    fn code_of_a_document_is_no_prose() {
        let prose = Prose::of_markdown("One\n```sh\ntwo\n```\nthree `four`");
        assert_eq!(prose.text, "\none\nthree `");
    }
}
