//! What `cargo xtask generate` writes, a file for each contract.

pub(crate) mod accounts;
pub(crate) mod feed;
pub(crate) mod graph;
pub(crate) mod media;
pub(crate) mod posts;
