//! What this domain does about events.

pub(crate) mod accept_requests;
pub(crate) mod remove_deleted;
