//! The web page over HTTP, on top of domains that note what they are asked to do.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod authorize;
mod browser;
mod composer;
mod composer_sent_twice;
mod entry;
mod fakes;
mod reading;
mod refused;
mod settings;
mod uploads;
