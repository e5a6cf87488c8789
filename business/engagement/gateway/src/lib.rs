//! The contract of the engagement domain.
//!
//! Its service, messages and events are generated from `proto/`; names and typed views that Rust
//! callers want on top stand here. Everything that other domains and surfaces may know of it is
//! here; how it works is in its core.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;

use infra_kernel::{AccountId, Page, define_id};

define_id! {
    /// One entry of an account.
    EntryId;
}

/// The most entries on one page.
pub const PAGE_LIMIT_MAX: u32 = 200;

/// The topics of this domain's events.
pub mod topics {
    /// An account added an entry: [`EntryAdded`](super::EntryAdded). Its key is the account.
    pub const ENTRY_ADDED: &str = "engagement.entry_added";
}

impl Entry {
    /// The entry's id.
    #[must_use]
    pub const fn entry(&self) -> EntryId {
        EntryId::new(self.id)
    }
}

impl ListEntriesRequest {
    /// A page of an account's entries.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}
