//! SQL, one file for each table.

pub(crate) mod blob_rows;
pub(crate) mod deletion;
pub(crate) mod holders;
pub(crate) mod items;
pub(crate) mod originals;
pub(crate) mod renditions;
