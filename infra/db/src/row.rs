//! Rows, read in the same way from what either engine returns.

use rusqlite::types::{FromSqlError, FromSqlResult, ValueRef};
use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, ValueRef as _};

use crate::DbError;

/// A row that a statement returns, from every engine. `#[derive(infra_db::Row)]` makes one of a
/// struct, by the names of its fields; tuples are rows by position. Whole numbers are `i64`.
pub trait Row: Sized + Send + 'static {
    /// The names of the columns in the order in which they are read. None of them: they are read
    /// in the order in which they come.
    #[must_use]
    fn names() -> Vec<&'static str> {
        Vec::new()
    }

    /// Takes the values.
    ///
    /// # Errors
    /// When a value is not of its field's type, or there are too few.
    fn read(columns: &mut Columns<'_>) -> Result<Self, DbError>;
}

/// A type that a column's value is read as.
pub trait Column: Sized {
    /// From SQLite.
    ///
    /// # Errors
    /// When the value is of another type.
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self>;

    /// From PostgreSQL: the value at this place.
    ///
    /// # Errors
    /// When the value is of another type, or there is none at this place.
    fn from_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error>;
}

/// A row as its engine has it.
#[derive(Clone, Copy)]
pub(crate) enum RawRow<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r PgRow),
}

impl RawRow<'_> {
    fn len(self) -> usize {
        match self {
            Self::Sqlite(row) => row.as_ref().column_count(),
            Self::Postgres(row) => row.len(),
        }
    }

    fn has_name(self, place: usize, name: &str) -> bool {
        match self {
            Self::Sqlite(row) => row.as_ref().column_name(place).is_ok_and(|it| it == name),
            Self::Postgres(row) => row.columns().get(place).is_some_and(|it| it.name() == name),
        }
    }

    /// Where a row of this type has its values: the same places in all rows of one statement.
    pub(crate) fn places<T: Row>(self) -> Result<Vec<usize>, DbError> {
        let names = T::names().into_iter().enumerate();
        let places = names.map(|(place, name)| {
            // Statements mostly name their columns in the order of the fields.
            if self.has_name(place, name) {
                return Ok(place);
            }
            let found = (0..self.len()).find(|place| self.has_name(*place, name));
            found.ok_or(DbError::NoColumn(name))
        });
        places.collect()
    }

    /// Its values, where they are found in these places.
    pub(crate) fn read<T: Row>(self, places: &[usize]) -> Result<T, DbError> {
        T::read(&mut Columns {
            row: self,
            places,
            taken: 0,
        })
    }
}

/// The values of one row, taken one after the other.
pub struct Columns<'r> {
    row: RawRow<'r>,
    places: &'r [usize],
    taken: usize,
}

impl std::fmt::Debug for Columns<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Columns").finish_non_exhaustive()
    }
}

impl Columns<'_> {
    /// The next value.
    ///
    /// # Errors
    /// When it is of another type, or there is none.
    pub fn take<T: Column>(&mut self) -> Result<T, DbError> {
        // A tuple names no columns: its values are read as they come.
        let place = self.places.get(self.taken).copied().unwrap_or(self.taken);
        self.taken += 1;
        match self.row {
            RawRow::Sqlite(row) => {
                let value = row.get_ref(place)?;
                let read = T::from_sqlite(value);
                Ok(read.map_err(|error| not_read(place, value, error))?)
            }
            RawRow::Postgres(row) => Ok(T::from_postgres(row, place)?),
        }
    }

    /// How many values there are in all.
    pub(crate) fn len(&self) -> usize {
        self.row.len()
    }
}

fn not_read(place: usize, value: ValueRef<'_>, error: FromSqlError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(place, value.data_type(), Box::new(error))
}

/// A type that both drivers read by themselves, from these values of SQLite.
macro_rules! columns {
    ($($type:ty: $value:ident => $read:expr;)+) => {$(
        impl Column for $type {
            fn from_sqlite($value: ValueRef<'_>) -> FromSqlResult<Self> {
                $read
            }

            fn from_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
                row.try_get(place)
            }
        }
    )+};
}

columns! {
    i64: value => value.as_i64();
    bool: value => value.as_i64().map(|number| number != 0);
    f64: value => match value {
        // On SQLite an expression may be a whole number where PostgreSQL has one with a fraction.
        ValueRef::Integer(number) => Ok(number as f64),
        value => value.as_f64(),
    };
    String: value => value.as_str().map(str::to_owned);
    Vec<u8>: value => value.as_bytes().map(<[u8]>::to_vec);
}

impl<T: Column> Column for Option<T> {
    fn from_sqlite(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Null => Ok(None),
            value => T::from_sqlite(value).map(Some),
        }
    }

    fn from_postgres(row: &PgRow, place: usize) -> Result<Self, sqlx::Error> {
        if row.try_get_raw(place)?.is_null() {
            return Ok(None);
        }
        T::from_postgres(row, place).map(Some)
    }
}

/// Tuples of so many columns.
macro_rules! tuples {
    ($(($($column:ident)+))+) => {$(
        impl<$($column: Column + Send + 'static),+> Row for ($($column,)+) {
            fn read(columns: &mut Columns<'_>) -> Result<Self, DbError> {
                Ok(($(columns.take::<$column>()?,)+))
            }
        }
    )+};
}

tuples! {
    (A)
    (A B)
    (A B C)
    (A B C D)
    (A B C D E)
    (A B C D E F)
    (A B C D E F G)
    (A B C D E F G H)
}
