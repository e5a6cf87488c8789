//! What every call shares.

use std::sync::Arc;

use infra_db::Database;
use infra_kernel::{Clock, IdGenerator};

use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) settings: Settings,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            settings: dependencies.settings,
        }
    }
}
