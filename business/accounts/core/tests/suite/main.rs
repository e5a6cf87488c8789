//! The rules of accounts, through the domain's contract.

#![allow(clippy::unwrap_used)]

mod applications;
mod codes;
mod kinds;
mod limits;
mod operator;
mod passwords;
mod profile;
mod registration;
mod remote;
mod scene;
mod search;
mod sessions;
mod support;
mod tokens;
mod unknown_clients;
