//! How a database is opened.

#[cfg(doc)]
use crate::Database;

/// When what was committed is made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// By the commit itself, before its caller is answered.
    #[default]
    OnCommit,
    /// By [`Database::sync`]. A killed process loses nothing; a loss of power loses the last
    /// commits, and never one without all that came after it. For what can be made again from
    /// elsewhere, whose owner syncs before it releases what it is made from.
    OnSync,
}

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenOptions {
    /// What one connection keeps of the file in memory, in bytes; at least 256 KiB.
    pub page_cache_bytes: u64,
    /// When what was committed is made durable.
    pub durability: Durability,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            page_cache_bytes: 4 * 1024 * 1024,
            durability: Durability::OnCommit,
        }
    }
}
