//! The contract of the engagement domain: its service, messages and events, generated from
//! `proto/`, and the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of engagement is here; how it works is in
//! its core.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;

use infra_kernel::{AccountId, Page, define_id};

define_id! {
    /// One account liking one post; pages of likes are ordered by it.
    LikeId;
    /// One account having bookmarked one post; pages of bookmarks are ordered by it.
    BookmarkId;
}

/// The most likes or bookmarks on one page.
pub const PAGE_LIMIT_MAX: u32 = 200;
/// The most posts whose counts or marks one request may ask for.
pub const POSTS_MAX: usize = 500;

/// The topics of this domain's events.
pub mod topics {
    /// An account began to like a post: [`Liked`](super::Liked). Its key is the account, so that a
    /// post which very many like is not handled one like after the other.
    pub const LIKED: &str = "engagement.liked";
    /// An account took a like back: [`Unliked`](super::Unliked). Its key is the account.
    pub const UNLIKED: &str = "engagement.unliked";
}

impl PostLike {
    /// The like's id, by which pages of likes are ordered.
    #[must_use]
    pub const fn like(&self) -> LikeId {
        LikeId::new(self.id)
    }

    /// The account that likes.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl PostBookmark {
    /// The bookmark's id, by which pages of bookmarks are ordered.
    #[must_use]
    pub const fn bookmark(&self) -> BookmarkId {
        BookmarkId::new(self.id)
    }

    /// The account whose bookmark it is.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl ListLikesOfAccountRequest {
    /// A page of what an account likes.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}

impl ListBookmarksRequest {
    /// A page of an account's bookmarks.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}
