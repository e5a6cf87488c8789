//! What every call and every consumer shares.

use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::Accounts;
use business_graph_gateway::Graph;
use business_posts_gateway::Posts;
use infra_db::Database;
use infra_kernel::{Clock, IdGenerator, Timestamp};
use infra_webpush::ServerKey;
use tokio::sync::OnceCell;

use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) graph: Arc<dyn Graph>,
    pub(crate) posts: Arc<dyn Posts>,
    pub(crate) heard_for: Duration,
    pub(crate) settings: Settings,
    pub(crate) outbound: infra_outbound::Settings,
    pub(crate) push_contact: String,
    /// The key by which push services know this server, once it was read or made.
    pub(crate) push_key: OnceCell<ServerKey>,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            accounts: dependencies.accounts,
            graph: dependencies.graph,
            posts: dependencies.posts,
            heard_for: dependencies.heard_for,
            settings: dependencies.settings,
            outbound: dependencies.outbound,
            push_contact: dependencies.push_contact,
            push_key: OnceCell::new(),
        }
    }

    /// Whether what happened then may have been heard of, and that been forgotten.
    pub(crate) fn is_forgotten(&self, at_us: i64) -> bool {
        at_us < self.heard_since(self.clock.now()).microseconds()
    }

    /// What was heard before this is forgotten.
    pub(crate) fn heard_since(&self, now: Timestamp) -> Timestamp {
        let heard_for = i64::try_from(self.heard_for.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_microseconds(now.microseconds().saturating_sub(heard_for))
    }
}
