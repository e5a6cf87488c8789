//! What this domain does about events.

pub(crate) mod accept_requests;
