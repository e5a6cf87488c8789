//! What this domain does when it hears of something.

pub(crate) mod forget_changed;
pub(crate) mod wake_workers;
