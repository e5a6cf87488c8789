//! What every call shares.

use std::sync::Arc;

use business_accounts_gateway::Accounts;
use infra_cache::VersionedCache;
use infra_db::Database;
use infra_kernel::{Clock, IdGenerator};

use crate::known_filters::{self, FilterCache};
use crate::relationships::RelationshipCache;
use crate::store::stats::Counts;
use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) settings: Settings,
    pub(crate) relationships: RelationshipCache,
    pub(crate) counts: VersionedCache<u64, Counts>,
    pub(crate) filters: FilterCache,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        let settings = dependencies.settings;
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            accounts: dependencies.accounts,
            relationships: RelationshipCache::bounded(settings.relationships_cached_max as usize),
            counts: VersionedCache::bounded(settings.stats_cached_max.into()),
            filters: known_filters::cache_of(settings.filters_cached_bytes_max),
            settings,
        }
    }

    /// Invalidates what is cached of these two: to be called when a change of the follow between
    /// them is committed.
    pub(crate) fn follow_changed(&self, follower: u64, followee: u64) {
        self.relation_changed(follower, followee);
        self.counts.invalidate(&follower);
        self.counts.invalidate(&followee);
    }

    /// Invalidates how an owner of a list stands to these: to be called when it is committed that
    /// they are on it or are not, or what that means.
    pub(crate) fn list_changed(&self, owner: u64, members: &[u64]) {
        for member in members {
            self.relationships.invalidate(owner, *member);
        }
    }

    /// Invalidates how these two stand to one another.
    pub(crate) fn relation_changed(&self, one: u64, other: u64) {
        // Both ways: one of them follows or blocks, and the other is followed or blocked.
        self.relationships.invalidate(one, other);
        self.relationships.invalidate(other, one);
    }
}
