//! Home timelines: a read model of the graph and the posts, kept by events, dropped and made again
//! at will.
//!
//! A timeline is kept for accounts that have been here recently. Posts are pushed into their
//! followers' timelines as they are published ([`consumers`]); authors with very many followers are
//! merged in when a timeline is read ([`service`]). A timeline that is not there, or no longer
//! whole, is made from the graph and the posts when it is next read ([`timelines`]). What lies
//! below a timeline's bound is read from the posts, so history has no end.
//!
//! It does not decide who may see a post: it returns a skeleton of ids, and the rules of the read
//! pipeline have the last word. It publishes no events, so it has no outbox; every effect may be
//! repeated, so it has no inbox.
//!
//! Start reading at [`service`], then [`timelines`].

mod audience;
mod consumers;
mod error;
mod followers;
mod history;
mod jobs;
mod kept;
mod locks;
mod memory;
mod merged;
mod service;
mod settings;
mod slice;
mod state;
mod store;
mod timelines;

use std::sync::Arc;

use async_trait::async_trait;
use business_graph_gateway::Graph;
use business_posts_gateway::Posts;
use infra_bus::Consumer;
use infra_db::{Database, Durability, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, IdGenerator};
use infra_redis::{Library, Redis};
use product_feed_gateway::Feed;
use tokio_util::sync::CancellationToken;

pub use kept::TidyReport;
pub use settings::Settings;

use crate::service::FeedService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec {
    is_read_model: true,
    durability: Durability::OnSync,
    has_outbox: false,
    is_original: true,
    ..DatabaseSpec::new("feed", "feed.db", &MIGRATIONS).with_postgres(&POSTGRES_MIGRATIONS)
};

/// The functions of this domain, for a server that keeps its timelines.
pub const LIBRARY: Library = kept::LIBRARY;

/// What the feed needs.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// Ids. The feed makes none yet; every domain is given the same.
    pub ids: Arc<IdGenerator>,
    /// Who follows whom.
    pub graph: Arc<dyn Graph>,
    /// The gateway of the posts domain.
    pub posts: Arc<dyn Posts>,
    /// Where timelines are kept, with [`LIBRARY`] on it; none for the database and this process.
    pub redis: Option<Redis>,
    /// The settings of this domain.
    pub settings: Settings,
}

/// The feed domain. Only one may be open on a database at a time: what it holds in memory is kept
/// exact by its own writes.
pub struct FeedCore {
    state: Arc<State>,
}

impl FeedCore {
    /// Puts the domain together; nothing runs yet.
    ///
    /// # Errors
    /// When the database cannot say where timelines were kept before.
    pub async fn open(dependencies: Dependencies) -> infra_kernel::Result<Self> {
        let state = State::open(dependencies).await?;
        Ok(Self {
            state: Arc::new(state),
        })
    }

    /// One round of what [`Domain::run_jobs`] does again and again.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn tidy(&self) -> infra_kernel::Result<TidyReport> {
        Ok(self.state.timelines.kept.tidy().await?)
    }
}

#[async_trait]
impl Domain for FeedCore {
    type Gateway = dyn Feed;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Feed> {
        Arc::new(FeedService::new(Arc::clone(&self.state)))
    }

    fn consumers(&self) -> Vec<Consumer> {
        consumers::all(&self.state)
    }

    /// Trims and drops timelines.
    async fn run_jobs(&self, stop: CancellationToken) {
        jobs::run(&self.state, &stop).await;
    }
}
