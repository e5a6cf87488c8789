//! The notifications domain as others call it, and as events reach it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod access;
mod grouping;
mod listing;
mod markers;
mod neighbours;
mod new_posts;
mod policies;
mod push;
mod push_queue;
mod support;
mod taken_back;
mod telling;
mod two_homes;
