//! The reference of all settings, made from the code: `heliograph config reference`, committed as
//! `docs/configuration.md`.

use std::fmt::Write as _;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Configuration;

const INTRODUCTION: &str = "# Configuration

Made by `heliograph config reference` from the code; do not edit.

Settings come from a TOML file (`--config FILE` or `HELIOGRAPH_CONFIG`), then the environment, then
flags; later ones win. In the environment a setting is its name in capitals with `HELIOGRAPH_`
before it and `__` for the dot: `instance.title` is `HELIOGRAPH_INSTANCE__TITLE`; a list is written
with commas, an empty one as `[]`. An empty variable is not set, blanks around a value are dropped,
and a name that is no setting is refused; one that a setting had before is read, with a warning that
says what to write instead. Only what Kubernetes and Docker set for a service named
`heliograph` (`HELIOGRAPH_SERVICE_HOST`, `HELIOGRAPH_PORT=tcp://…` and the like) is skipped with a
note. `heliograph config show` lists every setting with its value and where it came from;
`heliograph config check` says whether it is all in order.

Where less than two gigabytes of memory are there (the machine's, the control group's, the process's
own limit), the defaults of `media.memory_bytes_max`, `media.rendition_cache_bytes`,
`codecs.memory_bytes_max`, `codecs.idle_s_max`, `database_cache_bytes` and
`accounts.password_checks_max` are smaller than listed here, and a photo that does not fit is
refused. A value that is set stays; `config check` warns when all together do not fit.
";

/// The reference as Markdown.
#[must_use]
pub fn reference() -> String {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema = settings
        .into_generator()
        .into_root_schema_for::<Configuration>();
    let defaults = serde_json::to_value(Configuration::default()).unwrap_or_default();
    let mut text = INTRODUCTION.to_owned();
    write_section("", schema.as_value(), &defaults, &mut text);
    text
}

/// A table of a section's plain settings, then its sections.
fn write_section(prefix: &str, schema: &Value, defaults: &Value, text: &mut String) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let is_section = |schema: &Value| schema.get("properties").is_some();
    text.push_str("\n| setting | default | what it is |\n| --- | --- | --- |\n");
    for (name, property) in properties
        .iter()
        .filter(|(_, property)| !is_section(property))
    {
        let default = defaults.get(name).map(Value::to_string).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{prefix}{name}` | `{default}` | {} |",
            description(property)
        );
    }
    for (name, property) in properties
        .iter()
        .filter(|(_, property)| is_section(property))
    {
        let _ = write!(
            text,
            "\n## `[{prefix}{name}]`\n\n{}\n",
            description(property)
        );
        write_section(&format!("{prefix}{name}."), property, &defaults[name], text);
    }
}

fn description(schema: &Value) -> String {
    let text = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}
