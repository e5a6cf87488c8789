//! The engagement domain.
//!
//! - An entry and its event are one transaction.
//!
//! It decides nothing about what anyone but the account itself may see. Start reading at
//! [`service`].

mod error;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;

use business_engagement_gateway::Engagement;
use infra_db::{Database, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, IdGenerator};

pub use settings::Settings;

use crate::service::EngagementService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec::new("engagement", "engagement.db", &MIGRATIONS);

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// What an operator may change.
    pub settings: Settings,
}

/// The engagement domain, ready to serve.
pub struct EngagementCore {
    state: Arc<State>,
}

impl EngagementCore {
    /// The domain over its dependencies.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            state: Arc::new(State::new(dependencies)),
        }
    }
}

/// It acts on no events and has no timers.
impl Domain for EngagementCore {
    type Gateway = dyn Engagement;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Engagement> {
        Arc::new(EngagementService::new(Arc::clone(&self.state)))
    }
}
