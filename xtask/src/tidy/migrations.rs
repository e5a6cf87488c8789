//! Numbers of migrations: each is one of a domain's. Two branches that each add the next one merge
//! without a conflict, and then the database cannot be migrated.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::finding::Finding;

/// Finds migrations of one folder that have the same number.
pub(super) fn check(files: &[PathBuf]) -> Vec<Finding> {
    let mut first: BTreeMap<(&Path, u64), &PathBuf> = BTreeMap::new();
    let mut findings = Vec::new();
    for path in files {
        let Some(place) = place_of(path) else {
            continue;
        };
        if let Some(other) = first.insert(place, path) {
            findings.push(Finding {
                place: path.display().to_string(),
                problem: format!("has the number of {}", other.display()),
                rule: "migrations are applied in the order of their numbers, each once".to_owned(),
                remedy: "give the one that no release has yet the next free number".to_owned(),
            });
        }
    }
    findings
}

/// The folder and the number of a migration.
fn place_of(path: &Path) -> Option<(&Path, u64)> {
    let folder = path.parent()?;
    let is_of_migrations =
        folder.ends_with("migrations") || folder.ends_with("migrations/postgres");
    let is_migration = is_of_migrations && path.extension().and_then(OsStr::to_str) == Some("sql");
    if !is_migration {
        return None;
    }
    let (number, _) = path.file_stem()?.to_str()?.split_once('_')?;
    // As a number: `1_` and `0001_` are the same migration.
    Some((folder, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[&str]) -> usize {
        let files: Vec<_> = files.iter().map(PathBuf::from).collect();
        check(&files).len()
    }

    #[test]
    fn a_number_is_taken_once_in_each_domain() {
        let one = "business/posts/core/migrations/0001_posts.sql";
        let other = "business/graph/core/migrations/0001_follows.sql";
        assert_eq!(problems(&[one, other]), 0);
        let again = "business/posts/core/migrations/0001_stats.sql";
        assert_eq!(problems(&[one, again, other]), 1);
        // However it is written.
        let padded = "business/posts/core/migrations/01_stats.sql";
        assert_eq!(problems(&[one, padded]), 1);
        assert_eq!(problems(&[one, "business/posts/core/src/0001_posts.rs"]), 0);
        // Each engine has its own.
        let postgres = "business/posts/core/migrations/postgres/0001_baseline.sql";
        assert_eq!(problems(&[one, postgres]), 0);
        let again = "business/posts/core/migrations/postgres/0001_stats.sql";
        assert_eq!(problems(&[one, postgres, again]), 1);
    }
}
