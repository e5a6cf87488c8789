//! The timelines that are kept, read and made.
//!
//! How they stay right: who may change an account's timeline as a whole (make it, take a followed
//! author in or out) holds the account's lock. A fan-out touches many accounts and holds no lock;
//! it reaches every timeline that is kept at the moment of its write, and the guards in the same
//! write refuse what ended since it began. To make a timeline is first to keep it, then to read the
//! posts: a post published in between is in one of the two, or in both, and stands once.

mod make;
mod reconcile_follow;

use std::sync::Arc;
use std::time::Duration;

use infra_kernel::{AccountId, Context, Page};
use infra_resilience::{AdmissionBounds, AdmissionControl, Permit};

use crate::Settings;
use crate::error::{FeedError, Result};
use crate::history::Sources;
use crate::kept::KeptTimelines;
use crate::locks::AccountLocks;
use crate::merged::MergedAuthors;
use crate::slice::PageSlice;

/// How many timelines are made concurrently, or read from the posts because they are not kept: when
/// all are lost at once, the domains that they are made from must not notice.
const MAKINGS: AdmissionBounds = AdmissionBounds {
    in_flight_max: 8,
    waiting_max: 1_000,
    wait_max: Duration::from_secs(5),
};

/// The same of timelines of lists, which are read from the posts each time: they take no turn of
/// those.
const LISTS: AdmissionBounds = AdmissionBounds {
    in_flight_max: 4,
    ..MAKINGS
};

/// The timelines that are kept.
pub(crate) struct Timelines {
    pub(crate) kept: Arc<dyn KeptTimelines>,
    sources: Sources,
    merged: Arc<MergedAuthors>,
    locks: AccountLocks,
    makings: Arc<AdmissionControl>,
    lists: Arc<AdmissionControl>,
    /// The bound of a timeline.
    entries_max: usize,
}

impl Timelines {
    pub(crate) fn new(
        kept: Arc<dyn KeptTimelines>,
        sources: Sources,
        merged: Arc<MergedAuthors>,
        settings: &Settings,
    ) -> Self {
        Self {
            kept,
            sources,
            merged,
            locks: AccountLocks::default(),
            makings: AdmissionControl::new(MAKINGS),
            lists: AdmissionControl::new(LISTS),
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
        if let Some(part) = self.kept.page_at_hand(account, page) {
            return Ok(part);
        }
        let _held = self.locks.hold(account).await;
        // The holder before may have done the work.
        if let Some(part) = self.kept.page_at_hand(account, page) {
            return Ok(part);
        }
        if let Some(part) = self.kept.page(account, page, false).await? {
            return Ok(part);
        }
        self.make(context, account, page).await
    }

    /// Waits for the right to do as much as a making does.
    pub(crate) async fn admit(&self) -> Result<Permit> {
        let admitted = self.makings.admit().await;
        admitted.map_err(FeedError::Overloaded)
    }

    /// Waits for the right to read the timeline of a list.
    pub(crate) async fn admit_list(&self) -> Result<Permit> {
        let admitted = self.lists.admit().await;
        admitted.map_err(FeedError::Overloaded)
    }
}
