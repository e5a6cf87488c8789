//! What is allowed in what people and applications send: pure checks, without a database.

pub(crate) mod application;
mod common;
pub(crate) mod password;
pub(crate) mod pkce;
pub(crate) mod profile;
pub(crate) mod registration;
pub(crate) mod words;
