//! The Mastodon API over domains that stand still in memory: what this crate itself does with
//! requests and responses.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod accounts;
mod document;
mod edges;
mod files;
mod media;
mod oauth;
mod parameters;
mod parameters_left_empty;
mod scopes;
mod statuses;
mod timelines;
mod uploads;
mod world;
