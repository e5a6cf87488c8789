//! The engagement domain: who likes which post, how many do, and what each account has bookmarked.
//!
//! - A like, the count of its post and its event are one transaction. Bookmarks are counted and
//!   announced to nobody.
//! - Counts and a viewer's marks are asked for with every card of every feed, so they are served
//!   from memory ([`state`]), kept exact by this process's own writes. No other process writes this
//!   database.
//! - What is left of a post that was deleted is removed by a consumer of that event.
//!
//! It does not decide who may see a post, or who likes it. Start reading at [`service`].

mod consumers;
mod error;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;

use business_engagement_gateway::Engagement;
use business_posts_gateway::Posts;
use infra_bus::Consumer;
use infra_db::{Database, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, IdGenerator};

pub use settings::Settings;

use crate::service::EngagementService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec::new("engagement", "engagement.db", &MIGRATIONS)
    .with_postgres(&POSTGRES_MIGRATIONS);

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// Asked whether a post exists, and whose it is.
    pub posts: Arc<dyn Posts>,
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

/// It has no timers.
impl Domain for EngagementCore {
    type Gateway = dyn Engagement;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Engagement> {
        Arc::new(EngagementService::new(Arc::clone(&self.state)))
    }

    fn consumers(&self) -> Vec<Consumer> {
        vec![consumers::remove_deleted::consumer(&self.state)]
    }
}
