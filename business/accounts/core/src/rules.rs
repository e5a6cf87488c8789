//! What is allowed in what people and applications send: pure checks, without a database.

pub(crate) mod application;
pub(crate) mod pkce;
pub(crate) mod profile;
pub(crate) mod registration;
