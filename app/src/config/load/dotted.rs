//! Settings by their dotted names.

use toml::{Table, Value};

/// Every plain setting of a table by its dotted name; a section that is empty is one, too.
pub(super) fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut settings = Vec::new();
    for (name, value) in table {
        match value {
            Value::Table(section) if !section.is_empty() => {
                settings.extend(
                    flatten(section)
                        .into_iter()
                        .map(|(inner, value)| (format!("{name}.{inner}"), value)),
                );
            }
            value => settings.push((name.clone(), value.clone())),
        }
    }
    settings
}

/// The value of a setting by its dotted name.
pub(super) fn lookup<'table>(table: &'table Table, setting: &str) -> Option<&'table Value> {
    match setting.split_once('.') {
        Some((section, rest)) => lookup(table.get(section)?.as_table()?, rest),
        None => table.get(setting),
    }
}

/// The same, to change it.
pub(super) fn lookup_mut<'table>(
    table: &'table mut Table,
    setting: &str,
) -> Option<&'table mut Value> {
    match setting.split_once('.') {
        Some((section, rest)) => lookup_mut(table.get_mut(section)?.as_table_mut()?, rest),
        None => table.get_mut(setting),
    }
}
