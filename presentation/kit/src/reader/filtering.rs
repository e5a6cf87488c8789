//! The filters with which a viewer reads.

use std::sync::Arc;

use business_graph_gateway::GetReadingFiltersRequest;
use infra_kernel::{AccountId, Context, Result};

use super::Reader;
use crate::filters::ViewerFilters;

impl Reader {
    /// A viewer's filters, ready to be compared with posts; none when they have none. The revision
    /// is the one that the graph has told with how the viewer stands to others: who has no filters
    /// costs no call.
    pub(super) async fn filters(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        revision: u64,
    ) -> Result<Option<Arc<ViewerFilters>>> {
        let Some(viewer) = viewer.filter(|_| revision != 0) else {
            return Ok(None);
        };
        let owner_id = viewer.get();
        let known = self.filters.get(&owner_id);
        if let Some(known) = known.filter(|known| known.revision == revision) {
            return Ok(Some(known));
        }
        let request = GetReadingFiltersRequest { owner_id };
        let graph = &self.gateways.graph;
        let reply = graph.get_reading_filters(context, request).await?;
        let filters = Arc::new(ViewerFilters::new(reply.revision, reply.filters));
        // No lock keeps an older one from replacing a newer one that was made meanwhile: it would
        // be found outdated by its revision at the next read, and made again.
        self.filters.insert(owner_id, Arc::clone(&filters));
        Ok(Some(filters))
    }
}
