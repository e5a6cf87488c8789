//! Rows of tables that are known only when the program runs.

use std::borrow::Cow;

use rusqlite::types::{FromSqlResult, ValueRef};
use sqlx::postgres::PgRow;
use sqlx::{Row as _, TypeInfo as _, ValueRef as _};

use super::layout::Kind;
use crate::row::{Column, Columns, Row};
use crate::{DbError, Value};

/// One value as its engine has it. A truth is a number on SQLite, so it is one here.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    /// Not always UTF-8: SQLite stores what it is given.
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

/// A row, its values in the order of the statement's columns.
#[derive(Debug, Clone)]
pub(super) struct Record(pub(super) Vec<Cell>);

impl Record {
    /// How many bytes it takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.0.iter().map(Cell::bytes).sum()
    }
}

impl Cell {
    fn real(value: f64) -> Self {
        // There is a negative zero on one engine that the other does not store.
        Self::Real(value + 0.0)
    }

    fn bytes(&self) -> usize {
        let content = match self {
            Self::Text(bytes) | Self::Bytes(bytes) => bytes.len(),
            Self::Null | Self::Integer(_) | Self::Real(_) => 0,
        };
        size_of::<Self>() + content
    }

    /// Why a column of this kind does not hold it on every engine, if it does not.
    pub(super) fn fault(&self, kind: Kind, is_nullable: bool) -> Option<&'static str> {
        match (self, kind) {
            (Self::Null, _) => (!is_nullable).then_some("is NULL, which the column does not allow"),
            (Self::Integer(_), Kind::Integer) | (Self::Bytes(_), Kind::Bytes) => None,
            (Self::Integer(value), Kind::Bool) => {
                (!matches!(value, 0 | 1)).then_some("is neither true nor false")
            }
            (Self::Real(value), Kind::Real) => value.is_nan().then_some("is not a number"),
            (Self::Text(bytes), Kind::Text) if bytes.contains(&0) => {
                Some("contains the character U+0000, which PostgreSQL cannot store")
            }
            (Self::Text(bytes), Kind::Text) => {
                std::str::from_utf8(bytes).is_err().then_some("is no UTF-8")
            }
            _ => Some("is of another type than its column"),
        }
    }

    /// The value for a place of this kind.
    pub(super) fn into_value(self, kind: Kind) -> Value<'static> {
        match self {
            Self::Integer(value) if kind == Kind::Bool => Value::Bool(Some(value != 0)),
            Self::Integer(value) => Value::Integer(Some(value)),
            Self::Real(value) => Value::Real(Some(value)),
            Self::Text(bytes) => {
                // Nothing is lost: the survey has refused what is not UTF-8 (`fault`).
                let text = String::from_utf8_lossy(&bytes).into_owned();
                Value::Text(Some(Cow::Owned(text)))
            }
            Self::Bytes(bytes) => Value::Bytes(Some(Cow::Owned(bytes))),
            Self::Null => match kind {
                Kind::Integer => Value::Integer(None),
                Kind::Bool => Value::Bool(None),
                Kind::Real => Value::Real(None),
                Kind::Text => Value::Text(None),
                Kind::Bytes => Value::Bytes(None),
            },
        }
    }

    /// Adds it to a digest, so that no two rows have the same bytes there.
    pub(super) fn hash(&self, hasher: &mut blake3::Hasher) {
        let mut tagged = |tag: u8, bytes: &[u8]| {
            hasher.update(&[tag]);
            hasher.update(bytes);
        };
        match self {
            Self::Null => tagged(0, &[]),
            Self::Integer(value) => tagged(1, &value.to_le_bytes()),
            Self::Real(value) => tagged(2, &value.to_bits().to_le_bytes()),
            Self::Text(bytes) => {
                tagged(3, &(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
            Self::Bytes(bytes) => {
                tagged(4, &(bytes.len() as u64).to_le_bytes());
                hasher.update(bytes);
            }
        }
    }

    /// As an error shows it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "NULL".to_owned(),
            Self::Integer(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
            Self::Text(bytes) => format!("'{}'", String::from_utf8_lossy(bytes).escape_debug()),
            Self::Bytes(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                format!("x'{}'", digits.collect::<String>())
            }
        }
    }
}

impl Column for Cell {
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::real(value),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
        })
    }

    fn from_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        let value = row.try_get_raw(place)?;
        if value.is_null() {
            return Ok(Self::Null);
        }
        Ok(match value.type_info().name() {
            "INT8" => Self::Integer(row.try_get(place)?),
            "BOOL" => Self::Integer(row.try_get::<bool, _>(place)?.into()),
            "FLOAT8" => Self::real(row.try_get(place)?),
            "TEXT" => Self::Text(row.try_get::<String, _>(place)?.into_bytes()),
            "BYTEA" => Self::Bytes(row.try_get(place)?),
            other => {
                let text = format!("a value of the type {other} is not known");
                return Err(sqlx::Error::Decode(text.into()));
            }
        })
    }
}

impl Row for Record {
    fn read(columns: &mut Columns<'_>) -> Result<Self, DbError> {
        let cells = (0..columns.len()).map(|_| columns.take());
        cells.collect::<Result<_, _>>().map(Self)
    }
}
