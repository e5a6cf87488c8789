//! The places that rest on the single-writer axiom: their markers in the code and their list in the
//! record agree.

use std::collections::BTreeSet;
use std::path::Path;

use crate::finding::Finding;

/// The record with the list.
pub(super) const RECORD: &str = "docs/adr/0026-single-writer.md";
/// How a marker begins; put together here, so that this file holds none.
const MARKER: &str = concat!("// Single", " writer (ADR 0026): ");

/// The files that have a marker.
#[derive(Default)]
pub(super) struct Markers(BTreeSet<String>);

impl Markers {
    pub(super) fn look(&mut self, path: &Path, text: &str) {
        if text.contains(MARKER) {
            self.0.insert(path.display().to_string());
        }
    }

    /// Files with a marker that the record does not list, and files it lists that have none.
    pub(super) fn against(&self, record: &str) -> Vec<Finding> {
        let listed: BTreeSet<String> = record.lines().filter_map(listed).collect();
        let finding = |place: &String, problem: String, remedy: &str| Finding {
            place: place.clone(),
            problem,
            rule: "what rests on the single-writer axiom is marked and listed".to_owned(),
            remedy: remedy.to_owned(),
        };
        let unlisted = self.0.difference(&listed).map(|path| {
            let problem = format!("its marker is not listed in {RECORD}");
            finding(path, problem, "add a row to the record's table")
        });
        let unmarked = listed.difference(&self.0).map(|path| {
            let problem = format!("{RECORD} lists it, and it has no marker");
            let remedy = "add the marker where it rests on the axiom, or take the row out";
            finding(path, problem, remedy)
        });
        unlisted.chain(unmarked).collect()
    }
}

/// The file of a row of the record's table.
fn listed(line: &str) -> Option<String> {
    let (path, _) = line.strip_prefix("| `")?.split_once('`')?;
    path.ends_with(".rs").then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_and_rows_must_agree() {
        let mut markers = Markers::default();
        markers.look(Path::new("a.rs"), &format!("    {MARKER}because"));
        markers.look(Path::new("b.rs"), "// Single writers are fine");
        markers.look(Path::new("c.rs"), &format!("{MARKER}because"));
        let record = "| place | why |\n| --- | --- |\n| `a.rs` | because |\n| `d.rs` | because |\n";
        let found = markers.against(record);
        let places: Vec<_> = found.iter().map(|finding| finding.place.as_str()).collect();
        assert_eq!(places, ["c.rs", "d.rs"]);
        assert!(markers.against("| `a.rs` | x |\n| `c.rs` | x |").is_empty());
    }
}
