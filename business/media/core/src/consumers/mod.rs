//! What this domain does when it hears of something.

pub(crate) mod wake_workers;
