//! Makes timelines from the graph and the posts, and reads them into memory.

use std::sync::Arc;

use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Context, Page};

use super::Timelines;
use crate::error::{FeedError, Result};
use crate::history::Follows;
use crate::memory::Timeline;
use crate::store::Stored;

/// How often a timeline is made again when it is dropped while it is being made.
const ATTEMPTS_MAX: usize = 3;

impl Timelines {
    /// Drops an account's timeline and makes it again. Returns how many posts it holds.
    pub(crate) async fn rebuild(
        self: &Arc<Self>,
        context: &Context,
        account: AccountId,
    ) -> Result<u64> {
        let _held = self.locks.hold(account).await;
        self.drop_these(vec![account]).await?;
        let made = self.read_or_make(context, account).await?;
        Ok(made.count())
    }

    /// Reads an account's timeline into memory, and makes it before when it is not there or not
    /// whole. The caller holds the account's lock.
    pub(super) async fn read_or_make(
        &self,
        context: &Context,
        account: AccountId,
    ) -> Result<Timeline> {
        let entries_max = self.entries_max;
        let usable = |stored: &Stored| stored.complete && !is_sparse(stored, entries_max);
        if let Some(timeline) = self.read(account, usable).await? {
            return Ok(timeline);
        }
        for _ in 0..ATTEMPTS_MAX {
            if !self.make(context, account).await? {
                continue;
            }
            if let Some(timeline) = self.read(account, |stored| stored.complete).await? {
                return Ok(timeline);
            }
        }
        Err(FeedError::Dropped)
    }

    async fn read(
        &self,
        account: AccountId,
        usable: impl Fn(&Stored) -> bool + Send,
    ) -> Result<Option<Timeline>> {
        let version = self.memory.version(account);
        let stored = self.store.read(account, self.entries_max).await?;
        let Some(stored) = stored.filter(usable) else {
            return Ok(None);
        };
        let timeline = Timeline::new(stored.entries, stored.floor);
        let slot = self
            .memory
            .insert(account, version, timeline.clone(), stored.last_read_at);
        self.record_visit(account, slot);
        Ok(Some(timeline))
    }

    /// Makes a timeline from the posts of those the account follows, and its own. Returns false
    /// when it was dropped meanwhile.
    ///
    /// The order is what makes it right: first the timeline is kept, so that every fan-out from now
    /// on reaches it, and only then the posts are read.
    async fn make(&self, context: &Context, account: AccountId) -> Result<bool> {
        self.store.begin(account, self.clock.now()).await?;
        let history = self.sources.history(context, account);
        let following = history.following().await?;
        let mut authors: Vec<_> = following.iter().copied().collect();
        authors.push(account);
        let entries_max = self.entries_max;
        let page = Page::newest(u32::try_from(entries_max).unwrap_or(u32::MAX));
        let slice = history
            .slice(&authors, Follows::Known(&following), &page)
            .await?;
        let full = slice.timeline_entries.len() >= entries_max;
        let last = slice.timeline_entries.last().filter(|_| full);
        let last = last.map_or(0, |timeline_entry| timeline_entry.entry.post.get());
        let floor = PostId::new(last.max(slice.edge.unwrap_or(0)));
        let kept = self
            .store
            .complete(account, &slice.timeline_entries, floor)
            .await?;
        tracing::debug!(%account, entries = slice.timeline_entries.len(), kept, "made a timeline");
        Ok(kept)
    }
}

/// Whether so much was taken out of a timeline, while history continues below it, that it is worth
/// making again.
fn is_sparse(stored: &Stored, entries_max: usize) -> bool {
    stored.floor.get() > 0 && stored.entries.len() < entries_max.div_ceil(2)
}
