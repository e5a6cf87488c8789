//! A domain's entries in the files that all domains share.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::name::{Layer, NewDomain};

/// Where lines are put.
enum Place {
    /// After the last line that begins so.
    AfterLast(&'static str),
    /// Before the first line that begins so.
    BeforeFirst(&'static str),
    /// Before the only line that is this.
    Before(&'static str),
    /// At the end of the lines that follow this one without a blank between.
    AtEndOf(&'static str),
    /// Among the sections of a document, which are in the order of their names.
    AmongSections,
}

struct Edit {
    file: &'static str,
    place: Place,
    lines: &'static str,
}

const fn edit(file: &'static str, place: Place, lines: &'static str) -> Edit {
    Edit { file, place, lines }
}

const COMPOSE: &str = "app/src/wire/compose/mod.rs";
const SETTINGS: &str = "app/src/config/mod.rs";

/// In whatever layer; places and lines with the domain's names left open.
const EDITS: &[Edit] = &[
    edit(
        "Cargo.toml",
        Place::AfterLast("    \"{{layer}}/"),
        "    \"{{layer}}/{{name}}/gateway\",\n    \"{{layer}}/{{name}}/core\",",
    ),
    edit(
        "Cargo.toml",
        Place::AfterLast("{{layer}}-"),
        "{{layer}}-{{name}}-gateway = { path = \"{{layer}}/{{name}}/gateway\" }
{{layer}}-{{name}} = { path = \"{{layer}}/{{name}}/core\" }",
    ),
    edit(
        "app/Cargo.toml",
        Place::AfterLast("{{layer}}-"),
        "{{layer}}-{{name}}-gateway.workspace = true\n{{layer}}-{{name}}.workspace = true",
    ),
    edit(
        "testing/stubs/Cargo.toml",
        Place::AfterLast("{{layer}}-"),
        "{{layer}}-{{name}}-gateway.workspace = true",
    ),
    edit(
        ".ci/run",
        Place::AfterLast("    {{layer}}-"),
        "    {{layer}}-{{name}}",
    ),
    edit(COMPOSE, Place::BeforeFirst("mod "), "mod {{name}};"),
    edit(
        COMPOSE,
        Place::BeforeFirst("use {{layer}}_"),
        "use {{layer}}_{{name}}::{{Name}}Core;",
    ),
    edit(
        COMPOSE,
        Place::AfterLast("    Entry::of::<"),
        "    Entry::of::<{{Name}}Core>(),",
    ),
    edit(
        SETTINGS,
        Place::Before("    /// Events between domains."),
        "    /// The {{name}} domain.\n    pub {{name}}: {{layer}}_{{name}}::Settings,",
    ),
    edit(
        SETTINGS,
        Place::Before("            bus: infra_bus::Settings::default(),"),
        "            {{name}}: {{layer}}_{{name}}::Settings::default(),",
    ),
    edit(
        "app/tests/end_to_end/fixed_shape/callers.rs",
        Place::Before("    });"),
        "        dyn {{layer}}_{{name}}_gateway::{{Name}} {
            add_entry(account_id => {{layer}}_{{name}}_gateway::AddEntryRequest { account_id, ..Default::default() });
            list_entries(account_id => {{layer}}_{{name}}_gateway::ListEntriesRequest { account_id, ..Default::default() });
        }",
    ),
    edit(
        "app/tests/end_to_end/fixed_shape/callers/scopes.rs",
        Place::Before("    (\"feed.get_home\", &[\"read:statuses\"]),"),
        "    (\"{{name}}.add_entry\", &[\"write\"]),
    (\"{{name}}.list_entries\", &[\"read\"]),",
    ),
    edit(
        "app/tests/end_to_end/fixed_shape/engine_schemas.rs",
        Place::BeforeFirst("];"),
        "    (
        \"{{name}}\",
        &{{layer}}_{{name}}::MIGRATIONS,
        &{{layer}}_{{name}}::POSTGRES_MIGRATIONS,
    ),",
    ),
    edit(
        "docs/adr/0026-single-writer.md",
        Place::AfterLast("| `{{layer}}/"),
        "| `{{layer}}/{{name}}/core/src/service/add_entry.rs` | entries are numbered in the order of their commits |",
    ),
    edit(
        "docs/configuration.md",
        Place::AmongSections,
        "## `[{{name}}]`

The {{name}} domain.

| setting | default | what it is |
| --- | --- | --- |
| `{{name}}.entry_characters_max` | `500` | The longest entry, in characters. Default 500. |",
    ),
];

/// Only in the business layer: whom its core may call.
const BUSINESS_EDITS: &[Edit] = &[edit(
    "layers.toml",
    Place::AtEndOf("[business.calls]"),
    "{{name}} = []",
)];

/// Makes them all, and returns which files they are in.
pub(super) fn apply(root: &Path, domain: &NewDomain) -> Result<Vec<PathBuf>> {
    let of_layer = match domain.layer {
        Layer::Business => BUSINESS_EDITS,
        Layer::Product => &[],
    };
    let mut files = Vec::new();
    for edit in EDITS.iter().chain(of_layer) {
        let path = root.join(edit.file);
        let text = std::fs::read_to_string(&path).with_context(|| edit.file.to_owned())?;
        let edited = edit.apply(&text, domain);
        let edited = edited.with_context(|| {
            format!(
                "{} is not as it was when the template was made; adapt `xtask/src/new_domain/edits.rs`",
                edit.file
            )
        })?;
        std::fs::write(&path, edited)?;
        files.push(PathBuf::from(edit.file));
    }
    Ok(files)
}

impl Edit {
    fn apply(&self, text: &str, domain: &NewDomain) -> Result<String> {
        let lines: Vec<&str> = text.lines().collect();
        let index = self.place.index(&lines, domain)?;
        let (before, after) = lines.split_at(index);
        let mut added = domain.fill(self.lines);
        // A blank line parts sections; at the end of the document it stands before the new one.
        if matches!(self.place, Place::AmongSections) {
            added = if after.is_empty() {
                format!("\n{added}")
            } else {
                format!("{added}\n")
            };
        }
        let mut edited = [before, &[&added], after].concat().join("\n");
        edited.push('\n');
        Ok(edited)
    }
}

impl Place {
    /// Before which line, by its index, the new ones go.
    fn index(&self, lines: &[&str], domain: &NewDomain) -> Result<usize> {
        let begins = |beginning: &str| {
            let beginning = domain.fill(beginning);
            move |line: &&str| line.starts_with(&beginning)
        };
        match self {
            Self::AfterLast(beginning) => {
                let last = lines.iter().rposition(begins(beginning));
                let last = last.with_context(|| format!("no line begins with `{beginning}`"))?;
                Ok(last + 1)
            }
            Self::BeforeFirst(beginning) => {
                let first = lines.iter().position(begins(beginning));
                first.with_context(|| format!("no line begins with `{beginning}`"))
            }
            Self::Before(line) => only(lines, line),
            Self::AtEndOf(line) => {
                let start = only(lines, line)?;
                let length = lines[start..].iter().position(|line| line.is_empty());
                Ok(length.map_or(lines.len(), |length| start + length))
            }
            Self::AmongSections => {
                let own = domain.fill("## `[{{name}}]`");
                let is_later = |line: &&str| line.starts_with("## `[") && **line > *own;
                Ok(lines.iter().position(is_later).unwrap_or(lines.len()))
            }
        }
    }
}

/// Where this line is, which must be there once.
fn only(lines: &[&str], wanted: &str) -> Result<usize> {
    let mut found = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| **line == wanted);
    let (index, _) = found
        .next()
        .with_context(|| format!("no line is `{wanted}`"))?;
    // Which of them was meant cannot be known, and the wrong one might compile.
    ensure!(found.next().is_none(), "more than one line is `{wanted}`");
    Ok(index)
}
