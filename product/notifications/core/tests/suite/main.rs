//! The notifications domain as others call it, and as events reach it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod access;
mod asked;
mod grouping;
mod listing;
mod markers;
mod new_posts;
mod policies;
mod support;
mod taken_back;
mod telling;
mod two_homes;
