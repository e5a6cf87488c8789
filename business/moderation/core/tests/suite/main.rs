//! The moderation domain as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod access;
mod cases;
mod history;
mod rebuild;
mod reports;
mod support;
mod two_homes;
