//! The tables of a database, as its engine's catalogue has them.

use std::collections::BTreeSet;

use super::TransferError;
use crate::{Database, DbError, query, query_scalar};

/// What a column holds, on every engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Bool,
    Real,
    Text,
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_nullable: bool,
}

/// A table, its columns in the order of their names: that in which they were made may differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The places of the primary key's columns among them. None: the table has no key.
    pub(super) key: Vec<usize>,
    /// The column that the engine numbers so that no number comes twice.
    pub(super) numbered: Option<String>,
    /// The tables that its rows refer to.
    refers_to: BTreeSet<String>,
}

/// Every table of a domain, each after those that it refers to. What is this crate's own, the
/// migrations' and the engine's is not among them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) tables: Vec<Table>,
    /// Whether texts have to be compared byte by byte in so many words.
    pub(super) needs_collation: bool,
}

/// Table, column, type, whether it may be NULL, its place in the primary key from 1 on, whether the
/// engine numbers it.
type ColumnRow = (String, String, String, i64, i64, i64);

// SQLite does not say of a key's columns that they are never NULL, as PostgreSQL does.
const SQLITE_COLUMNS: &str = "SELECT tables.name, columns.name, lower(columns.type), \
    columns.\"notnull\" = 0 AND columns.pk = 0, columns.pk, \
    columns.pk > 0 AND tables.sql LIKE '%AUTOINCREMENT%' \
    FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns \
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite~_%' ESCAPE '~' \
    AND tables.name NOT LIKE '~_%' ESCAPE '~'";
const POSTGRES_COLUMNS: &str = "SELECT CAST(relname AS TEXT), CAST(attname AS TEXT), \
    format_type(atttypid, atttypmod), CAST(CASE WHEN attnotnull THEN 0 ELSE 1 END AS BIGINT), \
    COALESCE((SELECT place FROM pg_index, unnest(indkey) WITH ORDINALITY AS keys (number, place) \
    WHERE indrelid = pg_class.oid AND indisprimary AND number = attnum), 0), \
    CAST(CASE WHEN attidentity <> '' THEN 1 ELSE 0 END AS BIGINT) \
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid \
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace \
    AND attnum > 0 AND NOT attisdropped AND left(CAST(relname AS TEXT), 1) <> '_'";

const SQLITE_REFERENCES: &str = "SELECT DISTINCT tables.name, refers.\"table\" \
    FROM sqlite_master AS tables JOIN pragma_foreign_key_list(tables.name) AS refers \
    WHERE tables.type = 'table'";
const POSTGRES_REFERENCES: &str = "SELECT DISTINCT CAST(here.relname AS TEXT), \
    CAST(there.relname AS TEXT) FROM pg_constraint \
    JOIN pg_class AS here ON here.oid = conrelid JOIN pg_class AS there ON there.oid = confrelid \
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace";

const COLLATION: &str = "SELECT CASE datlocprovider WHEN 'c' THEN CAST(datcollate AS TEXT) \
    ELSE 'ICU' END FROM pg_database WHERE datname = current_database()";

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        Some(match declared {
            "bigint" | "integer" => Self::Integer,
            "boolean" => Self::Bool,
            "double precision" => Self::Real,
            "text" => Self::Text,
            "blob" | "bytea" => Self::Bytes,
            _ => return None,
        })
    }
}

impl Table {
    /// What a row is found by: its key, and all of it where there is none.
    pub(super) fn order(&self) -> Vec<usize> {
        if self.key.is_empty() {
            return (0..self.columns.len()).collect();
        }
        self.key.clone()
    }
}

impl Layout {
    /// Asks the engine's catalogue, so a migration is all that a new table needs.
    pub(super) async fn read(database: &Database) -> Result<Self, TransferError> {
        let reader = database.reader();
        let is_postgres = reader.is_postgres();
        let (columns, references) = if is_postgres {
            (POSTGRES_COLUMNS, POSTGRES_REFERENCES)
        } else {
            (SQLITE_COLUMNS, SQLITE_REFERENCES)
        };
        let mut columns: Vec<ColumnRow> = query(columns).fetch_all(reader).await?;
        // By table, which `tables` rests on, and within it by column, as digests take them.
        columns.sort();
        let references: Vec<(String, String)> = query(references).fetch_all(reader).await?;
        let tables = tables(columns, &references)?;
        Ok(Self {
            tables: parents_first(tables)?,
            needs_collation: is_postgres && !orders_by_bytes(database).await?,
        })
    }

    /// Refuses a database that has not the same tables: migrations of both engines end in the same.
    pub(super) fn require_same(&self, other: &Self) -> Result<(), TransferError> {
        let differs = |name: &str| TransferError::Layout {
            table: name.to_owned(),
            reason: "is not the same on both sides".to_owned(),
        };
        for table in &self.tables {
            if !other.tables.contains(table) {
                return Err(differs(&table.name));
            }
        }
        match other
            .tables
            .iter()
            .find(|table| !self.tables.contains(table))
        {
            Some(table) => Err(differs(&table.name)),
            None => Ok(()),
        }
    }
}

async fn orders_by_bytes(database: &Database) -> Result<bool, DbError> {
    let collation: String = query_scalar(COLLATION).fetch_one(database.reader()).await?;
    Ok(matches!(collation.as_str(), "C" | "POSIX"))
}

fn tables(
    rows: Vec<ColumnRow>,
    references: &[(String, String)],
) -> Result<Vec<Table>, TransferError> {
    let mut tables: Vec<Table> = Vec::new();
    // By place, and only then by column.
    let mut keys: Vec<Vec<(i64, usize)>> = Vec::new();
    for (table, column, declared, is_nullable, key_place, is_numbered) in rows {
        if tables.last().is_none_or(|last| last.name != table) {
            let referred = references
                .iter()
                // A table that refers to itself would wait for itself in `parents_first`.
                .filter(|(from, to)| *from == table && *to != table);
            tables.push(Table {
                refers_to: referred.map(|(_, to)| to.clone()).collect(),
                name: table.clone(),
                columns: Vec::new(),
                key: Vec::new(),
                numbered: None,
            });
            keys.push(Vec::new());
        }
        let (Some(last), Some(key)) = (tables.last_mut(), keys.last_mut()) else {
            continue;
        };
        let kind = Kind::of(&declared).ok_or_else(|| TransferError::Layout {
            table,
            reason: format!("has the column {column} of the type {declared}, which is not known"),
        })?;
        if key_place > 0 {
            key.push((key_place, last.columns.len()));
        }
        if is_numbered != 0 {
            last.numbered = Some(column.clone());
        }
        last.columns.push(Column {
            name: column,
            kind,
            is_nullable: is_nullable != 0,
        });
    }
    for (table, mut key) in tables.iter_mut().zip(keys) {
        key.sort_unstable();
        table.key = key.into_iter().map(|(_, column)| column).collect();
    }
    Ok(tables)
}

fn parents_first(mut waiting: Vec<Table>) -> Result<Vec<Table>, TransferError> {
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let is_ready = |table: &Table| {
            let is_there = |name: &String| ordered.iter().any(|done| done.name == *name);
            table.refers_to.iter().all(is_there)
        };
        let Some(next) = waiting.iter().position(is_ready) else {
            return Err(TransferError::Layout {
                table: waiting.swap_remove(0).name,
                reason: "refers to tables that refer to it".to_owned(),
            });
        };
        ordered.push(waiting.remove(next));
    }
    Ok(ordered)
}
