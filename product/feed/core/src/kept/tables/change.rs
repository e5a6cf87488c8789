//! Changes timelines: in the tables, and in memory when that is committed.

use std::sync::Arc;

use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Timestamp};

use super::TableTimelines;
use crate::audience::TimelineEntry;
use crate::error::Result;
use crate::locks::SharedGuard;
use crate::memory::{Change, Memory};

/// The most timelines dropped in one write.
const DROPPED_AT_ONCE_MAX: u32 = 50;

/// Puts a post into those of these accounts' timelines that are kept. Returns how many it was new
/// to.
pub(super) async fn place(
    timelines: &TableTimelines,
    readers: Vec<AccountId>,
    timeline_entry: TimelineEntry,
) -> Result<usize> {
    if readers.is_empty() {
        return Ok(0);
    }
    let memory = Arc::clone(&timelines.memory);
    let after_commit = move |reached: &Vec<AccountId>| {
        apply(&memory, reached, Change::Insert(timeline_entry.entry));
    };
    let placing = timelines
        .store
        .place(&readers, timeline_entry, after_commit);
    Ok(placing.await?.len())
}

/// Takes a deleted post out of at most `readers_max` timelines. Returns how many.
pub(super) async fn remove_post(
    timelines: &TableTimelines,
    post: PostId,
    readers_max: u32,
) -> Result<usize> {
    let memory = Arc::clone(&timelines.memory);
    let after_commit = move |reached: &Vec<AccountId>| {
        apply(&memory, reached, Change::Remove(&[post]));
    };
    let now = timelines.clock.now();
    let removing = timelines
        .store
        .remove_post(post, readers_max, now, after_commit);
    Ok(removing.await?.len())
}

/// The write's hook holds the lock too: nobody may make the timeline before a write that was handed
/// in is done, even when this caller goes away.
pub(super) async fn join(
    timelines: &TableTimelines,
    follower: AccountId,
    followee: AccountId,
    held: &SharedGuard,
) -> Result<()> {
    let (memory, held) = (Arc::clone(&timelines.memory), Arc::clone(held));
    let after_commit = move |(): &()| {
        apply(&memory, &[follower], Change::Forget);
        drop(held);
    };
    let joining = timelines.store.join(follower, followee, after_commit);
    Ok(joining.await?)
}

/// Its hook holds the lock as that of [`join`] does.
pub(super) async fn part(
    timelines: &TableTimelines,
    follower: AccountId,
    followee: AccountId,
    held: &SharedGuard,
) -> Result<()> {
    let (memory, held) = (Arc::clone(&timelines.memory), Arc::clone(held));
    let after_commit = move |removed: &Vec<PostId>| {
        apply(&memory, &[follower], Change::Remove(removed));
        drop(held);
    };
    let now = timelines.clock.now();
    let parting = timelines.store.part(follower, followee, now, after_commit);
    parting.await?;
    Ok(())
}

/// Cuts a timeline to its bound. Returns whether it was above it.
pub(super) async fn trim(timelines: &TableTimelines, account: AccountId) -> Result<bool> {
    let memory = Arc::clone(&timelines.memory);
    let after_commit = move |floor: &Option<PostId>| {
        if let Some(floor) = *floor {
            apply(&memory, &[account], Change::RaiseFloor(floor));
        }
    };
    let entries_max = timelines.settings.entries_max();
    let trimming = timelines.store.trim(account, entries_max, after_commit);
    Ok(trimming.await?.is_some())
}

/// Drops timelines of accounts last seen before a moment, a bounded number of them. Returns how
/// many, and whether there may be more.
pub(super) async fn drop_unseen(
    timelines: &TableTimelines,
    seen_before: Timestamp,
) -> Result<(u64, bool)> {
    let memory = Arc::clone(&timelines.memory);
    let after_commit = move |dropped: &Vec<AccountId>| apply(&memory, dropped, Change::Forget);
    let dropping = timelines
        .store
        .drop_unseen(seen_before, DROPPED_AT_ONCE_MAX, after_commit);
    let dropped = dropping.await?;
    let more = dropped.len() >= DROPPED_AT_ONCE_MAX as usize;
    Ok((dropped.len() as u64, more))
}

/// Drops every timeline. Returns how many.
pub(super) async fn drop_all(timelines: &TableTimelines) -> Result<u64> {
    let mut dropped = 0;
    let mut after = AccountId::new(0);
    loop {
        let kept = timelines.store.kept_after(after, DROPPED_AT_ONCE_MAX);
        let accounts = kept.await?;
        let Some(last) = accounts.last() else {
            return Ok(dropped);
        };
        after = *last;
        dropped += accounts.len() as u64;
        drop_these(timelines, accounts).await?;
    }
}

/// Drops these accounts' timelines.
pub(super) async fn drop_these(timelines: &TableTimelines, accounts: Vec<AccountId>) -> Result<()> {
    let (memory, dropped) = (Arc::clone(&timelines.memory), accounts.clone());
    let after_commit = move |(): &()| apply(&memory, &dropped, Change::Forget);
    timelines.store.drop_these(&accounts, after_commit).await?;
    Ok(())
}

/// Applies a committed change to these accounts' timelines in memory.
fn apply(memory: &Memory, accounts: &[AccountId], change: Change<'_>) {
    for account in accounts {
        memory.apply(*account, change);
    }
}
