//! Authors with very many followers, as they are held in memory.
//!
//! An author who is here once stays here, even with fewer followers later: what was fanned out
//! before and what is merged now meet in the page, where each post is returned once.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use business_posts_gateway::PostId;
use infra_kernel::{AccountId, Timestamp};
use tokio::sync::OnceCell;

use crate::error::Result;
use crate::store::Store;

/// The most authors that are merged. Beyond it the fan-out carries on for the others, however many
/// their followers.
const AUTHORS_MAX: u32 = 10_000;
/// By how much the clocks may differ of who made a post and of who recorded that its author is
/// merged.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(60 * 60);

/// The authors whose posts are merged when a timeline is read.
// Single writer (ADR 0026): what was read once and what was recorded since are all that the table
// holds.
pub(crate) struct MergedAuthors {
    store: Store,
    read: OnceCell<()>,
    /// Sorted, for the binary search; replaced as a whole, so that readers keep what they have.
    authors: Arc<RwLock<Arc<[AccountId]>>>,
}

impl MergedAuthors {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            read: OnceCell::new(),
            authors: Arc::new(RwLock::new(Arc::new([]))),
        }
    }

    /// All of them, sorted.
    pub(crate) async fn all(&self) -> Result<Arc<[AccountId]>> {
        if !self.read.initialized() {
            self.read.get_or_try_init(|| self.read_all()).await?;
        }
        Ok(Arc::clone(
            &self.authors.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// Whether this author's posts are merged.
    pub(crate) async fn contains(&self, author: AccountId) -> Result<bool> {
        Ok(self.all().await?.binary_search(&author).is_ok())
    }

    /// Whether a post was merged and never put into timelines, by a fan-out or by who made them,
    /// but into those of its author and of those it mentions. In doubt it was not: clocks differ.
    pub(crate) async fn was_merged(&self, author: AccountId, post: PostId) -> Result<bool> {
        if !self.contains(author).await? {
            return Ok(false);
        }
        let since = self.store.merged_since(author).await?;
        Ok(since.is_some_and(|since| since.plus(CLOCKS_DIFFER_MAX) < post.created_at()))
    }

    /// Merges this author's posts from now on. Returns false when there are too many such authors.
    pub(crate) async fn note(&self, author: AccountId, now: Timestamp) -> Result<bool> {
        self.note_among(author, now, AUTHORS_MAX).await
    }

    async fn note_among(
        &self,
        author: AccountId,
        now: Timestamp,
        authors_max: u32,
    ) -> Result<bool> {
        // In memory first: where there are too many, every post of such an author comes here.
        let mut is_merged = false;
        if self.all().await?.len() < authors_max as usize {
            let held = Arc::clone(&self.authors);
            let after_commit = move |is_merged: &bool| {
                if *is_merged {
                    add(&held, &[author]);
                }
            };
            let recorded = self
                .store
                .record_merged(author, now, authors_max, after_commit);
            is_merged = recorded.await?;
        }
        if !is_merged {
            tracing::warn!(%author, "too many merged authors; their posts are fanned out");
        }
        Ok(is_merged)
    }

    async fn read_all(&self) -> Result<()> {
        let authors = self.store.merged().await?;
        // Beside those that are held: an author may have been recorded while this was read.
        add(&self.authors, &authors);
        Ok(())
    }
}

fn add(held: &RwLock<Arc<[AccountId]>>, authors: &[AccountId]) {
    let mut held = held.write().unwrap_or_else(PoisonError::into_inner);
    let mut all = [&**held, authors].concat();
    all.sort_unstable();
    all.dedup();
    *held = all.into();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DATABASE;

    const NOW: Timestamp = Timestamp::from_milliseconds(1_790_000_000_000);

    #[tokio::test]
    async fn those_recorded_at_once_are_not_more_than_may_be_and_all_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(testing_databases::open(&DATABASE, folder.path()).await);
        let merged = MergedAuthors::new(store.clone());
        let note = |id| {
            let author = AccountId::new(id);
            merged.note_among(author, NOW, 2)
        };
        let noted = futures::future::join_all((1..=5).map(note)).await;
        let noted: Vec<AccountId> = (1..=5)
            .zip(noted)
            .filter(|(_, is_merged)| *is_merged.as_ref().unwrap())
            .map(|(id, _)| AccountId::new(id))
            .collect();
        assert_eq!(noted.len(), 2);
        assert_eq!(*merged.all().await.unwrap(), *noted);
        let restarted = MergedAuthors::new(store);
        assert_eq!(*restarted.all().await.unwrap(), *noted);
        // Who is merged stays it, however many there are.
        assert!(restarted.note_among(noted[0], NOW, 3).await.unwrap());
        assert!(
            !restarted
                .note_among(AccountId::new(9), NOW, 2)
                .await
                .unwrap()
        );
    }
}
