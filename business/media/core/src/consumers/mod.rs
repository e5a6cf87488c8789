//! What this domain does when something happened.

pub(crate) mod process_media;
