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

use infra_kernel::{AccountId, Clock, Context, Page};
use tokio::sync::Semaphore;

use crate::Settings;
use crate::error::Result;
use crate::history::Sources;
use crate::locks::AccountLocks;
use crate::memory::{Memory, PageSlice, Slot};
use crate::store::Store;

/// The most visits that are being recorded concurrently; one more is recorded with a later read
/// instead.
const VISITS_RECORDED_MAX: usize = 64;

/// The timelines that are kept.
pub(crate) struct Timelines {
    store: Store,
    sources: Sources,
    memory: Memory,
    locks: AccountLocks,
    visits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    /// The bound of a timeline.
    entries_max: usize,
}

impl Timelines {
    pub(crate) fn new(
        store: Store,
        sources: Sources,
        clock: Arc<dyn Clock>,
        settings: &Settings,
    ) -> Self {
        Self {
            store,
            sources,
            memory: Memory::new(settings.cached_timelines_max, settings.entries_max()),
            locks: AccountLocks::default(),
            visits: Arc::new(Semaphore::new(VISITS_RECORDED_MAX)),
            clock,
            entries_max: settings.entries_max(),
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
