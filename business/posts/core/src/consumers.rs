//! What this domain does about events.

pub(crate) mod attach_media;
pub(crate) mod edit_media;
pub(crate) mod release_media;
pub(crate) mod remove_reshares;
