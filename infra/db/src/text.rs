//! The text of a statement.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::DbError;

/// The text of a statement, with `$1`, `$2` … in place of values.
#[derive(Debug, Clone)]
pub enum SqlText {
    /// Written in the source.
    Static(&'static str),
    /// Put together by the program. Nothing of it comes from outside: values are bound.
    Assembled(Arc<str>),
}

impl From<&'static str> for SqlText {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl SqlText {
    /// A text that the program has put together, and of which nothing came from outside.
    #[must_use]
    pub fn assembled(text: &str) -> Self {
        Self::Assembled(text.into())
    }

    /// The places that it has values for, as they follow each other in it.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let behind_dollars = self.as_str().split('$').skip(1);
        behind_dollars.filter_map(|rest| {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            rest[..digits].parse().ok()
        })
    }

    /// Refuses fewer values than it has places. More do no harm: texts with fewer conditions are
    /// bound like those with all.
    pub(crate) fn check_places(&self, values: usize) -> Result<(), DbError> {
        let places = self.places().max().unwrap_or(0);
        if places <= values {
            return Ok(());
        }
        Err(DbError::Values {
            values,
            places,
            text: self.as_str().to_owned(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Assembled(text) => text,
        }
    }

    pub(crate) fn into_sqlx(self) -> SqlStr {
        match self {
            Self::Static(text) => text.into_sql_str(),
            Self::Assembled(text) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}
