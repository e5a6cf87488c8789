//! The contract of the feed domain: its service, messages and events, generated from `proto/`, and
//! the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of feed is here; how it works is in its
//! core.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;

/// The most accounts, and the most lists, of which is asked at once whether a post belongs there.
pub const AUDIENCE_MAX: usize = 500;
