//! The statements, one file for each table.

pub(crate) mod blocks;
pub(crate) mod filter_keywords;
pub(crate) mod filtered_posts;
pub(crate) mod filters;
pub(crate) mod follows;
pub(crate) mod list_members;
pub(crate) mod lists;
pub(crate) mod mutes;
pub(crate) mod notes;
pub(crate) mod relations;
pub(crate) mod requests;
pub(crate) mod stats;

#[cfg(test)]
mod plans;
