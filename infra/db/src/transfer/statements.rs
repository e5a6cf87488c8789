//! The statements of a move, which are put together from a catalogue's names.

use super::layout::{Kind, Layout, Table};
use crate::SqlText;

/// How many rows one statement writes. All full statements of a table have one text.
pub(super) const ROWS_PER_INSERT: usize = 64;

/// A page of rows in the order of their key, all of it or only the key: from the first, or after
/// the row whose key is bound. The last place is for how many.
pub(super) fn page(layout: &Layout, table: &Table, is_first: bool) -> SqlText {
    let columns = table.columns.iter().map(|column| quoted(&column.name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let order = order(layout, table, "");
    let (after, limit) = if is_first {
        (String::new(), 1)
    } else {
        let places = places(1, table.key.len());
        let keys = keys(layout, table).join(", ");
        (format!("WHERE ({keys}) > ({places}) "), table.key.len() + 1)
    };
    SqlText::assembled(&format!(
        "SELECT {columns} FROM {} {after}ORDER BY {order} LIMIT CAST(${limit} AS BIGINT)",
        quoted(&table.name)
    ))
}

/// The last row, by its key.
pub(super) fn last(layout: &Layout, table: &Table) -> SqlText {
    let columns = table.columns.iter().map(|column| quoted(&column.name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    SqlText::assembled(&format!(
        "SELECT {columns} FROM {} ORDER BY {} LIMIT 1",
        quoted(&table.name),
        order(layout, table, " DESC")
    ))
}

/// How many rows there are.
pub(super) fn count(table: &Table) -> SqlText {
    SqlText::assembled(&format!("SELECT COUNT(*) FROM {}", quoted(&table.name)))
}

/// Writes so many rows.
pub(super) fn insert(table: &Table, rows: usize) -> SqlText {
    let columns = table.columns.iter().map(|column| quoted(&column.name));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let width = table.columns.len();
    let rows = (0..rows).map(|row| format!("({})", places(row * width + 1, width)));
    SqlText::assembled(&format!(
        "INSERT INTO {} ({columns}) VALUES {}",
        quoted(&table.name),
        rows.collect::<Vec<_>>().join(", ")
    ))
}

/// What empties every table.
pub(super) fn clear(layout: &Layout, is_postgres: bool) -> Vec<SqlText> {
    let names = layout.tables.iter().map(|table| quoted(&table.name));
    if is_postgres {
        let names = names.collect::<Vec<_>>().join(", ");
        // All in one: a table that others refer to is truncated only together with them.
        return vec![SqlText::assembled(&format!("TRUNCATE {names}"))];
    }
    // Those that refer to others come first.
    let deletes = names.rev().map(|name| format!("DELETE FROM {name}"));
    deletes.map(|text| SqlText::assembled(&text)).collect()
}

/// Has a server count what a table holds, for its plans.
pub(super) fn analyze(table: &Table) -> SqlText {
    SqlText::assembled(&format!("ANALYZE {}", quoted(&table.name)))
}

fn order(layout: &Layout, table: &Table, direction: &str) -> String {
    let keys = if table.key.is_empty() {
        let all = table.columns.iter().map(|column| quoted(&column.name));
        // The engines differ in where they put what is absent.
        all.map(|name| format!("{name}{direction} NULLS FIRST"))
            .collect()
    } else {
        let keys = keys(layout, table).into_iter();
        keys.map(|key| format!("{key}{direction}"))
            .collect::<Vec<_>>()
    };
    keys.join(", ")
}

/// The key's columns, as they are compared: texts byte by byte. That is how a database of the
/// collation C has them in its indexes, which would not be used if it was said.
fn keys(layout: &Layout, table: &Table) -> Vec<String> {
    let columns = table.key.iter().map(|column| &table.columns[*column]);
    let keys = columns.map(|column| {
        let collation = match column.kind {
            Kind::Text if layout.needs_collation => " COLLATE \"C\"",
            _ => "",
        };
        format!("{}{collation}", quoted(&column.name))
    });
    keys.collect()
}

fn places(from: usize, count: usize) -> String {
    let places = (from..from + count).map(|place| format!("${place}"));
    places.collect::<Vec<_>>().join(", ")
}

/// A name that may be a word of the language.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, Migrator, query_plan};

    #[tokio::test]
    async fn pages_are_read_along_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("moved.db");
        let database = Database::open(&path, &Migrator::DEFAULT).await.unwrap();
        let make = "CREATE TABLE shelves (id BIGINT PRIMARY KEY, text TEXT);
             CREATE TABLE books (shelf_id BIGINT, name TEXT, PRIMARY KEY (shelf_id, name));";
        for statement in make.split_inclusive(';') {
            let made = database.write(move |connection| {
                Box::pin(async move { crate::query(statement).execute(connection).await })
            });
            made.await.unwrap();
        }
        let layout = Layout::read(&database).await.unwrap();
        assert_eq!(layout.tables.len(), 2);
        for table in &layout.tables {
            for text in [page(&layout, table, false), last(&layout, table)] {
                let plan = query_plan(database.reader(), text.as_str()).await.unwrap();
                let plan = plan.join("; ");
                assert!(plan.contains("USING"), "{plan}");
                assert!(!plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
    }
}
