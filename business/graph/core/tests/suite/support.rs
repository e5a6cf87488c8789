//! A graph over a database of its own, and the accounts it asks for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::{AccountHead, GetAccountHeadsReply, GetAccountHeadsRequest};
use business_graph::{DATABASE, Dependencies, GraphCore, Settings};
use business_graph_gateway::{
    FollowRequest, GetRelationshipsRequest, GetStatsRequest, Graph, Relationship, UnfollowRequest,
};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{Context, IdGenerator, Result, SystemClock};
use tempfile::TempDir;
use testing_stubs::{Stub, StubAccounts};

/// Accounts 1 to this one are there.
pub(crate) const ACCOUNTS: u64 = 200_000;

/// As many accounts as are asked for.
pub(crate) struct NumberedAccounts;

#[async_trait]
impl StubAccounts for NumberedAccounts {
    async fn get_account_heads(
        &self,
        _: &Context,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        let known = request.ids.into_iter();
        let known = known.filter(|id| (1..=ACCOUNTS).contains(id));
        let heads = known.map(|id| AccountHead { id, revision: 1 }).collect();
        Ok(GetAccountHeadsReply { heads })
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) graph: Arc<dyn Graph>,
}

pub(crate) fn context() -> Context {
    Context::background(Duration::from_secs(60))
}

/// A graph as another process would open it: with nothing in memory.
pub(crate) async fn open(folder: &Path, settings: Settings) -> (Database, Arc<dyn Graph>) {
    let database = testing_databases::open(&DATABASE, folder).await;
    let core = GraphCore::new(Dependencies {
        database: database.clone(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
        accounts: Stub::of(&Arc::new(NumberedAccounts)),
        settings,
    });
    assert!(core.consumers().is_empty());
    (database, core.gateway())
}

impl World {
    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (database, graph) = open(folder.path(), settings).await;
        Self {
            folder,
            database,
            graph,
        }
    }

    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn follow(&self, follower_id: u64, followee_id: u64) -> Result<bool> {
        let request = FollowRequest {
            follower_id,
            followee_id,
            show_reblogs: None,
            notify: None,
        };
        Ok(self.graph.follow(&context(), request).await?.created)
    }

    pub(crate) async fn unfollow(&self, follower_id: u64, followee_id: u64) {
        let request = UnfollowRequest {
            follower_id,
            followee_id,
        };
        self.graph.unfollow(&context(), request).await.unwrap();
    }

    pub(crate) async fn relationship(&self, viewer_id: u64, target: u64) -> Relationship {
        let request = GetRelationshipsRequest {
            viewer_id,
            target_ids: vec![target],
        };
        let reply = self.graph.get_relationships(&context(), request).await;
        reply.unwrap().relationships[0]
    }

    /// Followers and followed of an account.
    pub(crate) async fn stats(&self, account: u64) -> (u64, u64) {
        let request = GetStatsRequest {
            account_ids: vec![account],
        };
        let stats = self
            .graph
            .get_stats(&context(), request)
            .await
            .unwrap()
            .stats[0];
        (stats.followers, stats.following)
    }

    /// Topics and payloads in the order they were published.
    pub(crate) async fn events(&self) -> Vec<(String, Vec<u8>)> {
        infra_db::query("SELECT topic, payload FROM outbox ORDER BY position")
            .fetch_all(self.database.reader())
            .await
            .unwrap()
    }
}
