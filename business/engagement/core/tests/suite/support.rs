//! The domain over a database of its own.

use std::sync::Arc;
use std::time::Duration;

use business_engagement::{DATABASE, Dependencies, EngagementCore, Settings};
use business_engagement_gateway::{AddEntryRequest, Engagement, Entry, ListEntriesRequest};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{
    AccountId, Caller, CallerKey, Context, IdGenerator, Identity, Page, Result, SystemClock,
};
use tempfile::TempDir;

pub(crate) struct World {
    _folder: TempDir,
    pub(crate) database: Database,
    pub(crate) engagement: Arc<dyn Engagement>,
}

/// A call for somebody who signed in.
pub(crate) fn signed_in(account_id: u64) -> Context {
    let key = CallerKey::new(&[1; 32], Arc::new(SystemClock));
    by(key.mint(Identity {
        account_id: Some(AccountId::new(account_id)),
        ..Identity::default()
    }))
}

/// A call by this caller.
pub(crate) fn by(caller: Caller) -> Context {
    Context::background(Duration::from_secs(60)).with_caller(caller)
}

impl World {
    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DATABASE.file);
        let database = Database::open(&path, DATABASE.migrations).await.unwrap();
        let core = EngagementCore::new(Dependencies {
            database: database.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
            settings,
        });
        Self {
            _folder: folder,
            database,
            engagement: core.gateway(),
        }
    }

    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn add(&self, account_id: u64, text: &str) -> Result<Entry> {
        let text = text.to_owned();
        let request = AddEntryRequest { account_id, text };
        let context = signed_in(account_id);
        let reply = self.engagement.add_entry(&context, request).await?;
        Ok(reply.entry.unwrap())
    }

    pub(crate) async fn list(&self, account_id: u64, page: Page) -> Result<Vec<Entry>> {
        let request = ListEntriesRequest::new(AccountId::new(account_id), page);
        let context = signed_in(account_id);
        let reply = self.engagement.list_entries(&context, request).await?;
        Ok(reply.entries)
    }

    /// Topics and payloads in the order they were published.
    pub(crate) async fn events(&self) -> Vec<(String, Vec<u8>)> {
        sqlx::query_as("SELECT topic, payload FROM outbox ORDER BY position")
            .fetch_all(self.database.reader())
            .await
            .unwrap()
    }
}
