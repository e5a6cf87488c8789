//! What the calls, consumers and jobs share.

use std::sync::Arc;

use infra_kernel::Clock;

use crate::error::Result;
use crate::history::Sources;
use crate::kept::{KeptTimelines, RedisTimelines, TableTimelines};
use crate::merged::MergedAuthors;
use crate::store::Store;
use crate::timelines::Timelines;
use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) sources: Sources,
    pub(crate) timelines: Arc<Timelines>,
    pub(crate) merged: Arc<MergedAuthors>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

impl State {
    pub(crate) async fn open(dependencies: Dependencies) -> Result<Self> {
        let Dependencies {
            database,
            clock,
            ids: _,
            graph,
            posts,
            redis,
            settings,
        } = dependencies;
        let store = Store::new(database);
        let sources = Sources { graph, posts };
        let kept: Arc<dyn KeptTimelines> = match redis {
            Some(redis) => Arc::new(RedisTimelines::new(store.clone(), redis, &settings)),
            None => {
                let clock = Arc::clone(&clock);
                Arc::new(TableTimelines::open(store.clone(), clock, &settings).await?)
            }
        };
        let merged = Arc::new(MergedAuthors::new(store.clone()));
        let timelines = Timelines::new(kept, sources.clone(), Arc::clone(&merged), &settings);
        Ok(Self {
            merged,
            timelines: Arc::new(timelines),
            store,
            sources,
            clock,
            settings,
        })
    }
}
