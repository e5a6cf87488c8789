//! The Mastodon API over domains that stand still in memory: what this crate itself does with
//! requests and responses.

#![allow(clippy::unwrap_used)] // a test that cannot continue fails

mod account_notes;
mod accounts;
mod blocks_and_mutes;
mod document;
mod edges;
mod engagement;
mod files;
mod filters;
mod followed_tags;
mod lists;
mod media;
mod notification_groups;
mod notifications;
mod oauth;
mod parameters;
mod parameters_left_empty;
mod reports;
mod reshares;
mod scopes;
mod search;
mod statuses;
mod streaming;
mod timelines;
mod uploads;
mod world;
