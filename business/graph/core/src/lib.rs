//! The graph domain: who follows whom, and how many; and what accounts want to see less of.
//!
//! - Follows and counts are stored together: one transaction changes both and publishes the event.
//! - How a viewer stands to authors is asked on every read of a feed, so it is served from memory
//!   ([`relationships`]), kept exact by this process's own writes. No other process writes this
//!   database.
//!
//! It does not know what accounts are beyond that they exist and whether they decide about each
//! follower, and decides nothing about what anyone
//! may see. Start reading at [`service`].

mod consumers;
mod error;
mod known_filters;
mod relationships;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;

use business_accounts_gateway::Accounts;
use business_graph_gateway::Graph;
use infra_bus::Consumer;
use infra_db::{Database, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, IdGenerator};

pub use settings::Settings;

use crate::service::GraphService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec {
    is_original: true,
    ..DatabaseSpec::new("graph", "graph.db", &MIGRATIONS).with_postgres(&POSTGRES_MIGRATIONS)
};

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// Asked whether an account exists, and decides about each follower.
    pub accounts: Arc<dyn Accounts>,
    /// What an operator may change.
    pub settings: Settings,
}

/// The graph domain, ready to serve.
pub struct GraphCore {
    state: Arc<State>,
}

impl GraphCore {
    /// The domain over its dependencies.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            state: Arc::new(State::new(dependencies)),
        }
    }
}

/// It has no timers.
impl Domain for GraphCore {
    type Gateway = dyn Graph;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Graph> {
        Arc::new(GraphService::new(Arc::clone(&self.state)))
    }

    /// Of accounts, to let in who asked once one decides no longer; of posts, to take those that
    /// were deleted out of filters.
    fn consumers(&self) -> Vec<Consumer> {
        vec![
            consumers::accept_requests::consumer(&self.state),
            consumers::remove_deleted::consumer(&self.state),
        ]
    }
}
