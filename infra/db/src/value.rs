//! Values that are bound to a statement's places.

use std::borrow::Cow;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sqlx::Arguments as _;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;

use crate::DbError;

/// A value for a place of a statement, or its absence: the types that every engine has.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'q> {
    /// 64 bits, also for places of fewer.
    Integer(Option<i64>),
    /// `true` or `false`; on SQLite the number 1 or 0.
    Bool(Option<bool>),
    /// A number with a fraction.
    Real(Option<f64>),
    /// Text. With U+0000 in it, which not every engine stores, the statement is refused.
    Text(Option<Cow<'q, str>>),
    /// Bytes as they are, in no encoding.
    Bytes(Option<Cow<'q, [u8]>>),
}

impl Value<'_> {
    pub(crate) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Integer(value) => Value::Integer(value),
            Self::Bool(value) => Value::Bool(value),
            Self::Real(value) => Value::Real(value),
            Self::Text(value) => Value::Text(value.map(|text| Cow::Owned(text.into_owned()))),
            Self::Bytes(value) => Value::Bytes(value.map(|bytes| Cow::Owned(bytes.into_owned()))),
        }
    }

    /// Refuses what not every engine stores, on every engine.
    pub(crate) fn check(&self) -> Result<(), DbError> {
        match self {
            Self::Text(Some(text)) if text.as_bytes().contains(&0) => Err(DbError::NulInText),
            _ => Ok(()),
        }
    }

    /// Each absence has its type: the server prepares a statement once, by the types of its values.
    fn add_to_postgres(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Integer(value) => arguments.add(value),
            Self::Bool(value) => arguments.add(value),
            Self::Real(value) => arguments.add(value),
            Self::Text(text) => arguments.add(text.as_deref()),
            Self::Bytes(bytes) => arguments.add(bytes.as_deref()),
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(Some(value)) => ValueRef::Integer(*value),
            Self::Bool(Some(value)) => ValueRef::Integer((*value).into()),
            Self::Real(Some(value)) => ValueRef::Real(*value),
            Self::Text(Some(text)) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(Some(bytes)) => ValueRef::Blob(bytes),
            Self::Integer(None)
            | Self::Bool(None)
            | Self::Real(None)
            | Self::Text(None)
            | Self::Bytes(None) => ValueRef::Null,
        }))
    }
}

/// The values as PostgreSQL takes them.
pub(crate) fn postgres_arguments(values: Vec<Value<'_>>) -> Result<PgArguments, DbError> {
    let mut arguments = PgArguments::default();
    for value in values {
        value.check()?;
        let added = value.add_to_postgres(&mut arguments);
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// Each type as its value, and an option of it.
macro_rules! values {
    ($($type:ty => $variant:ident($convert:expr);)+) => {$(
        impl<'q> From<$type> for Value<'q> {
            fn from(value: $type) -> Self {
                Self::$variant(Some($convert(value)))
            }
        }

        impl<'q> From<Option<$type>> for Value<'q> {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map($convert))
            }
        }
    )+};
}

values! {
    i64 => Integer(std::convert::identity);
    i32 => Integer(i64::from);
    u32 => Integer(i64::from);
    bool => Bool(std::convert::identity);
    f64 => Real(std::convert::identity);
    &'q str => Text(Cow::Borrowed);
    &'q String => Text(|text: &'q String| Cow::Borrowed(text.as_str()));
    String => Text(Cow::Owned);
    Cow<'q, str> => Text(std::convert::identity);
    &'q [u8] => Bytes(Cow::Borrowed);
    &'q Vec<u8> => Bytes(|bytes: &'q Vec<u8>| Cow::Borrowed(bytes.as_slice()));
    Vec<u8> => Bytes(Cow::Owned);
}
