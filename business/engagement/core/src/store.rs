//! SQL, a file for each table.

pub(crate) mod entries;
