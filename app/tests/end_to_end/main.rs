//! The whole program, from outside: every test starts the real binary on an empty folder and talks
//! to it as people's browsers and apps do.
//!
//! `harness` starts servers and speaks for people; each other module is one story. What a machine
//! may lack (a browser, other people's clients, the shared photos) is skipped with a word where it
//! is missing, and required in CI.

// A test's helper that cannot continue has failed the test.
#![allow(clippy::unwrap_used)]
// Some look into databases that no domain has open.
#![allow(clippy::disallowed_methods)]

mod harness;

mod accounts;
mod addresses;
mod backup;
mod backup_failures;
mod bad_input;
mod browser;
mod browser_conduct;
mod callers;
mod commands;
mod composer;
mod data_folder;
mod database_failover;
mod database_server;
mod engine_drill;
mod engine_faults;
mod engine_schemas;
mod environment;
mod event_log;
mod every_route;
mod full_disk;
mod given_up_forms;
mod hostile_files;
mod instance;
mod listener;
mod lost_databases;
mod main_job;
mod media;
mod media_commands;
mod moved_databases;
mod moved_photos;
mod oauth;
mod oauth_refusals;
mod own_document;
mod page_conduct;
mod photo_choices;
mod photos_in_a_bucket;
mod power_loss;
mod programs;
mod published_bytes;
mod rate_limits;
mod redis;
mod remote_domain;
mod restart;
mod resumable;
mod resumable_protocol;
mod resumable_refusals;
mod schema;
mod shared_photos;
mod shutdown;
mod signals;
mod statuses;
mod texts;
mod third_party_clients;
mod timelines;
mod unshared;
mod visibility;
mod web_pages;
