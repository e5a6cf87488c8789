//! The whole program, from outside: every test starts the real binary on an empty folder and talks
//! to it as people's browsers and apps do.
//!
//! `harness` starts servers and speaks for people; each other module is one story. A story looks
//! at the server from outside, and is told on the shape that the run has: on the embedded one, and
//! with `HELIOGRAPH_TEST_SHAPE=engines` on PostgreSQL, NATS, a bucket and Redis. One that is not,
//! because it looks into the data folder or starts its own engines, is in `fixed_shape`, and
//! nowhere else is said which are: a run on engines leaves them out with `--skip fixed_shape::`.
//! What a machine may lack (a browser, other people's clients, the shared photos) is skipped with a
//! word where it is missing, and required in CI.

// A test's helper that cannot continue has failed the test.
#![allow(clippy::unwrap_used)]
// Some look into databases that no domain has open.
#![allow(clippy::disallowed_methods)]

mod harness;

mod account_notes;
mod accounts;
mod addresses;
mod bad_input;
mod blocks_and_mutes;
mod browser;
mod browser_conduct;
mod composer;
mod direct_conversations;
mod edits;
mod every_route;
mod filters;
mod fixed_shape;
mod followed_tags;
mod hostile_files;
mod instance;
mod likes_and_bookmarks;
mod listener;
mod lists;
mod locked_accounts;
mod main_job;
mod media;
mod notification_requests;
mod notifications;
mod oauth;
mod oauth_refusals;
mod own_document;
mod page_conduct;
mod photo_choices;
mod programs;
mod published_bytes;
mod push;
mod rate_limits;
mod reports;
mod reshares;
mod restart;
mod resumable;
mod resumable_protocol;
mod resumable_refusals;
mod schema;
mod shared_photos;
mod shutdown;
mod signals;
mod statuses;
mod streaming;
mod streaming_bounds;
mod texts;
mod third_party_clients;
mod timelines;
mod unshared;
mod visibility;
mod web_pages;
