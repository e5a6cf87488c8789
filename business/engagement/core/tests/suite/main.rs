//! The engagement domain as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod access;
mod bookmarks;
mod deleted;
mod likes;
mod memory;
mod support;
mod two_homes;
