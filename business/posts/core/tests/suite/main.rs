//! The posts domain as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod conversations;
mod create;
mod delete;
mod idempotency;
mod lists;
mod media;
mod memory;
mod remote;
mod support;
mod texts;
