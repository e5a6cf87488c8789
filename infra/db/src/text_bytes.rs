//! A text that is read as what it is made of.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Postgres, Sqlite, Type};

/// The bytes of a text. SQLite stores whatever it is given as one, so a damaged row may hold what
/// is not UTF-8; read like this, it does not fail the statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextBytes(pub Vec<u8>);

impl Type<Sqlite> for TextBytes {
    fn type_info() -> SqliteTypeInfo {
        <&str as Type<Sqlite>>::type_info()
    }

    fn compatible(found: &SqliteTypeInfo) -> bool {
        <&str as Type<Sqlite>>::compatible(found) || <&[u8] as Type<Sqlite>>::compatible(found)
    }
}

impl<'r> Decode<'r, Sqlite> for TextBytes {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        <Vec<u8> as Decode<'r, Sqlite>>::decode(value).map(Self)
    }
}

impl Type<Postgres> for TextBytes {
    fn type_info() -> PgTypeInfo {
        <&str as Type<Postgres>>::type_info()
    }

    fn compatible(found: &PgTypeInfo) -> bool {
        <&str as Type<Postgres>>::compatible(found)
    }
}

impl<'r> Decode<'r, Postgres> for TextBytes {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <String as Decode<'r, Postgres>>::decode(value).map(|text| Self(text.into_bytes()))
    }
}
