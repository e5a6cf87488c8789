//! The contract of the graph domain: its service, messages and events, generated from `proto/`, and
//! the names and typed views that Rust callers want on top.
//!
//! Everything that other domains and surfaces may know of graph is here; how it works is in its
//! core.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
mod generated;

pub use generated::*;

use infra_kernel::{AccountId, Page};

infra_kernel::define_id! {
    /// One account following another; pages of followers are ordered by it.
    FollowId;
    /// One account blocking another; pages of blocks are ordered by it.
    BlockId;
    /// One account muting another; pages of mutes are ordered by it.
    MuteId;
    /// A list of accounts that its owner follows.
    ListId;
    /// One account on one list; pages of who is on a list are ordered by it.
    ListMemberId;
    /// What its owner wants to see less of.
    FilterId;
    /// One keyword of one filter.
    FilterKeywordId;
    /// One post in one filter.
    FilteredPostId;
}

/// The most accounts that one request may name.
pub const ACCOUNTS_MAX: usize = 500;
/// The most follows on one page: large, because fan-out reads all followers of an author page by
/// page.
pub const PAGE_LIMIT_MAX: u32 = 1_000;

/// The most requests to follow that are counted.
pub const REQUESTS_COUNTED_MAX: u32 = 1_000;

/// The most accounts that one request puts on a list or takes off it.
pub const LIST_CHANGES_MAX: usize = 100;

/// The longest title of a list, in characters.
pub const LIST_TITLE_CHARACTERS_MAX: usize = 256;

/// The longest note about an account, in characters.
pub const NOTE_CHARACTERS_MAX: usize = 2_000;

/// The longest mute that ends by itself, in seconds: ten years.
pub const MUTE_SECONDS_MAX: u64 = 10 * 365 * 24 * 60 * 60;

/// The longest title of a filter, in characters.
pub const FILTER_TITLE_CHARACTERS_MAX: usize = 256;

/// The longest keyword of a filter, in characters.
pub const FILTER_KEYWORD_CHARACTERS_MAX: usize = 512;

/// The most characters of all keywords of an account together: every post that it reads is compared
/// with all of them, so what they are made into has to stay small.
pub const FILTER_KEYWORDS_CHARACTERS_MAX: u32 = 20_000;

/// The most keywords that one request adds, changes or removes.
pub const KEYWORD_CHANGES_MAX: usize = 500;

/// The longest time after which a filter ends by itself, in seconds: ten years.
pub const FILTER_SECONDS_MAX: u64 = 10 * 365 * 24 * 60 * 60;

/// The topics of this domain's events.
pub mod topics {
    /// Somebody began to follow somebody: [`Followed`](super::Followed). Its key is the follower.
    pub const FOLLOWED: &str = "graph.followed";
    /// Somebody ended following somebody: [`Unfollowed`](super::Unfollowed). Its key is the
    /// follower.
    pub const UNFOLLOWED: &str = "graph.unfollowed";
    /// Somebody asks to follow somebody: [`FollowRequested`](super::FollowRequested). Its key is
    /// the follower.
    pub const FOLLOW_REQUESTED: &str = "graph.follow_requested";
    /// Somebody asks no longer: [`FollowRequestEnded`](super::FollowRequestEnded). Its key is the
    /// follower.
    pub const FOLLOW_REQUEST_ENDED: &str = "graph.follow_request_ended";
}

macro_rules! typed_follow {
    ($message:ident, $id:ident) => {
        impl $message {
            /// The follow's id, by which pages of followers are ordered.
            #[must_use]
            pub const fn follow(&self) -> FollowId {
                FollowId::new(self.$id)
            }

            /// The account that follows.
            #[must_use]
            pub const fn follower(&self) -> AccountId {
                AccountId::new(self.follower_id)
            }

            /// The account that is followed.
            #[must_use]
            pub const fn followee(&self) -> AccountId {
                AccountId::new(self.followee_id)
            }
        }
    };
}

typed_follow!(Follow, id);
typed_follow!(Followed, follow_id);
typed_follow!(Unfollowed, follow_id);

impl AccountBlock {
    /// The block's id, by which pages of blocks are ordered.
    #[must_use]
    pub const fn block(&self) -> BlockId {
        BlockId::new(self.id)
    }
}

impl ListBlocksRequest {
    /// A page of whom an account blocks.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}

impl ListFollowRequestsRequest {
    /// A page of who asks to follow an account.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}

impl ListMutesRequest {
    /// A page of whom an account mutes.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}

impl AccountFilter {
    /// Whether it acts at this moment, in microseconds since the Unix epoch.
    #[must_use]
    pub const fn is_active_at(&self, now_us: i64) -> bool {
        self.expires_at_us == 0 || now_us < self.expires_at_us
    }
}

impl Relationship {
    /// To whom the viewer stands like this.
    #[must_use]
    pub const fn target(&self) -> AccountId {
        AccountId::new(self.target_id)
    }
}

impl GraphStats {
    /// Whose numbers these are.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl ListFollowsRequest {
    /// A page of an account's followers or followed.
    #[must_use]
    pub fn new(account: AccountId, page: Page) -> Self {
        Self {
            account_id: account.get(),
            page: Some(page.into()),
        }
    }
}

impl GetRelationshipsRequest {
    /// How a viewer stands to others.
    #[must_use]
    pub fn new(viewer: AccountId, targets: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            viewer_id: viewer.get(),
            target_ids: targets.into_iter().map(AccountId::get).collect(),
            with_filters: false,
        }
    }
}
