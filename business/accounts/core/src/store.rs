//! The domain's tables, one file each.

pub(crate) mod account_words;
pub(crate) mod accounts;
pub(crate) mod applications;
pub(crate) mod codes;
pub(crate) mod credentials;
pub(crate) mod known_browsers;
pub(crate) mod removals;
pub(crate) mod sessions;
pub(crate) mod setup_tokens;

#[cfg(test)]
mod plans;
