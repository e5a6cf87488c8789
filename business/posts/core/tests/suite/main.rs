//! The posts domain as others call it.

// Clippy lets a test unwrap, but not what tests share.
#![allow(clippy::unwrap_used)]

mod conversations;
mod create;
mod delete;
mod direct_conversations;
mod edited_photos;
mod edits;
mod followed_tags;
mod idempotency;
mod lists;
mod media;
mod memory;
mod pins;
mod remote;
mod reshares;
mod support;
mod tags;
mod texts;
mod two_homes;
