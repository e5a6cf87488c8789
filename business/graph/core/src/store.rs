//! The statements, one file for each table.

pub(crate) mod follows;
pub(crate) mod stats;
