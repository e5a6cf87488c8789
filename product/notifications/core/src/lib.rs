//! The notifications domain: what accounts are told of, and how far they have read.
//!
//! - A read model of other domains' events ([`consumers`]): likes, follows, posts that mention or
//!   reply, new posts. It asks the graph who wants to be told of the latter and, where an account's
//!   policy distinguishes them, how two accounts stand to each other; of posts it asks what a
//!   direct one replies to. An event that comes twice, or after the one that takes it back, is
//!   recognised by what was heard before, which is noted in the transaction of the effect.
//! - What an account's policy holds is kept apart from what it was told, until it accepts it.
//! - What was dismissed, the policies and the markers are the account's own and can be made from
//!   nothing else: the database is not one that may be thrown away.
//! - What an account is told is put into the queue of its push subscriptions in the same
//!   transaction. Who sends it claims it there, and says what became of it ([`service`], `push`).
//! - It announces what it has told whom, for those who listen at that moment.
//!
//! It does not decide who may see the post or the account that a notification is about. Start
//! reading at [`consumers`], then [`service`].

mod consumers;
mod error;
mod jobs;
mod push;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::Accounts;
use business_graph_gateway::Graph;
use business_posts_gateway::Posts;
use infra_bus::Consumer;
use infra_db::{Database, DbError, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, Error, IdGenerator};
use product_notifications_gateway::Notifications;
use tokio_util::sync::CancellationToken;

pub use settings::Settings;

use crate::service::NotificationsService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec =
    DatabaseSpec::new("notifications", "notifications.db", &MIGRATIONS)
        .with_postgres(&POSTGRES_MIGRATIONS);

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// Which sessions have not ended.
    pub accounts: Arc<dyn Accounts>,
    /// Who wants to be told of each post of whom, and how accounts stand to one another.
    pub graph: Arc<dyn Graph>,
    /// What direct posts reply to.
    pub posts: Arc<dyn Posts>,
    /// How long it is remembered what was heard: well beyond the time for which the bus keeps
    /// events and delivers them again.
    pub heard_for: Duration,
    /// What an operator may change.
    pub settings: Settings,
    /// Where push services may be.
    pub outbound: infra_outbound::Settings,
    /// Whom push services may write to: `mailto:` or an address on the web.
    pub push_contact: String,
}

/// The notifications domain, ready to serve.
pub struct NotificationsCore {
    state: Arc<State>,
}

impl NotificationsCore {
    /// The domain over its dependencies.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            state: Arc::new(State::new(dependencies)),
        }
    }

    /// One round of what [`Domain::run_jobs`] does again and again: forgets what was heard so long
    /// ago that it cannot come again. Returns how much that was.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget(&self) -> Result<u64, DbError> {
        jobs::forget(&self.state).await
    }

    /// The same of what waits too long for push services, and of subscriptions whose sessions have
    /// ended. Returns how much that was.
    ///
    /// # Errors
    /// When the database cannot be written, or the accounts cannot be asked.
    pub async fn forget_pushes(&self) -> Result<u64, Error> {
        jobs::push::forget(&self.state).await
    }
}

#[async_trait]
impl Domain for NotificationsCore {
    type Gateway = dyn Notifications;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Notifications> {
        Arc::new(NotificationsService::new(Arc::clone(&self.state)))
    }

    fn consumers(&self) -> Vec<Consumer> {
        consumers::all(&self.state)
    }

    async fn run_jobs(&self, stop: CancellationToken) {
        jobs::run(&self.state, &stop).await;
    }
}
