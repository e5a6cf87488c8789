//! The timelines that are kept: in the feed's own tables, with the recently read ones in memory, or
//! in Redis, where all processes share them.
//!
//! Both may lose a timeline at any moment, and neither may show one that has a gap: what is not
//! whole is made again by who reads it ([`crate::timelines`]).

mod redis;
mod tables;

use async_trait::async_trait;
use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Page};

pub(crate) use redis::{LIBRARY, RedisTimelines};
pub(crate) use tables::TableTimelines;

use crate::audience::TimelineEntry;
use crate::error::Result;
use crate::followers::Holders;
use crate::locks::SharedGuard;
use crate::slice::PageSlice;

/// What begins to be made and is complete later: another one when something happened in between
/// that its maker may not have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Making(pub(crate) u64);

/// What a fan-out takes before it looks at anything: gone when timelines were lost since with what
/// guards them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The run of the server and the epoch.
    run: u64,
    /// Drawn at random by the first that finds none on the server.
    value: u64,
}

/// What one round of tidying did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TidyReport {
    /// Timelines dropped because their readers have not been here for long.
    pub dropped: u64,
    /// Timelines cut to their bound.
    pub trimmed: u64,
    /// Ended follows and deleted posts that need no guarding against any more.
    pub forgotten: u64,
}

/// The timelines that are kept. Whatever is repeated changes nothing.
#[async_trait]
pub(crate) trait KeptTimelines: Send + Sync + 'static {
    /// A page of an account's timeline, where that takes no waiting.
    fn page_at_hand(&self, account: AccountId, page: &Page) -> Option<PageSlice>;

    /// A page of an account's timeline, if it is kept and whole, and also not worth making again
    /// unless it `is_just_made`. The caller holds the account's lock.
    async fn page(
        &self,
        account: AccountId,
        page: &Page,
        is_just_made: bool,
    ) -> Result<Option<PageSlice>>;

    /// Begins to keep an account's timeline, or marks a kept one as not complete: from now on every
    /// fan-out reaches it.
    async fn begin(&self, account: AccountId) -> Result<Making>;

    /// Completes a timeline with these posts, which are all from `floor` on. Returns false when it
    /// was dropped meanwhile, or followed others: then it is to be made again.
    async fn complete(
        &self,
        account: AccountId,
        making: Making,
        timeline_entries: &[TimelineEntry],
        floor: PostId,
    ) -> Result<bool>;

    /// The mark that a fan-out begins with.
    async fn mark(&self) -> Result<Mark>;

    /// Puts a post into those of these accounts' timelines that are kept, unless it was deleted, or
    /// what brought it there has ended since the mark was taken. Returns how many it was new to. It
    /// fails when the mark has gone: then all has to be looked at again.
    async fn place(
        &self,
        mark: Mark,
        readers: Vec<AccountId>,
        timeline_entry: TimelineEntry,
    ) -> Result<usize>;

    /// Takes a deleted post out of the timelines that hold it. From now on no fan-out puts it back.
    async fn remove_post(&self, holders: &mut Holders<'_>) -> Result<()>;

    /// Records that one account follows another: its timeline, if kept, is not complete any more.
    async fn join(
        &self,
        follower: AccountId,
        followee: AccountId,
        held: &SharedGuard,
    ) -> Result<()>;

    /// Records that one account no longer follows another, and takes out what was there because it
    /// did.
    async fn part(
        &self,
        follower: AccountId,
        followee: AccountId,
        held: &SharedGuard,
    ) -> Result<()>;

    /// Drops an account's timeline.
    async fn drop_one(&self, account: AccountId) -> Result<()>;

    /// Drops every timeline; each is made again when it is next read. Returns how many.
    async fn drop_all(&self) -> Result<u64>;

    /// Trims, drops and forgets what is due.
    async fn tidy(&self) -> Result<TidyReport>;
}
