//! What a server's indexes begin with: a condition on what comes later alone reads all of one.

use std::collections::HashMap;
use std::path::Path;

/// By its name, the table of each index and its first column.
#[derive(Debug, Default)]
pub(super) struct Indexes(HashMap<String, (String, String)>);

impl Indexes {
    /// Those of a schema on the server.
    pub(super) fn read(folder: &Path, schema: &str) -> Self {
        let asked = format!(
            "SELECT indexes.relname, tables.relname, attname FROM pg_index \
                 JOIN pg_class AS indexes ON indexes.oid = indexrelid \
                 JOIN pg_class AS tables ON tables.oid = indrelid \
                 JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
             WHERE tables.relnamespace = '{schema}'::regnamespace"
        );
        let listed = crate::run_on_server(folder, &asked);
        Self::of(listed.lines().map(|line| {
            let mut parts = line.split('|');
            let mut part = || parts.next().expect("three columns were asked for");
            [part(), part(), part()]
        }))
    }

    /// Of each its name, its table and its first column.
    pub(super) fn of<'a>(listed: impl Iterator<Item = [&'a str; 3]>) -> Self {
        let named = |[name, table, column]: [&str; 3]| {
            (name.to_owned(), (table.to_owned(), column.to_owned()))
        };
        Self(listed.map(named).collect())
    }

    pub(super) fn table(&self, index: &str) -> Option<&str> {
        self.0.get(index).map(|(table, _)| table.as_str())
    }

    /// Whether a condition says something of what the index begins with, so that it finds a place
    /// in it.
    pub(super) fn begins(&self, index: &str, condition: &str) -> bool {
        let mut words = condition.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let first = self.0.get(index);
        first.is_none_or(|(_, column)| words.any(|word| word == column))
    }
}
