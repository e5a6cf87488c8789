//! The posts domain: posts, albums, comments (a comment is a post that replies to another),
//! mentions, hashtags and conversations.
//!
//! - A post, its mentions, its hashtags, the counts it changes, its idempotency key and its event
//!   are one transaction.
//! - Posts change seldom, so reads come from memory: posts by id, and each author's newest ids.
//!   Both are kept exact by this process's own writes. No other process writes this database.
//! - What a post said before it was changed is kept beside it, and goes with it. A change counts
//!   only on the revision that it was made for.
//! - Media is attached right after the commit, and again for certain by a consumer of our own
//!   event.
//!
//! It does not decide who may see what: it returns heads, and callers filter them. It keeps text as
//! it was written. Start reading at [`service`], then [`state`].

mod consumers;
mod error;
mod jobs;
mod media;
mod recent;
mod reshared;
mod service;
mod settings;
mod state;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use business_accounts_gateway::Accounts;
use business_media_gateway::Media;
use business_posts_gateway::Posts;
use infra_bus::Consumer;
use infra_db::{Database, Migrator};
use infra_domain::{DatabaseSpec, Domain};
use infra_kernel::{Clock, IdGenerator};
use tokio_util::sync::CancellationToken;

pub use settings::Settings;

use crate::service::PostsService;
use crate::state::State;

/// The tables of this domain.
pub static MIGRATIONS: Migrator = infra_db::migrations!("./migrations");

/// The same tables in PostgreSQL. A change is written for both engines; a test of the program
/// compares what they come to.
pub static POSTGRES_MIGRATIONS: Migrator = infra_db::migrations!("./migrations/postgres");

/// The database of this domain.
pub static DATABASE: DatabaseSpec = DatabaseSpec {
    is_original: true,
    ..DatabaseSpec::new("posts", "posts.db", &MIGRATIONS).with_postgres(&POSTGRES_MIGRATIONS)
};

/// What the domain stands on.
pub struct Dependencies {
    /// Its own database, opened with [`MIGRATIONS`].
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<IdGenerator>,
    /// Asked who is mentioned.
    pub accounts: Arc<dyn Accounts>,
    /// Asked for the photos of a post, and told that they are shown.
    pub media: Arc<dyn Media>,
    /// What an operator may change.
    pub settings: Settings,
}

/// The posts domain, ready to serve.
pub struct PostsCore {
    state: Arc<State>,
}

impl PostsCore {
    /// The domain over its dependencies.
    #[must_use]
    pub fn new(dependencies: Dependencies) -> Self {
        Self {
            state: Arc::new(State::new(dependencies)),
        }
    }
}

#[async_trait]
impl Domain for PostsCore {
    type Gateway = dyn Posts;

    const DATABASE: &'static DatabaseSpec = &DATABASE;

    fn gateway(&self) -> Arc<dyn Posts> {
        Arc::new(PostsService::new(Arc::clone(&self.state)))
    }

    /// Its own events, to attach and release media, and to remove the reshares of what is deleted.
    fn consumers(&self) -> Vec<Consumer> {
        vec![
            consumers::attach_media::consumer(&self.state),
            consumers::edit_media::consumer(&self.state),
            consumers::release_media::consumer(&self.state),
            consumers::remove_reshares::consumer(&self.state),
        ]
    }

    async fn run_jobs(&self, stop: CancellationToken) {
        tokio::join!(
            jobs::sweep_idempotency_keys::run(&self.state, &stop),
            jobs::backfill_hashtags::run(&self.state, &stop),
        );
    }
}
