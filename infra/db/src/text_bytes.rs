//! A text that is read as what it is made of.

use rusqlite::types::{FromSqlResult, ValueRef};
use sqlx::postgres::PgRow;

use crate::row::Column;

/// The bytes of a text. SQLite stores whatever it is given as one, so a damaged row may hold what
/// is not UTF-8; read like this, it does not fail the statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextBytes(pub Vec<u8>);

impl Column for TextBytes {
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_bytes().map(|bytes| Self(bytes.to_vec()))
    }

    fn from_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        String::from_postgres(row, place).map(|text| Self(text.into_bytes()))
    }
}
