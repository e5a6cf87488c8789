//! Makes timelines from the graph and the posts.

use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Context, Page};

use super::Timelines;
use crate::error::{FeedError, Result};
use crate::history::Follows;
use crate::slice::PageSlice;

/// How often a timeline is made again when it is dropped while it is being made.
const ATTEMPTS_MAX: usize = 3;

impl Timelines {
    /// Drops an account's timeline and makes it again. Returns how many posts it holds.
    pub(crate) async fn rebuild(&self, context: &Context, account: AccountId) -> Result<u64> {
        let _held = self.locks.hold(account).await;
        // Dropped and not only made again, because making takes nothing out that is wrong.
        self.kept.drop_one(account).await?;
        let whole = Page::newest(u32::try_from(self.entries_max).unwrap_or(u32::MAX));
        let made = self.make(context, account, &whole).await?;
        Ok(made.entries.len() as u64)
    }

    /// Makes a timeline that is not there or not whole, and reads a page of it. The caller holds
    /// the account's lock.
    pub(super) async fn make(
        &self,
        context: &Context,
        account: AccountId,
        page: &Page,
    ) -> Result<PageSlice> {
        let _permit = self.admit().await?;
        for _ in 0..ATTEMPTS_MAX {
            if !self.make_once(context, account).await? {
                continue;
            }
            if let Some(part) = self.kept.page(account, page, true).await? {
                return Ok(part);
            }
        }
        Err(FeedError::Dropped)
    }

    /// Makes a timeline from the posts of those the account follows, and its own. Returns false
    /// when it was dropped meanwhile.
    ///
    /// Authors who are merged are left out: who reads it looks at their posts anyway, and a
    /// deletion does not look for them here ([`MergedAuthors::was_merged`]).
    ///
    /// [`MergedAuthors::was_merged`]: crate::merged::MergedAuthors::was_merged
    ///
    /// The order is what makes it right: first the timeline is kept, so that every fan-out from now
    /// on reaches it, and only then the posts are read.
    async fn make_once(&self, context: &Context, account: AccountId) -> Result<bool> {
        let making = self.kept.begin(account).await?;
        let history = self.sources.history(context, account);
        let following = history.following().await?;
        let merged = self.merged.all().await?;
        let is_merged = |author: &AccountId| merged.binary_search(author).is_ok();
        let followed = following.iter().copied();
        let mut authors: Vec<_> = followed.filter(|author| !is_merged(author)).collect();
        authors.push(account);
        let entries_max = self.entries_max;
        let page = Page::newest(u32::try_from(entries_max).unwrap_or(u32::MAX));
        let slice = history
            .slice(&authors, Follows::Known(&following), &page)
            .await?;
        let full = slice.timeline_entries.len() >= entries_max;
        let last = slice.timeline_entries.last().filter(|_| full);
        let last = last.map_or(0, |timeline_entry| timeline_entry.entry.post.get());
        // Where a source gave up, nothing is known of what lies below.
        let floor = PostId::new(last.max(slice.edge.unwrap_or(0)));
        let kept = self
            .kept
            .complete(account, making, &slice.timeline_entries, floor)
            .await?;
        tracing::debug!(%account, entries = slice.timeline_entries.len(), kept, "made a timeline");
        Ok(kept)
    }
}
