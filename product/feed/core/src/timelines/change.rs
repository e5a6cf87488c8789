//! Changes timelines: in the database, and in memory when that is committed.

use std::sync::Arc;

use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Context};

use super::Timelines;
use crate::audience::TimelineEntry;
use crate::error::Result;
use crate::memory::Change;

/// The most timelines dropped in one write.
const DROPPED_AT_ONCE_MAX: u32 = 50;

impl Timelines {
    /// Puts a post into those of these accounts' timelines that are kept. Returns how many it was
    /// new to.
    pub(crate) async fn place(
        self: &Arc<Self>,
        readers: Vec<AccountId>,
        timeline_entry: TimelineEntry,
    ) -> Result<usize> {
        if readers.is_empty() {
            return Ok(0);
        }
        let this = Arc::clone(self);
        let after_commit = move |reached: &Vec<AccountId>| {
            this.apply(reached, Change::Insert(timeline_entry.entry));
        };
        let reached = self
            .store
            .place(&readers, timeline_entry, after_commit)
            .await?;
        Ok(reached.len())
    }

    /// Takes a deleted post out of at most `readers_max` timelines. Returns how many.
    pub(crate) async fn remove_post(
        self: &Arc<Self>,
        post: PostId,
        readers_max: u32,
    ) -> Result<usize> {
        let this = Arc::clone(self);
        let after_commit = move |reached: &Vec<AccountId>| {
            this.apply(reached, Change::Remove(&[post]));
        };
        let now = self.clock.now();
        let removed = self.store.remove_post(post, readers_max, now, after_commit);
        Ok(removed.await?.len())
    }

    /// Brings an account's timeline in line with whether it now follows another. It asks the graph
    /// instead of believing an event, so events may come late, twice and in any order: the last one
    /// to be handled sees how things stand.
    ///
    /// The graph may respond a moment late too. So posts are taken out only when an event says that
    /// a follow `ended`, and unless the graph agrees the timeline is then made again, which is
    /// right either way: making one puts in what is lacking and takes nothing out.
    pub(crate) async fn reconcile_follow(
        self: &Arc<Self>,
        context: &Context,
        follower: AccountId,
        followee: AccountId,
        ended: bool,
    ) -> Result<()> {
        // Each write's hook holds the lock too: nobody may make the timeline before a write that
        // was handed in is done, even when this caller goes away.
        let held = Arc::new(self.locks.hold(follower).await);
        let followed = self
            .sources
            .history(context, follower)
            .follows_of(&[followee])
            .await?;
        let follows = followed.contains(&followee);
        if ended {
            let (this, held) = (Arc::clone(self), Arc::clone(&held));
            let after_commit = move |removed: &Vec<PostId>| {
                this.apply(&[follower], Change::Remove(removed));
                drop(held);
            };
            let now = self.clock.now();
            self.store
                .part(follower, followee, now, after_commit)
                .await?;
        }
        if follows || !ended {
            let (this, held) = (Arc::clone(self), Arc::clone(&held));
            let after_commit = move |(): &()| {
                this.apply(&[follower], Change::Forget);
                drop(held);
            };
            self.store.join(follower, followee, after_commit).await?;
        }
        Ok(())
    }

    /// Cuts a timeline to its bound. Returns whether it was above it.
    pub(crate) async fn trim(self: &Arc<Self>, account: AccountId) -> Result<bool> {
        let this = Arc::clone(self);
        let after_commit = move |floor: &Option<PostId>| {
            if let Some(floor) = *floor {
                this.apply(&[account], Change::RaiseFloor(floor));
            }
        };
        let entries_max = self.entries_max;
        let floor = self.store.trim(account, entries_max, after_commit).await?;
        Ok(floor.is_some())
    }

    /// Drops timelines of accounts last seen before a moment, a bounded number of them. Returns how
    /// many, and whether there may be more.
    pub(crate) async fn drop_unseen(
        self: &Arc<Self>,
        seen_before: infra_kernel::Timestamp,
    ) -> Result<(u64, bool)> {
        let this = Arc::clone(self);
        let after_commit = move |dropped: &Vec<AccountId>| this.apply(dropped, Change::Forget);
        let dropped = self
            .store
            .drop_unseen(seen_before, DROPPED_AT_ONCE_MAX, after_commit)
            .await?;
        let more = dropped.len() >= DROPPED_AT_ONCE_MAX as usize;
        Ok((dropped.len() as u64, more))
    }

    /// Drops every timeline; each is made again when it is next read. Returns how many.
    pub(crate) async fn drop_all(self: &Arc<Self>) -> Result<u64> {
        let mut dropped = 0;
        let mut after = AccountId::new(0);
        loop {
            let accounts = self.store.kept_after(after, DROPPED_AT_ONCE_MAX).await?;
            let Some(last) = accounts.last() else {
                return Ok(dropped);
            };
            after = *last;
            dropped += accounts.len() as u64;
            self.drop_these(accounts).await?;
        }
    }

    /// Drops these accounts' timelines.
    pub(super) async fn drop_these(self: &Arc<Self>, accounts: Vec<AccountId>) -> Result<()> {
        let (this, dropped) = (Arc::clone(self), accounts.clone());
        let after_commit = move |(): &()| this.apply(&dropped, Change::Forget);
        self.store.drop_these(&accounts, after_commit).await?;
        Ok(())
    }

    /// Applies a committed change to these accounts' timelines in memory.
    fn apply(&self, accounts: &[AccountId], change: Change<'_>) {
        for account in accounts {
            self.memory.apply(*account, change);
        }
    }
}
