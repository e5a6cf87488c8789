//! The files of a domain, and where they go.

use std::path::PathBuf;

use super::name::NewDomain;

macro_rules! templates {
    ($($path:literal from $template:literal)*) => {
        &[$(($path, include_str!(concat!("templates/", $template)))),*]
    };
}

/// Paths and texts, both with the domain's names left open.
const TEMPLATES: &[(&str, &str)] = templates! {
    "{{layer}}/{{name}}/gateway/Cargo.toml" from "gateway/Cargo.toml.tmpl"
    "{{layer}}/{{name}}/gateway/proto/heliograph/{{name}}/v1/{{name}}.proto" from "gateway/name.proto.tmpl"
    "{{layer}}/{{name}}/gateway/src/lib.rs" from "gateway/lib.rs.tmpl"
    "{{layer}}/{{name}}/core/Cargo.toml" from "core/Cargo.toml.tmpl"
    "{{layer}}/{{name}}/core/migrations/0001_entries.sql" from "core/migration.sql.tmpl"
    "{{layer}}/{{name}}/core/migrations/postgres/0001_baseline.sql" from "core/baseline.sql.tmpl"
    "{{layer}}/{{name}}/core/src/lib.rs" from "core/lib.rs.tmpl"
    "{{layer}}/{{name}}/core/src/state.rs" from "core/state.rs.tmpl"
    "{{layer}}/{{name}}/core/src/settings.rs" from "core/settings.rs.tmpl"
    "{{layer}}/{{name}}/core/src/error.rs" from "core/error.rs.tmpl"
    "{{layer}}/{{name}}/core/src/service.rs" from "core/service.rs.tmpl"
    "{{layer}}/{{name}}/core/src/service/add_entry.rs" from "core/add_entry.rs.tmpl"
    "{{layer}}/{{name}}/core/src/service/list_entries.rs" from "core/list_entries.rs.tmpl"
    "{{layer}}/{{name}}/core/src/store.rs" from "core/store.rs.tmpl"
    "{{layer}}/{{name}}/core/src/store/entries.rs" from "core/entries.rs.tmpl"
    "{{layer}}/{{name}}/core/src/store/plans.rs" from "core/plans.rs.tmpl"
    "{{layer}}/{{name}}/core/tests/suite/main.rs" from "core/tests_main.rs.tmpl"
    "{{layer}}/{{name}}/core/tests/suite/support.rs" from "core/tests_support.rs.tmpl"
    "{{layer}}/{{name}}/core/tests/suite/entries.rs" from "core/tests_entries.rs.tmpl"
    "app/src/wire/compose/{{name}}.rs" from "app/compose.rs.tmpl"
};

/// Every file that is only this domain's; paths are relative to the root.
pub(super) fn render(domain: &NewDomain) -> Vec<(PathBuf, String)> {
    let templates = TEMPLATES.iter();
    let filled = templates.map(|(path, text)| (domain.fill(path).into(), domain.fill(text)));
    filled.collect()
}
