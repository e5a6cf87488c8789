//! SQL, one file for each table.

pub(crate) mod alternates;
pub(crate) mod blob_rows;
pub(crate) mod camera;
pub(crate) mod deletion;
pub(crate) mod duplicates;
pub(crate) mod failed;
pub(crate) mod formats;
pub(crate) mod holders;
pub(crate) mod inspection;
pub(crate) mod items;
pub(crate) mod originals;
#[cfg(test)]
mod plans;
pub(crate) mod queue;
pub(crate) mod renditions;
pub(crate) mod upload_sessions;
pub(crate) mod usage;
