//! The engagement domain as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod entries;
mod support;
