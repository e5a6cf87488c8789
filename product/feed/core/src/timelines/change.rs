//! Changes timelines: in the database first, then in memory.

use std::sync::Arc;

use infra_kernel::{AccountId, Context, PostId};

use super::{Timelines, to_its_end};
use crate::audience::Placement;
use crate::error::Result;
use crate::memory::Change;

/// The most timelines dropped in one write.
const DROPPED_AT_ONCE_MAX: u32 = 50;

impl Timelines {
    /// Puts a post into those of these accounts' timelines that are kept. Answers how many it was new to.
    pub(crate) async fn place(
        self: &Arc<Self>,
        readers: Vec<AccountId>,
        placement: Placement,
    ) -> Result<usize> {
        if readers.is_empty() {
            return Ok(0);
        }
        let this = Arc::clone(self);
        to_its_end(async move {
            let (ticket, reached) = this.store.place(&readers, placement).await?;
            for account in &reached {
                this.memory
                    .apply(*account, ticket, Change::Insert(placement.entry));
            }
            Ok(reached.len())
        })
        .await
    }

    /// Takes a deleted post out of at most `readers_max` timelines. Answers how many.
    pub(crate) async fn remove_post(
        self: &Arc<Self>,
        post: PostId,
        readers_max: u32,
    ) -> Result<usize> {
        let this = Arc::clone(self);
        to_its_end(async move {
            let now = this.clock.now();
            let (ticket, reached) = this.store.remove_post(post, readers_max, now).await?;
            for account in &reached {
                this.memory.apply(*account, ticket, Change::Remove(&[post]));
            }
            Ok(reached.len())
        })
        .await
    }

    /// Brings an account's timeline in line with whether it now follows another. It asks the graph instead of believing an
    /// event, so events may come late, twice and in any order: the last one to be handled sees how things stand.
    ///
    /// The graph may answer a moment late too. So posts are taken out only when an event says that a follow `ended`, and
    /// unless the graph agrees the timeline is then made again, which is right either way: making one puts in what is
    /// lacking and takes nothing out.
    pub(crate) async fn reconcile_follow(
        self: &Arc<Self>,
        context: &Context,
        follower: AccountId,
        followee: AccountId,
        ended: bool,
    ) -> Result<()> {
        let held = self.locks.hold(follower).await;
        let followed = self
            .history(context, follower)
            .follows_of(&[followee])
            .await?;
        let follows = followed.contains(&followee);
        let this = Arc::clone(self);
        to_its_end(async move {
            // The lock goes along: nobody may make the timeline before this is done.
            let _held = held;
            if ended {
                let now = this.clock.now();
                let (ticket, removed) = this.store.part(follower, followee, now).await?;
                this.memory
                    .apply(follower, ticket, Change::Remove(&removed));
            }
            if follows || !ended {
                let ticket = this.store.join(follower, followee).await?;
                this.memory.apply(follower, ticket, Change::Forget);
            }
            Ok(())
        })
        .await
    }

    /// Cuts a timeline to its bound. Answers whether it was above it.
    pub(crate) async fn trim(self: &Arc<Self>, account: AccountId) -> Result<bool> {
        let this = Arc::clone(self);
        to_its_end(async move {
            let entries_max = this.settings.entries_max();
            let (ticket, floor) = this.store.trim(account, entries_max).await?;
            if let Some(floor) = floor {
                this.memory
                    .apply(account, ticket, Change::RaiseFloor(floor));
            }
            Ok(floor.is_some())
        })
        .await
    }

    /// Drops timelines of accounts last seen before a moment, a bounded number of them. Answers how many, and whether there
    /// may be more.
    pub(crate) async fn drop_unseen(
        self: &Arc<Self>,
        seen_before: infra_kernel::Timestamp,
    ) -> Result<(u64, bool)> {
        let this = Arc::clone(self);
        to_its_end(async move {
            let (ticket, dropped) = this
                .store
                .drop_unseen(seen_before, DROPPED_AT_ONCE_MAX)
                .await?;
            for account in &dropped {
                this.memory.apply(*account, ticket, Change::Forget);
            }
            let more = dropped.len() >= DROPPED_AT_ONCE_MAX as usize;
            Ok((dropped.len() as u64, more))
        })
        .await
    }

    /// Drops every timeline; each is made again when it is next read. Answers how many.
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
        let this = Arc::clone(self);
        to_its_end(async move {
            let ticket = this.store.drop_these(&accounts).await?;
            for account in &accounts {
                this.memory.apply(*account, ticket, Change::Forget);
            }
            Ok(())
        })
        .await
    }
}
