//! The accounts domain: identities, passwords, sessions, OAuth applications and their tokens.
//!
//! It keeps of every secret only a hash, resolves whom a secret stands for on every request from a
//! cache that its own writes keep exact, and bounds how often anyone may guess. It does not decide
//! what a role or scope may do: surfaces and domains do, from the
//! [`Grant`](business_accounts_gateway::Grant). It does not check that a picture named in a profile
//! belongs to the account: the caller that composes the two domains does.
//!
//! Start reading at `service.rs`, which has one file for each group of calls below it.

mod error;
mod jobs;
mod limits;
mod passwords;
mod rules;
mod secret;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use business_accounts_gateway::Accounts;
use infra_db::{Database, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, IdGenerator, Result};
use infra_resilience::Limiter;
use tokio_util::sync::CancellationToken;

pub use settings::Settings;

use service::AccountsService;
use state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec {
    is_original: true,
    ..DatabaseSpec::new("accounts", "accounts.db", &MIGRATIONS).with_postgres(&POSTGRES_MIGRATIONS)
};

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// Who counts how often anyone tries.
    pub limiter: Arc<dyn Limiter>,
    /// Its part of the configuration.
    pub settings: Settings,
    /// What the place is called: its title and its domain. No password may be one of them.
    pub site_names: Vec<String>,
}

/// The accounts domain, ready to be called.
pub struct AccountsCore {
    state: Arc<State>,
}

impl AccountsCore {
    /// Puts the domain together.
    ///
    /// # Errors
    /// When a setting is out of bounds; the error names it.
    pub fn new(dependencies: Dependencies) -> Result<Self> {
        let state = Arc::new(State::new(dependencies)?);
        Ok(Self { state })
    }
}

/// It acts on no events.
#[async_trait]
impl Domain for AccountsCore {
    type Gateway = dyn Accounts;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Accounts> {
        Arc::new(AccountsService::new(Arc::clone(&self.state)))
    }

    /// Writes what accounts of before lack, and removes what has expired, at once and then
    /// regularly.
    async fn run_jobs(&self, stop: CancellationToken) {
        // In this order: the second runs until it is stopped.
        jobs::write_words::run(&self.state, &stop).await;
        jobs::remove_expired::run(&self.state, &stop).await;
    }
}
