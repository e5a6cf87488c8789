//! What the domain does by itself from time to time.

pub(crate) mod remove_expired;
pub(crate) mod write_words;
