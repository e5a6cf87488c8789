//! The contract of the notifications domain: its service and messages, generated from `proto/`, and
//! the names and typed views that Rust callers want on top.
//!
//! Everything that surfaces may know of notifications is here; how it works is in its core.

mod push;

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;
pub use push::{Alert, PUSHES_LIMIT_MAX};

use infra_kernel::{AccountId, Page, define_id};

define_id! {
    /// One thing that one account is told; pages of notifications are ordered by it.
    NotificationId;
}

/// The topics of this domain's events.
pub mod topics {
    /// Somebody was told something: [`Told`](super::Told). Its key is the first notification.
    pub const TOLD: &str = "notifications.told";
}

/// The most notifications on one page.
pub const PAGE_LIMIT_MAX: u32 = 200;
/// The most groups on one page.
pub const GROUPS_LIMIT_MAX: u32 = 80;
/// The most notifications that the groups of one page hold together.
pub const GROUPED_MAX: u32 = 1_000;
/// The most requests on one page, and that can be named at once.
pub const REQUESTS_LIMIT_MAX: u32 = 80;
/// The most that one request counts.
pub const UNREAD_MAX: u32 = 1_000;

impl Kind {
    /// Every kind that there is.
    pub const ALL: [Self; 7] = [
        Self::Favourite,
        Self::Mention,
        Self::Follow,
        Self::Reshare,
        Self::FollowRequest,
        Self::NewPost,
        Self::Edit,
    ];
}

impl Kind {
    /// Those that are told as one: of which one thing gets many, and which say the same but for who
    /// did it.
    pub const GROUPED: [Self; 3] = [Self::Favourite, Self::Reshare, Self::Follow];

    /// Whether notifications of this kind are told as one.
    #[must_use]
    pub fn is_grouped(self) -> bool {
        Self::GROUPED.contains(&self)
    }
}

impl Policy {
    /// The policy of an account that has none of its own. As in Mastodon, only direct posts of
    /// those whom it does not follow, and what limited accounts do, wait for being accepted.
    #[must_use]
    pub fn of_everyone() -> Self {
        Self {
            for_not_following: Action::Accept.into(),
            for_not_followers: Action::Accept.into(),
            for_new_accounts: Action::Accept.into(),
            for_private_mentions: Action::Filter.into(),
            for_limited_accounts: Action::Filter.into(),
        }
    }
}

impl Notification {
    /// The group that it belongs to, if it is told with others.
    #[must_use]
    pub const fn group(&self) -> Option<Group> {
        if self.group_hour == 0 {
            return None;
        }
        Some(Group {
            kind: self.kind,
            post_id: self.post_id,
            hour: self.group_hour,
        })
    }

    /// The notification's id, by which pages are ordered.
    #[must_use]
    pub const fn notification(&self) -> NotificationId {
        NotificationId::new(self.id)
    }

    /// The account that is told.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl ListNotificationsRequest {
    /// A page of what an account was told.
    #[must_use]
    pub fn new(account: AccountId, page: Page, filter: Filter) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
            filter: Some(filter),
        }
    }
}
