//! What the calls, consumers and jobs share.

use std::sync::Arc;

use infra_kernel::Clock;

use crate::history::Sources;
use crate::merged::MergedAuthors;
use crate::store::Store;
use crate::timelines::Timelines;
use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) sources: Sources,
    pub(crate) timelines: Arc<Timelines>,
    pub(crate) merged: MergedAuthors,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

impl State {
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
        let sources = Sources { graph, posts };
        let timelines = Timelines::new(
            store.clone(),
            sources.clone(),
            Arc::clone(&clock),
            &settings,
        );
        Self {
            merged: MergedAuthors::new(store.clone()),
            timelines: Arc::new(timelines),
            store,
            sources,
            clock,
            settings,
        }
    }
}
