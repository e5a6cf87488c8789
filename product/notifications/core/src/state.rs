//! What every call and every consumer shares.

use std::sync::Arc;
use std::time::Duration;

use infra_db::Database;
use infra_kernel::{Clock, IdGenerator, Timestamp};

use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) heard_for: Duration,
    pub(crate) settings: Settings,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            heard_for: dependencies.heard_for,
            settings: dependencies.settings,
        }
    }

    /// What was heard before this is forgotten.
    pub(crate) fn heard_since(&self, now: Timestamp) -> Timestamp {
        let heard_for = i64::try_from(self.heard_for.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_microseconds(now.microseconds().saturating_sub(heard_for))
    }
}
