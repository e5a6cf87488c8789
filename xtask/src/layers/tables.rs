//! Holds SQL against the domains: a table is named by the domain whose migrations create it, and by
//! no other code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::finding::Finding;
use crate::source::{self, Kind, Piece};
use crate::workspace;

/// Words that a table's name follows.
const BEFORE_TABLE: &[&str] = &["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "REFERENCES"];
/// Words that may stand between.
const BETWEEN: &[&str] = &[
    "IF", "NOT", "EXISTS", "OR", "IGNORE", "REPLACE", "ABORT", "FAIL", "ROLLBACK", "ONLY",
];
/// Words that a statement begins with.
const VERBS: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "REPLACE",
];

/// A file of the project.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// Every `.sql` and `.rs` file under the root.
pub(crate) fn files(root: &Path) -> Result<Vec<File>> {
    let paths = workspace::files(root, &["sql", "rs"])?;
    let file = |path: PathBuf| {
        Ok(File {
            text: workspace::read(root, &path)?,
            path,
        })
    };
    paths.into_iter().map(file).collect()
}

/// Every place where code names a table that is another domain's.
pub(crate) fn check(files: &[File], shared: &[String]) -> Vec<Finding> {
    let owners = owners(files);
    let mut findings = Vec::new();
    for file in files {
        for (line, table) in named_tables(file) {
            // What no migration creates is no domain's: a common table expression, or SQLite's own
            // table.
            let Some(domains) = owners.get(&table) else {
                continue;
            };
            let domain = domain_of(&file.path);
            if !shared.contains(&table) && !domains.contains(&domain) {
                findings.push(finding(file, line, &table, domains));
            }
        }
    }
    findings
}

fn finding(file: &File, line: usize, table: &str, domains: &BTreeSet<String>) -> Finding {
    let owner = domains.iter().cloned().collect::<Vec<_>>().join(", ");
    Finding {
        place: format!("{}:{line}", file.path.display()),
        problem: format!("SQL names the table `{table}`, which belongs to {owner}"),
        rule: "layers.toml: [tables] only the domain that creates a table names it".to_owned(),
        remedy: format!(
            "ask {owner} through its gateway, or keep a read model of your own from its events"
        ),
    }
}

/// Which domains create which table.
fn owners(files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let migrations = files.iter().filter(|file| {
        // Only migrations count: tests create tables of their own.
        is_sql(&file.path)
            && file
                .path
                .components()
                .any(|part| part.as_os_str() == "migrations")
    });
    for file in migrations {
        for piece in source::sql(&file.text)
            .iter()
            .filter(|piece| piece.kind == Kind::Code)
        {
            for table in created(piece.text) {
                owners
                    .entry(table)
                    .or_default()
                    .insert(domain_of(&file.path));
            }
        }
    }
    owners
}

fn created(statement: &str) -> Vec<String> {
    let words: Vec<_> = words(statement).collect();
    let creates = |pair: &[(usize, &str)]| {
        pair[1].1.eq_ignore_ascii_case("TABLE")
            && ["CREATE", "TEMP", "TEMPORARY", "VIRTUAL"]
                .iter()
                .any(|word| pair[0].1.eq_ignore_ascii_case(word))
    };
    let at = words
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| creates(pair))
        .map(|(at, _)| at + 2);
    at.filter_map(|at| {
        words[at..]
            .iter()
            .find(|(_, word)| !is_one_of(word, BETWEEN))
    })
    .map(|(_, word)| word.to_ascii_lowercase())
    .collect()
}

/// The layer and the domain that a file is in: "business/posts". Files right in a layer are that
/// layer's.
fn domain_of(path: &Path) -> String {
    let parts: Vec<_> = path
        .iter()
        .take(2)
        .map(|part| part.to_string_lossy())
        .collect();
    parts.join("/")
}

fn is_sql(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

/// The tables that a file's SQL names, and the lines.
fn named_tables(file: &File) -> Vec<(usize, String)> {
    let sql = is_sql(&file.path);
    let pieces = if sql {
        source::sql(&file.text)
    } else {
        source::rust(&file.text)
    };
    // In Rust, SQL stands in strings.
    let wanted = if sql { Kind::Code } else { Kind::Text };
    let pieces = pieces.into_iter().filter(|piece| piece.kind == wanted);
    pieces.flat_map(|piece| named_in(&piece)).collect()
}

/// In a text that begins like a statement the words count in any case; elsewhere only in capitals,
/// so that English does not count.
fn named_in(piece: &Piece<'_>) -> Vec<(usize, String)> {
    let any_case = words(piece.text)
        .next()
        .is_some_and(|(_, word)| is_one_of(word, VERBS));
    let words: Vec<_> = words(piece.text).collect();
    let mut named = Vec::new();
    for (index, (_, word)) in words.iter().enumerate() {
        let is_keyword = BEFORE_TABLE.contains(word) || (any_case && is_one_of(word, BEFORE_TABLE));
        if !is_keyword {
            continue;
        }
        let mut after = words[index + 1..]
            .iter()
            .skip_while(|(_, word)| is_one_of(word, BETWEEN));
        // A list of tables goes on after each comma, with or without another name for the one
        // before.
        while let Some((at, table)) = after.next() {
            let line = piece.line + piece.text[..*at].matches('\n').count();
            named.push((line, table.to_ascii_lowercase()));
            let rest = &piece.text[at + table.len()..];
            let list: String = rest
                .chars()
                .take_while(|letter| *letter != ',' && is_alias(*letter))
                .collect();
            if !rest[list.len()..].starts_with(',') {
                break;
            }
            // The other name for the table before the comma, and its AS.
            for _ in words_count(&list) {
                after.next();
            }
        }
    }
    named
}

fn is_alias(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == ' ' || letter == '"'
}

fn words_count(list: &str) -> std::ops::Range<usize> {
    0..words(list).count()
}

/// The words of a text with their positions.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let starts = text.char_indices().filter(move |(at, letter)| {
        is_word(*letter) && !text[..*at].chars().next_back().is_some_and(is_word)
    });
    starts.map(move |(at, _)| {
        let length = text[at..]
            .find(|letter| !is_word(letter))
            .unwrap_or(text.len() - at);
        (at, &text[at..at + length])
    })
}

fn is_one_of(word: &str, list: &[&str]) -> bool {
    list.iter().any(|other| other.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTS: &str = "-- FROM guards is only a comment\n\
        CREATE TABLE paintings (id BIGINT PRIMARY KEY);\n\
        CREATE TABLE IF NOT EXISTS frames (painting_id BIGINT REFERENCES paintings (id));\n\
        CREATE TABLE ledger (position INTEGER);";

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    fn findings(path: &str, text: &str) -> Vec<Finding> {
        let files = [
            file("business/posts/core/migrations/0001_posts.sql", POSTS),
            file(
                "business/graph/core/migrations/0001_graph.sql",
                "CREATE TABLE visitors (id BIGINT);",
            ),
            file(path, text),
        ];
        check(&files, &["ledger".to_owned()])
    }

    #[test]
    fn a_domain_names_its_own_tables_and_shared_ones() {
        let own = r#"const A: &str = "SELECT id FROM paintings JOIN frames ON true";"#;
        assert_eq!(findings("business/posts/core/src/store.rs", own), []);
        let shared = r#"const A: &str = "INSERT INTO ledger VALUES (1)";"#;
        assert_eq!(findings("infra/bus/src/outbox.rs", shared), []);
    }

    #[test]
    fn every_way_to_name_anothers_table_is_found() {
        for statement in [
            "SELECT 1 FROM paintings",
            "select 1 from Paintings",
            "SELECT 1\nFROM visitors AS f\nLEFT JOIN paintings p ON p.id = f.id",
            "SELECT 1 FROM visitors f, paintings p",
            "INSERT OR IGNORE INTO paintings VALUES (1)",
            "UPDATE paintings SET id = 2",
            "DELETE FROM \\\"paintings\\\"",
            "DROP TABLE IF EXISTS paintings",
            "a part that begins elsewhere FROM frames",
        ] {
            let code = format!("fn a() {{\n    query(\"{statement}\");\n}}");
            let found = findings("business/graph/core/src/store.rs", &code);
            assert_eq!(found.len(), 1, "{statement}: {found:?}");
            assert!(found[0].problem.contains("business/posts"), "{}", found[0]);
        }
        let sql = "CREATE TABLE benches (id BIGINT REFERENCES paintings (id));";
        assert_eq!(
            findings("business/graph/core/migrations/0002_blocks.sql", sql).len(),
            1
        );
    }

    #[test]
    fn english_and_comments_do_not_count() {
        for code in [
            "/// Reads FROM paintings.\nfn a() {}",
            "fn a() { fail(\"nothing came from paintings\"); }",
            "fn a() { let paintings = 1; } // UPDATE paintings",
        ] {
            assert_eq!(findings("presentation/web/src/page.rs", code), [], "{code}");
        }
    }

    #[test]
    fn the_finding_names_the_line() {
        let code = "const A: &str = \"SELECT 1\n    FROM paintings\";";
        assert_eq!(
            findings("app/src/doctor.rs", code)[0].place,
            "app/src/doctor.rs:2"
        );
    }
}
