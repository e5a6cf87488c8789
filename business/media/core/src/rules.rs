//! Decisions that need nothing but what they are given.

pub(crate) mod lane;
pub(crate) mod requests;
