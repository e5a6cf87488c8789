//! The statements, one file for each table or use.

pub(crate) mod conversations;
pub(crate) mod direct_conversations;
pub(crate) mod followed_hashtags;
pub(crate) mod hashtags;
pub(crate) mod idempotency;
pub(crate) mod lists;
pub(crate) mod mentions;
pub(crate) mod pins;
#[cfg(test)]
mod plans;
pub(crate) mod posts;
pub(crate) mod public_hashtags;
pub(crate) mod reshares;
pub(crate) mod shown_media;
pub(crate) mod stats;
pub(crate) mod versions;
