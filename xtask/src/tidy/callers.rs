//! Who may act as the server itself.

use std::path::Path;

use crate::finding::Finding;

/// What makes a caller that may act for every account.
const SYSTEM: &[&str] = &["Caller::system", "Context::system", "Context::background"];

/// Surfaces act for whom they have authenticated and for nobody else.
pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let mut folders = path.iter();
    let is_surface = folders
        .next()
        .is_some_and(|folder| folder == "presentation")
        && folders.nth(1).is_some_and(|folder| folder == "src");
    if !is_surface {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(name) = SYSTEM.iter().find(|name| line.contains(*name)) {
            findings.push(Finding {
                place: format!("{}:{}", path.display(), index + 1),
                problem: format!("`{name}` in a surface"),
                rule: "what a request begins is not done as the server itself".to_owned(),
                remedy: "pass on the request's own context, with `with_budget` if it needs time"
                    .to_owned(),
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surface_does_not_act_as_the_server() {
        let text = "let context =\n    Context::background(BUDGET);\n";
        let found = |path: &str| check(Path::new(path), text);
        assert_eq!(
            found("presentation/web/src/visit.rs")[0].place,
            "presentation/web/src/visit.rs:2"
        );
        for elsewhere in [
            "presentation/web/tests/suite/main.rs",
            "app/src/commands/mod.rs",
        ] {
            assert!(found(elsewhere).is_empty(), "{elsewhere}");
        }
    }
}
