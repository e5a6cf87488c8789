//! What this domain does when something happened.

pub(crate) mod forget_changed;
pub(crate) mod process_media;
