//! The bus as its users see it: publishing, delivery, failure, redelivery, dead letters, the relay,
//! and `kill -9`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod conformance;
mod crash;
mod dead_letters;
mod delivery;
mod encryption;
mod faults;
mod headers;
mod keeping;
mod kit;
mod last_event;
mod moving;
mod order;
mod redelivery;
mod relay;
mod retention;
mod sizes;
mod speed;
mod two_homes;
