//! The rules of accounts, through the domain's contract.

#![allow(clippy::unwrap_used)]

mod applications;
mod codes;
mod limits;
mod operator;
mod profile;
mod registration;
mod scene;
mod sessions;
mod support;
mod tokens;
