//! The timelines that are kept: in the database, and the recently read ones in memory.
//!
//! How they stay right: who may change an account's timeline as a whole (make it, take a followed
//! author in or out) holds the account's lock. A fan-out touches many accounts and holds no lock;
//! it reaches every timeline that is kept at the moment of its write, and the guards in the same
//! write refuse what ended since it began. To make a timeline is first to keep it, then to read the
//! posts: a post published in between is in one of the two, or in both, and stands once.

mod change;
mod make;

use std::sync::Arc;

use business_graph_gateway::Graph;
use business_posts_gateway::Posts;
use infra_kernel::{AccountId, Clock, Context, Page};
use tokio::sync::Semaphore;

use crate::error::Result;
use crate::history::History;
use crate::locks::AccountLocks;
use crate::memory::{Memory, PageSlice, Slot};
use crate::merged::MergedAuthors;
use crate::store::Store;
use crate::{Dependencies, Settings};

/// The most visits that are being recorded concurrently; one more is recorded with a later read
/// instead.
const VISITS_RECORDED_MAX: usize = 64;

/// The timelines that are kept.
pub(crate) struct Timelines {
    pub(crate) store: Store,
    pub(crate) merged: MergedAuthors,
    pub(crate) graph: Arc<dyn Graph>,
    pub(crate) posts: Arc<dyn Posts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    memory: Memory,
    locks: AccountLocks,
    visits: Arc<Semaphore>,
}

impl Timelines {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        let Dependencies {
            database,
            clock,
            ids: _,
            graph,
            posts,
            settings,
        } = dependencies;
        let store = Store::new(database);
        Self {
            merged: MergedAuthors::new(store.clone()),
            memory: Memory::new(settings.cached_timelines_max, settings.entries_max()),
            locks: AccountLocks::default(),
            visits: Arc::new(Semaphore::new(VISITS_RECORDED_MAX)),
            store,
            graph,
            posts,
            clock,
            settings,
        }
    }

    /// A page of what an account's timeline holds; makes the timeline when it is not there.
    pub(crate) async fn page(
        &self,
        context: &Context,
        account: AccountId,
        page: &Page,
    ) -> Result<PageSlice> {
        if let Some(part) = self.page_in_memory(account, page) {
            return Ok(part);
        }
        let _held = self.locks.hold(account).await;
        // The holder before may have done the work.
        if let Some(part) = self.page_in_memory(account, page) {
            return Ok(part);
        }
        let timeline = self.read_or_make(context, account).await?;
        Ok(timeline.page(page))
    }

    /// The graph and the posts as this account's timeline reads them.
    pub(crate) fn history<'a>(&'a self, context: &'a Context, reader: AccountId) -> History<'a> {
        History {
            graph: &*self.graph,
            posts: &*self.posts,
            context,
            reader,
        }
    }

    fn page_in_memory(&self, account: AccountId, page: &Page) -> Option<PageSlice> {
        let (part, slot) = self.memory.page(account, page)?;
        self.record_visit(account, slot);
        Some(part)
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
}
