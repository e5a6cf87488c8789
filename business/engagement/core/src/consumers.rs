//! What this domain does with events of others.

pub(crate) mod remove_deleted;
