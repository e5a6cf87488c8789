//! What becomes of a statement's rows.

use std::ops::ControlFlow;

use crate::DbError;
use crate::row::{RawRow, Row};

/// How many of its rows somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nothing,
    First,
    All,
}

/// Takes the rows of a statement.
pub(crate) trait Collect: Send + 'static {
    const WANTED: Wanted;

    /// Another one, which has taken nothing yet.
    fn again(&self) -> Self;

    /// Takes a row, and says whether to go on.
    fn take(&mut self, row: RawRow<'_>) -> Result<ControlFlow<()>, DbError>;
}

/// Takes none: for statements whose rows nobody looks at.
pub(crate) struct Nothing;

impl Collect for Nothing {
    const WANTED: Wanted = Wanted::Nothing;

    fn again(&self) -> Self {
        Self
    }

    fn take(&mut self, _row: RawRow<'_>) -> Result<ControlFlow<()>, DbError> {
        Ok(ControlFlow::Continue(()))
    }
}

/// Takes the first, and has a statement that only reads end there.
pub(crate) struct First<T>(pub(crate) Option<T>);

impl<T: Row> Collect for First<T> {
    const WANTED: Wanted = Wanted::First;

    fn again(&self) -> Self {
        Self(None)
    }

    fn take(&mut self, row: RawRow<'_>) -> Result<ControlFlow<()>, DbError> {
        self.0 = Some(row.read(&row.places::<T>()?)?);
        Ok(ControlFlow::Break(()))
    }
}

/// Takes all, up to the first of which this says that it is the last.
pub(crate) struct All<T, L> {
    pub(crate) rows: Vec<T>,
    is_last: L,
    /// As it was before the first row: it may count.
    is_last_at_first: L,
    /// None before the first row.
    places: Option<Vec<usize>>,
}

impl<T: Row, L: FnMut(&T) -> bool + Clone + Send + 'static> All<T, L> {
    pub(crate) fn until(is_last: L) -> Self {
        Self {
            rows: Vec::new(),
            is_last: is_last.clone(),
            is_last_at_first: is_last,
            places: None,
        }
    }
}

impl<T: Row, L: FnMut(&T) -> bool + Clone + Send + 'static> Collect for All<T, L> {
    const WANTED: Wanted = Wanted::All;

    fn again(&self) -> Self {
        Self::until(self.is_last_at_first.clone())
    }

    fn take(&mut self, row: RawRow<'_>) -> Result<ControlFlow<()>, DbError> {
        let places = match &mut self.places {
            Some(places) => places,
            none => none.insert(row.places::<T>()?),
        };
        let row: T = row.read(places)?;
        let is_last = (self.is_last)(&row);
        self.rows.push(row);
        Ok(if is_last {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    }
}
