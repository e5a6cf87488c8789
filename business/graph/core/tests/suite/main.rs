//! The graph as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod follows;
mod lists;
mod memory;
mod support;
