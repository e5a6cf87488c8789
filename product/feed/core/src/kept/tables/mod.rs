//! Timelines in the feed's own tables, and the recently read ones in memory.

mod change;
mod drop_unseen;
mod trim;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Clock, Page, Timestamp};
use tokio::sync::Semaphore;

use super::{KeptTimelines, Making, Mark, TidyReport};
use crate::Settings;
use crate::audience::TimelineEntry;
use crate::error::Result;
use crate::followers::Holders;
use crate::locks::SharedGuard;
use crate::memory::{Memory, Slot, Timeline};
use crate::slice::PageSlice;
use crate::store::{Store, Stored};

/// The most visits that are being recorded concurrently; one more is recorded with a later read
/// instead.
const VISITS_RECORDED_MAX: usize = 64;
/// How long it is remembered that a follow ended or a post was deleted: much longer than any one
/// try of a fan-out.
const GUARDS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// The most guards forgotten in one write.
const GUARDS_AT_ONCE_MAX: u32 = 1_000;
/// The account's lock is what keeps its timeline from being made twice, so there is one making.
const ONLY_MAKING: Making = Making(0);

/// The timelines in the tables.
pub(crate) struct TableTimelines {
    store: Store,
    memory: Arc<Memory>,
    visits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    settings: Settings,
}

impl TableTimelines {
    /// The timelines in the tables. What is left there of the time before Redis is dropped.
    pub(crate) async fn open(
        store: Store,
        clock: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Result<Self> {
        let was_in_redis = store.was_in_redis().await?;
        let memory = Memory::new(settings.cached_timelines_max, settings.entries_max());
        let timelines = Self {
            store,
            memory: Arc::new(memory),
            visits: Arc::new(Semaphore::new(VISITS_RECORDED_MAX)),
            clock,
            settings: settings.clone(),
        };
        if was_in_redis {
            change::drop_all(&timelines).await?;
            // All of them: nothing is under way yet that they could guard against.
            timelines
                .forget_guards(Timestamp::from_microseconds(i64::MAX))
                .await?;
            // Recorded last: if this is cut off, the next start does all of it again.
            timelines.store.move_to_tables().await?;
        }
        Ok(timelines)
    }

    /// Records that an account was here, in the background and at most once an hour.
    fn record_visit(&self, account: AccountId, slot: Arc<Slot>) {
        let now = self.clock.now();
        if !slot.visit(now) {
            return;
        }
        let Ok(permit) = Arc::clone(&self.visits).try_acquire_owned() else {
            slot.clear_visit();
            return;
        };
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.record_visit(account, now).await {
                tracing::warn!(%account, %error, "a visit was not recorded");
                slot.clear_visit();
            }
            drop(permit);
        });
    }

    async fn forget_guards(&self, before: Timestamp) -> Result<u64> {
        let mut forgotten = 0;
        loop {
            let some = self.store.forget_guards(before, GUARDS_AT_ONCE_MAX).await?;
            forgotten += some;
            if some == 0 {
                return Ok(forgotten);
            }
        }
    }
}

#[async_trait]
impl KeptTimelines for TableTimelines {
    fn page_at_hand(&self, account: AccountId, page: &Page) -> Option<PageSlice> {
        let (part, slot) = self.memory.page(account, page)?;
        self.record_visit(account, slot);
        Some(part)
    }

    async fn page(
        &self,
        account: AccountId,
        page: &Page,
        is_just_made: bool,
    ) -> Result<Option<PageSlice>> {
        // Taken before the read: what is written in between refuses the insertion.
        let version = self.memory.version(account);
        let entries_max = self.settings.entries_max();
        let stored = self.store.read(account, entries_max).await?;
        let is_usable =
            |stored: &Stored| stored.complete && (is_just_made || !is_sparse(stored, entries_max));
        let Some(stored) = stored.filter(is_usable) else {
            return Ok(None);
        };
        let timeline = Timeline::new(stored.entries, stored.floor);
        let part = timeline.page(page);
        let slot = self
            .memory
            .insert(account, version, timeline, stored.last_read_at);
        self.record_visit(account, slot);
        Ok(Some(part))
    }

    async fn begin(&self, account: AccountId) -> Result<Making> {
        self.store.begin(account, self.clock.now()).await?;
        Ok(ONLY_MAKING)
    }

    async fn complete(
        &self,
        account: AccountId,
        _: Making,
        timeline_entries: &[TimelineEntry],
        floor: PostId,
    ) -> Result<bool> {
        let kept = self
            .store
            .complete(account, timeline_entries, floor)
            .await?;
        Ok(kept)
    }

    /// The guards are as durable as the timelines.
    async fn mark(&self) -> Result<Mark> {
        Ok(Mark::default())
    }

    async fn place(
        &self,
        _: Mark,
        readers: Vec<AccountId>,
        timeline_entry: TimelineEntry,
    ) -> Result<usize> {
        change::place(self, readers, timeline_entry).await
    }

    /// The table knows whose timelines hold it.
    async fn remove_post(&self, holders: &mut Holders<'_>) -> Result<()> {
        let (post, chunk) = (holders.post(), self.settings.chunk());
        // Ends: the first step keeps new copies from coming in, and each further one takes out a
        // chunk of those there are.
        while change::remove_post(self, post, chunk).await? >= chunk as usize {}
        Ok(())
    }

    async fn join(
        &self,
        follower: AccountId,
        followee: AccountId,
        held: &SharedGuard,
    ) -> Result<()> {
        change::join(self, follower, followee, held).await
    }

    async fn part(
        &self,
        follower: AccountId,
        followee: AccountId,
        held: &SharedGuard,
    ) -> Result<()> {
        change::part(self, follower, followee, held).await
    }

    async fn drop_one(&self, account: AccountId) -> Result<()> {
        change::drop_these(self, vec![account]).await
    }

    async fn drop_all(&self) -> Result<u64> {
        change::drop_all(self).await
    }

    async fn tidy(&self) -> Result<TidyReport> {
        Ok(TidyReport {
            // In this order: what is dropped needs no trimming.
            dropped: drop_unseen::run(self).await?,
            trimmed: trim::run(self).await?,
            forgotten: self
                .forget_guards(self.clock.now().minus(GUARDS_KEPT))
                .await?,
        })
    }
}

/// Whether so much was taken out of a timeline, while history continues below it, that it is worth
/// making again.
fn is_sparse(stored: &Stored, entries_max: usize) -> bool {
    stored.floor.get() > 0 && stored.entries.len() < entries_max.div_ceil(2)
}
