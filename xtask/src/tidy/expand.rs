//! Expand, then contract: what a migration may do in one step (ADR 0044).
//!
//! While a fleet is brought to a new version, processes of the one before go on with the tables as
//! they knew them, and a server locks a table for as long as a statement changes it. So a migration
//! adds; what an old version reads or writes goes in a later release, by a migration that says in a
//! line why nobody misses it: `-- contract: nothing has read it since 0012`.

use std::ffi::OsStr;
use std::path::Path;

use crate::finding::Finding;

/// What lets a migration contract, and is followed by the reason.
const MARK: &str = "-- contract:";
/// What has a server run a migration outside a transaction, at the very beginning of the file.
const NO_TRANSACTION: &str = "-- no-transaction";

/// Migrations that broke the rule before it was made, and why none was harmed: their text is part
/// of what installed databases are checked against, so they cannot say it themselves.
const BEFORE_THE_RULE: &[(&str, &str)] = &[
    (
        "business/media/core/migrations/0002_work.sql",
        "a file has one process, which is ended before the next version begins",
    ),
    (
        "business/media/core/migrations/0015_infra_failures.sql",
        "the same: this came before there was a server's schema",
    ),
];

/// Finds what a migration does in one step that takes two.
pub(super) fn check(path: &Path, text: &str) -> Option<Finding> {
    let is_postgres = path.parent()?.ends_with("migrations/postgres");
    if !is_postgres && !path.parent()?.ends_with("migrations") {
        return None;
    }
    let is_baseline = path.file_name()?.to_str()?.starts_with("0001_");
    let name = path.to_str()?;
    let is_before = BEFORE_THE_RULE.iter().any(|(before, _)| *before == name);
    if path.extension().and_then(OsStr::to_str) != Some("sql") || is_baseline || is_before {
        return None;
    }
    let (line, problem) = first_problem(text, is_postgres)?;
    Some(Finding {
        place: format!("{name}:{line}"),
        problem,
        rule: "expand, then contract: a migration breaks nothing that the version before runs, \
             and locks no table that is large (ADR 0044)"
            .to_owned(),
        remedy: format!(
            "add in this release and remove in a later one; if nobody is harmed, say why: `{MARK} …`"
        ),
    })
}

/// The first thing that takes two steps, and the line it begins in.
fn first_problem(text: &str, is_postgres: bool) -> Option<(usize, String)> {
    if text.lines().any(says_why) {
        return None;
    }
    let statements = statements(text);
    let made: Vec<&str> = statements.iter().filter_map(Statement::made).collect();
    for statement in &statements {
        let mut problem = statement.contracts();
        if is_postgres {
            problem = problem.or_else(|| statement.locks(&made));
            problem = problem.or_else(|| statement.misses(text, statements.len()));
        }
        if let Some(problem) = problem {
            return Some((statement.line, problem.to_owned()));
        }
    }
    None
}

fn says_why(line: &str) -> bool {
    let reason = line.trim_start().strip_prefix(MARK);
    reason.is_some_and(|reason| reason.split_whitespace().count() > 1)
}

/// A statement as its words in capitals, without comments.
struct Statement {
    line: usize,
    words: Vec<String>,
}

/// Splits a text where statements end: semicolons outside of quotes.
fn statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut statement = Statement::begun(1);
    for (index, line) in text.lines().enumerate() {
        let code = line.split_once("--").map_or(line, |(code, _)| code);
        // No value of a migration has a quote or a semicolon in it.
        for (place, part) in code.split(';').enumerate() {
            if place > 0 {
                statements.push(std::mem::replace(
                    &mut statement,
                    Statement::begun(index + 1),
                ));
            }
            statement.add(index + 1, part);
        }
    }
    statements.push(statement);
    statements.retain(|statement| !statement.words.is_empty());
    statements
}

impl Statement {
    const fn begun(line: usize) -> Self {
        Self {
            line,
            words: Vec::new(),
        }
    }

    fn add(&mut self, line: usize, code: &str) {
        let spaced = code.replace('(', " ( ").replace([')', ','], " ");
        for word in spaced.split_whitespace() {
            if self.words.is_empty() {
                self.line = line;
            }
            self.words.push(word.trim_matches('"').to_uppercase());
        }
    }

    /// Whether these words follow one another in it.
    fn has(&self, phrase: &[&str]) -> bool {
        self.words
            .windows(phrase.len())
            .any(|words| words == phrase)
    }

    fn begins(&self, phrase: &[&str]) -> bool {
        self.words.len() >= phrase.len() && self.words[..phrase.len()] == *phrase
    }

    fn has_word(&self, word: &str) -> bool {
        self.has(&[word])
    }

    /// The word behind these, over `IF NOT EXISTS`.
    fn behind(&self, word: &str) -> Option<&str> {
        let place = self.words.iter().position(|other| other == word)?;
        let mut behind = self.words[place + 1..].iter().map(String::as_str);
        behind.find(|word| !matches!(*word, "IF" | "NOT" | "EXISTS" | "ONLY"))
    }

    /// The table that it makes: nobody knows it yet, and nothing is in it.
    fn made(&self) -> Option<&str> {
        self.begins(&["CREATE", "TABLE"])
            .then(|| self.behind("TABLE"))?
    }

    /// What it takes away from the version before.
    fn contracts(&self) -> Option<&'static str> {
        let alters = self.begins(&["ALTER", "TABLE"]);
        if self.begins(&["DROP", "TABLE"]) || self.begins(&["DROP", "SCHEMA"]) {
            return Some("drops a table");
        }
        if self.begins(&["TRUNCATE"]) {
            return Some("empties a table");
        }
        if alters && self.has_word("RENAME") {
            return Some("renames a table or a column");
        }
        if alters && !self.drops_only_rules() {
            return Some("drops a column");
        }
        if alters && self.has_word("ADD") && self.has(&["NOT", "NULL"]) && !self.has_word("DEFAULT")
        {
            return Some(
                "adds NOT NULL without a DEFAULT, which the version before does not write",
            );
        }
        if self.has(&["SET", "NOT", "NULL"]) {
            return Some("takes NULL from a column that the version before may leave out");
        }
        if alters && (self.changes_a_type() || self.has(&["SET", "DATA"])) {
            return Some("changes a column's type, for which the table is written again");
        }
        None
    }

    /// Whether all that it drops is rules about columns: without them the version before is as well
    /// off.
    fn drops_only_rules(&self) -> bool {
        let rules = ["CONSTRAINT", "DEFAULT", "NOT", "EXPRESSION", "IDENTITY"];
        let mut drops = self.words.windows(2).filter(|words| words[0] == "DROP");
        drops.all(|words| rules.contains(&words[1].as_str()))
    }

    /// `ALTER name TYPE` or `ALTER COLUMN name TYPE`; a column may be named so.
    fn changes_a_type(&self) -> bool {
        self.words.windows(3).any(|words| {
            matches!(words[0].as_str(), "ALTER" | "COLUMN")
                && !matches!(words[1].as_str(), "TABLE" | "COLUMN")
                && words[2] == "TYPE"
        })
    }

    /// For what it has a server lock a table that others use, while all of it is read or written.
    fn locks(&self, made: &[&str]) -> Option<&'static str> {
        let is_index = self.begins(&["CREATE", "INDEX"]) || self.begins(&["CREATE", "UNIQUE"]);
        let table = self.behind(if is_index { "ON" } else { "TABLE" });
        if table.is_some_and(|table| made.contains(&table)) {
            return None;
        }
        if is_index && !self.has_word("CONCURRENTLY") {
            return Some("makes an index without CONCURRENTLY: nobody can write meanwhile");
        }
        if !self.begins(&["ALTER", "TABLE"]) || !self.has_word("ADD") {
            return None;
        }
        let kinds = ["CONSTRAINT", "CHECK", "FOREIGN", "UNIQUE", "PRIMARY"];
        let adds_rule = kinds.into_iter().any(|kind| self.has_word(kind));
        let is_quick = self.has(&["NOT", "VALID"]) || self.has(&["USING", "INDEX"]);
        if adds_rule && !is_quick {
            return Some("adds a rule that the server looks through the whole table for");
        }
        let place = self.words.iter().position(|word| word == "DEFAULT");
        let calls = place.is_some_and(|place| self.words[place..].iter().any(|word| word == "("));
        if calls || self.has_word("STORED") || self.has_word("SERIAL") {
            return Some(
                "adds a column with a value for each row, for which all are written again",
            );
        }
        None
    }

    /// What an index that is made beside others' writes needs to be made at all.
    fn misses(&self, text: &str, statements: usize) -> Option<&'static str> {
        if !self.has_word("CONCURRENTLY") {
            return None;
        }
        if !text.starts_with(NO_TRANSACTION) {
            return Some("is CONCURRENTLY, and the file does not begin with `-- no-transaction`");
        }
        if statements > 1 {
            return Some("is CONCURRENTLY, and not the only statement of its file");
        }
        let may_be_there = self.has(&["IF", "NOT", "EXISTS"]) || self.begins(&["DROP"]);
        (!may_be_there).then_some(
            "is CONCURRENTLY without IF NOT EXISTS: a process may die between the index and the note of it",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQLITE: &str = "business/posts/core/migrations/0042_more.sql";
    const POSTGRES: &str = "business/posts/core/migrations/postgres/0042_more.sql";

    fn problem(path: &str, text: &str) -> Option<String> {
        check(Path::new(path), text).map(|finding| finding.problem)
    }

    #[test]
    fn a_migration_may_add() {
        let good = [
            "CREATE TABLE leaves (id BIGINT NOT NULL);\nCREATE INDEX leaves_by_id ON leaves (id);",
            "-- DROP TABLE is only said here.\nALTER TABLE books ADD COLUMN note TEXT NOT NULL DEFAULT '';",
            "ALTER TABLE books ADD COLUMN note TEXT;",
            "ALTER TABLE books DROP CONSTRAINT books_note_check;",
            "ALTER TABLE books ADD COLUMN type TEXT;",
            "INSERT INTO shelves (id) VALUES (1); UPDATE books SET note = '' WHERE note IS NULL",
            "CREATE TABLE IF NOT EXISTS leaves (id BIGINT);\nCREATE UNIQUE INDEX leaves_by_id ON leaves (id);",
        ];
        for text in good {
            assert_eq!(problem(SQLITE, text), None, "{text}");
            assert_eq!(problem(POSTGRES, text), None, "{text}");
        }
        // A file of SQLite has one process, which does nothing else meanwhile.
        let index = "CREATE INDEX books_by_note ON books (note);";
        assert_eq!(problem(SQLITE, index), None);
        let index =
            "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS by_note ON books (note);";
        assert_eq!(problem(POSTGRES, index), None);
        let rule = "ALTER TABLE books ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID;";
        assert_eq!(problem(POSTGRES, rule), None);
    }

    #[test]
    fn what_the_version_before_needs_stays_on_either_engine() {
        let bad = [
            "DROP TABLE leaves;",
            "drop table if exists leaves;",
            "ALTER TABLE books\n    DROP COLUMN note;",
            "ALTER TABLE books DROP note;",
            "ALTER TABLE books RENAME COLUMN note TO remark;",
            "ALTER TABLE books RENAME TO articles;",
            "CREATE TABLE more (id BIGINT); ALTER TABLE books ADD note TEXT NOT NULL;",
            "ALTER TABLE books ALTER COLUMN note SET NOT NULL;",
            "ALTER TABLE books ALTER COLUMN note TYPE BIGINT;",
            "ALTER TABLE books ALTER note TYPE BIGINT;",
            "ALTER TABLE books DROP CONSTRAINT short, DROP COLUMN note;",
            "TRUNCATE leaves;",
        ];
        for text in bad {
            assert!(problem(SQLITE, text).is_some(), "{text}");
            assert!(problem(POSTGRES, text).is_some(), "{text}");
        }
    }

    #[test]
    fn no_table_of_a_server_is_locked_while_all_of_it_is_read() {
        let bad = [
            "CREATE INDEX books_by_note ON books (note);",
            "CREATE UNIQUE INDEX books_by_note ON books (note);",
            "CREATE TABLE leaves (id BIGINT);\nCREATE INDEX books_by_note ON books (note);",
            "ALTER TABLE books ADD CONSTRAINT short CHECK (length(note) < 9);",
            "ALTER TABLE books ADD COLUMN token TEXT UNIQUE;",
            "ALTER TABLE books ADD note TEXT CHECK (length(note) < 9);",
            "ALTER TABLE books ADD COLUMN token TEXT DEFAULT gen_random_uuid();",
            "ALTER TABLE books ADD FOREIGN KEY (author_id) REFERENCES readers (id) ON DELETE CASCADE;",
            // They cannot be run, or not again.
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS books_by_note ON books (note);",
            "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS one ON books (note);\nANALYZE books;",
            "-- no-transaction\nCREATE INDEX CONCURRENTLY one ON books (note);",
        ];
        for text in bad {
            assert!(problem(POSTGRES, text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_says_why_it_is_safe_may_contract() {
        let said = "-- contract: no release since 0040 reads it\nDROP TABLE leaves;";
        assert_eq!(problem(SQLITE, said), None);
        let unsaid = "-- contract:\nDROP TABLE leaves;";
        assert!(problem(SQLITE, unsaid).is_some());
    }

    #[test]
    fn a_baseline_and_what_is_no_migration_are_let_be() {
        let text = "CREATE INDEX books_by_note ON books (note); DROP TABLE leaves;";
        let baseline = "business/posts/core/migrations/postgres/0001_baseline.sql";
        assert_eq!(problem(baseline, text), None);
        assert_eq!(problem("business/posts/core/src/some.sql", text), None);
    }

    #[test]
    fn a_problem_is_placed_where_its_statement_begins() {
        let text = "-- Words.\n\nCREATE TABLE a (id BIGINT);\nALTER TABLE books\n    DROP note;";
        let found = check(Path::new(SQLITE), text).unwrap();
        assert_eq!(found.place, format!("{SQLITE}:4"));
    }
}
