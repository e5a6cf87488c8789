//! Texts of several statements, put together once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::SqlText;

/// The most texts that are kept. The source has fewer combinations than that.
const KEPT_MAX: usize = 512;

/// The texts that were put together before, by what they were put together from.
#[derive(Default)]
pub(super) struct JoinedTexts(HashMap<Vec<Part>, Arc<str>>);

/// A text of the source, by its place: two of the same words are two parts, which costs nothing
/// but a place.
type Part = (usize, usize);

impl JoinedTexts {
    /// One text of these statements. Each has its values after those of the ones before it.
    pub(super) fn join(
        &mut self,
        opening: Option<&'static str>,
        statements: &[SqlText],
        ending: Option<&'static str>,
    ) -> SqlText {
        if let (None, [statement], None) = (opening, statements, ending) {
            return statement.clone();
        }
        let Some(parts) = parts(opening, statements, ending) else {
            return SqlText::Assembled(concatenate(opening, statements, ending).into());
        };
        if self.0.len() >= KEPT_MAX && !self.0.contains_key(&parts) {
            self.0.clear();
        }
        let text = self
            .0
            .entry(parts)
            .or_insert_with(|| concatenate(opening, statements, ending).into());
        SqlText::Assembled(Arc::clone(text))
    }
}

/// What the text is known by; nothing when a part of it was put together itself.
fn parts(
    opening: Option<&'static str>,
    statements: &[SqlText],
    ending: Option<&'static str>,
) -> Option<Vec<Part>> {
    let of = |text: &'static str| (text.as_ptr().addr(), text.len());
    let mut parts = Vec::with_capacity(statements.len() + 2);
    parts.extend(opening.map(of));
    for statement in statements {
        match statement {
            SqlText::Static(text) => parts.push(of(text)),
            SqlText::Assembled(_) => return None,
        }
    }
    parts.extend(ending.map(of));
    Some(parts)
}

fn concatenate(
    opening: Option<&'static str>,
    statements: &[SqlText],
    ending: Option<&'static str>,
) -> String {
    let mut text = String::new();
    let mut places = 0;
    if let Some(part) = opening {
        text.push_str(part);
        text.push_str("; ");
    }
    for (index, statement) in statements.iter().enumerate() {
        if index > 0 {
            text.push_str("; ");
        }
        push_renumbered(&mut text, statement.as_str(), places);
        places += statement.places();
    }
    if let Some(part) = ending {
        if !statements.is_empty() {
            text.push_str("; ");
        }
        text.push_str(part);
    }
    text
}

/// Adds a statement whose `$1` is to be the place after `before`.
fn push_renumbered(text: &mut String, statement: &str, before: usize) {
    let mut pieces = statement.split('$');
    text.extend(pieces.next());
    for piece in pieces {
        let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = piece.split_at(digits);
        text.push('$');
        // A path within JSON has a dollar too, and no digit behind it.
        if let Ok(number) = number.parse::<usize>() {
            text.push_str(&(before + number).to_string());
        }
        text.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(opening: Option<&'static str>, statements: &[&'static str]) -> String {
        let statements: Vec<_> = statements.iter().map(|text| (*text).into()).collect();
        let mut texts = JoinedTexts::default();
        let first = texts.join(opening, &statements, Some("COMMIT"));
        let second = texts.join(opening, &statements, Some("COMMIT"));
        assert_eq!(first.as_str(), second.as_str());
        first.as_str().to_owned()
    }

    #[test]
    fn each_statement_has_its_values_after_those_before_it() {
        assert_eq!(
            join(
                Some("BEGIN"),
                &[
                    "INSERT a VALUES ($1, $2, $1)",
                    "DELETE b",
                    "UPDATE c SET d = $1"
                ]
            ),
            "BEGIN; INSERT a VALUES ($1, $2, $1); DELETE b; UPDATE c SET d = $3; COMMIT"
        );
    }

    #[test]
    fn a_dollar_without_a_number_stays() {
        assert_eq!(
            join(None, &["SELECT $1 ->> '$[0]'", "SELECT '$', $12"]),
            "SELECT $1 ->> '$[0]'; SELECT '$', $13; COMMIT"
        );
    }

    #[test]
    fn an_ending_may_stand_alone() {
        assert_eq!(join(None, &[]), "COMMIT");
    }
}
