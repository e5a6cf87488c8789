//! SQL, one file for each table.

pub(crate) mod blob_rows;
pub(crate) mod deletion;
pub(crate) mod holders;
pub(crate) mod items;
pub(crate) mod renditions;
pub(crate) mod upload_sessions;
