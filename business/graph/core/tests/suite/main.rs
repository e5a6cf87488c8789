//! The graph as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod account_lists;
mod blocks;
mod filters;
mod follows;
mod lists;
mod memory;
mod mutes;
mod notes;
mod requests;
mod support;
mod two_homes;
