//! The moderation domain: reports of accounts and their posts, and the cases that they open.
//!
//! - A case is its events ([`history`]): who did what, when, on what evidence. They are only ever
//!   added; no statement changes or removes one.
//! - What a case is now, or was at any time, is folded from them by one function without a
//!   database.
//! - The list of cases is a read model beside the events, written in their transaction. It can be
//!   thrown away and made again ([`service`], `rebuild`).
//! - What a role may do with cases is decided in one place ([`rights`]).
//!
//! It does not decide who may see a post, and a case acts on nothing outside it yet: decisions
//! about accounts and posts are to become events of a case, on which other domains act. Of a
//! reported post it keeps that it was named, at which revision; never its text or photos. Start
//! reading at [`history`].

mod error;
mod history;
mod rights;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;

use business_accounts_gateway::Accounts;
use business_moderation_gateway::Moderation;
use business_posts_gateway::Posts;
use infra_db::{Database, DbError, Migrator};
use infra_domain::{DatabaseSpec, Domain, Finding};
use infra_kernel::{Clock, IdGenerator};

pub use settings::Settings;

use crate::service::ModerationService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec::new("moderation", "moderation.db", &MIGRATIONS)
    .with_postgres(&POSTGRES_MIGRATIONS);

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// Asked whether an account exists, and for its role.
    pub accounts: Arc<dyn Accounts>,
    /// Asked whether a post exists, and whose it is.
    pub posts: Arc<dyn Posts>,
    /// What an operator may change.
    pub settings: Settings,
}

/// The moderation domain, ready to serve.
pub struct ModerationCore {
    state: Arc<State>,
}

impl ModerationCore {
    /// The domain over its dependencies.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            state: Arc::new(State::new(dependencies)),
        }
    }
}

/// It acts on no events and has no timers.
#[async_trait::async_trait]
impl Domain for ModerationCore {
    type Gateway = dyn Moderation;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Moderation> {
        Arc::new(ModerationService::new(Arc::clone(&self.state)))
    }

    async fn check(database: &Database) -> Result<Vec<Finding>, DbError> {
        service::check(database).await
    }
}
