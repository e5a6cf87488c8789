//! The filters of accounts, in memory.
//!
//! Every page of posts asks whether its reader has filters, and most have none. So what is known of
//! an account is one entry, also when it is nothing.

use std::sync::Arc;

use business_graph_gateway::AccountFilter;
use infra_cache::{VersionedCache, WeightBound};

/// What an entry takes beside its filters, and each filter, keyword and post beside its text, in
/// bytes.
const OVERHEAD_BYTES: usize = 128;
/// The most that one entry takes, in bytes: as many filters, keywords and posts as an account may
/// have, with the longest texts.
const ENTRY_BYTES_MAX: u64 = 512 * 1024;

/// All filters of an account, with their keywords and posts.
#[derive(Debug)]
pub(crate) struct KnownFilters {
    /// Another one each time they are read from the database; 0 when there are none.
    pub(crate) revision: u64,
    pub(crate) filters: Vec<AccountFilter>,
    bytes: u32,
}

pub(crate) type FilterCache = VersionedCache<u64, Arc<KnownFilters>>;

pub(crate) fn cache_of(bytes_max: u32) -> FilterCache {
    VersionedCache::weighted(&WeightBound {
        total_max: bytes_max.into(),
        entry_max: ENTRY_BYTES_MAX,
        // More than that of an account without filters, so that little room is made in advance.
        entry_typical: 1_024,
        weigh: |_, known| known.bytes,
    })
}

impl KnownFilters {
    pub(crate) fn new(revision: u64, filters: Vec<AccountFilter>) -> Self {
        let bytes = OVERHEAD_BYTES + filters.iter().map(bytes_of).sum::<usize>();
        Self {
            revision: if filters.is_empty() { 0 } else { revision },
            filters,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }
}

fn bytes_of(filter: &AccountFilter) -> usize {
    let keywords = filter.keywords.iter();
    let keywords: usize = keywords.map(|one| OVERHEAD_BYTES + one.keyword.len()).sum();
    OVERHEAD_BYTES + filter.title.len() + keywords + OVERHEAD_BYTES * filter.posts.len()
}
