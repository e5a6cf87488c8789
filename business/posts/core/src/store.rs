//! The statements, one file for each table or use.

pub(crate) mod conversations;
pub(crate) mod hashtags;
pub(crate) mod idempotency;
pub(crate) mod lists;
pub(crate) mod mentions;
#[cfg(test)]
mod plans;
pub(crate) mod posts;
pub(crate) mod shown_media;
pub(crate) mod stats;
