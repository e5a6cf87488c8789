//! A graph over a database of its own, and the accounts it asks for.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::{
    AccountHead, GetAccountHeadsReply, GetAccountHeadsRequest, ProfileChanged,
};
use business_graph::{DATABASE, Dependencies, GraphCore, Settings};
use business_graph_gateway::{
    FollowRequest, GetRelationshipsRequest, GetStatsRequest, Graph, Relationship, UnfollowRequest,
};
use infra_bus::Event;
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{Clock, Context, IdGenerator, Result, SystemClock};
use prost::Message;
use tempfile::TempDir;
use testing_stubs::{Stub, StubAccounts};

/// Accounts 1 to this one are there.
pub(crate) const ACCOUNTS: u64 = 200_000;

/// As many accounts as are asked for.
#[derive(Default)]
pub(crate) struct NumberedAccounts {
    /// Those who decide about each follower.
    pub(crate) locked: Mutex<BTreeSet<u64>>,
}

#[async_trait]
impl StubAccounts for NumberedAccounts {
    async fn get_account_heads(
        &self,
        _: &Context,
        request: GetAccountHeadsRequest,
    ) -> Result<GetAccountHeadsReply> {
        let known = request.ids.into_iter();
        let known = known.filter(|id| (1..=ACCOUNTS).contains(id));
        let locked = self.locked.lock().unwrap();
        let heads = known.map(|id| AccountHead {
            id,
            revision: 1,
            locked: locked.contains(&id),
        });
        Ok(GetAccountHeadsReply {
            heads: heads.collect(),
        })
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) graph: Arc<dyn Graph>,
    pub(crate) accounts: Arc<NumberedAccounts>,
    core: GraphCore,
}

pub(crate) fn context() -> Context {
    Context::background(Duration::from_secs(60))
}

/// A graph as another process would open it: with nothing in memory.
pub(crate) async fn open(folder: &Path, settings: Settings) -> (Database, Arc<dyn Graph>) {
    let database = testing_databases::open(&DATABASE, folder).await;
    let graph = over(database.clone(), settings);
    (database, graph)
}

/// The same over a database that is open.
pub(crate) fn over(database: Database, settings: Settings) -> Arc<dyn Graph> {
    at(Arc::new(SystemClock), database, settings)
}

/// The same where every account decides about each follower.
pub(crate) fn locked_over(database: Database, settings: Settings) -> Arc<dyn Graph> {
    let accounts = Arc::new(NumberedAccounts {
        locked: Mutex::new((1..=ACCOUNTS).collect()),
    });
    core_at(Arc::new(SystemClock), database, settings, &accounts).gateway()
}

/// The same by this clock.
pub(crate) fn at(clock: Arc<dyn Clock>, database: Database, settings: Settings) -> Arc<dyn Graph> {
    core_at(clock, database, settings, &Arc::default()).gateway()
}

fn core_at(
    clock: Arc<dyn Clock>,
    database: Database,
    settings: Settings,
    accounts: &Arc<NumberedAccounts>,
) -> GraphCore {
    GraphCore::new(Dependencies {
        database,
        clock,
        ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
        accounts: Stub::of(accounts),
        settings,
    })
}

impl World {
    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = testing_databases::open(&DATABASE, folder.path()).await;
        let accounts = Arc::default();
        let core = core_at(Arc::new(SystemClock), database.clone(), settings, &accounts);
        Self {
            folder,
            database,
            graph: core.gateway(),
            accounts,
            core,
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
            with_filters: false,
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

    /// Locks an account or unlocks it, and hands on the event of that.
    pub(crate) async fn lock(&self, account_id: u64, is_locked: bool) {
        if is_locked {
            self.accounts.locked.lock().unwrap().insert(account_id);
        } else {
            self.accounts.locked.lock().unwrap().remove(&account_id);
        }
        let changed = ProfileChanged {
            account_id,
            revision: 2,
        };
        let topic = business_accounts_gateway::topics::PROFILE_CHANGED;
        self.deliver(topic, account_id, &changed).await;
    }

    /// Hands an event to those who take its topic, as the bus does.
    pub(crate) async fn deliver(&self, topic: &'static str, key: u64, payload: &impl Message) {
        let ids = IdGenerator::new(1, Arc::new(SystemClock));
        let event = Event::new(&context(), &ids, topic, key, payload);
        let consumers = self.core.consumers().into_iter();
        let mut taking = consumers
            .filter(|consumer| consumer.subscription.topics.contains(&topic))
            .peekable();
        assert!(taking.peek().is_some(), "nobody takes {topic}");
        for consumer in taking {
            consumer.handler.handle(&context(), &event).await.unwrap();
        }
    }

    /// Topics and payloads in the order they were published.
    pub(crate) async fn events(&self) -> Vec<(String, Vec<u8>)> {
        infra_db::query("SELECT topic, payload FROM outbox ORDER BY position")
            .fetch_all(self.database.reader())
            .await
            .unwrap()
    }
}
