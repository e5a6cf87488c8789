//! A feed to try things on.

use std::sync::Arc;

use infra_bus::{Consumer, Event, HandlerError};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{Clock, Page};
use product_feed::{DATABASE, Dependencies, FeedCore, Settings};
use product_feed_gateway::{Feed, GetHomeRequest, RebuildHomeRequest};
use tempfile::TempDir;
use testing_stubs::Stub;

use crate::world::{World, context};

/// A feed on a database of its own.
pub(crate) struct Bench {
    pub(crate) world: Arc<World>,
    pub(crate) core: Arc<FeedCore>,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) database: Database,
    settings: Settings,
    folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::new();
        let (core, database) = open(&folder, &world, &settings).await;
        Self {
            feed: core.gateway(),
            world,
            core: Arc::new(core),
            database,
            settings,
            folder,
        }
    }

    /// Stops the feed and opens it again on the same database: what was held in memory is gone.
    pub(crate) async fn restart(&mut self) {
        self.database.close().await;
        let (core, database) = open(&self.folder, &self.world, &self.settings).await;
        self.feed = core.gateway();
        self.core = Arc::new(core);
        self.database = database;
    }

    pub(crate) async fn try_handle(&self, event: &Event) -> Result<(), HandlerError> {
        let consumers = self.core.consumers();
        let takes =
            |consumer: &&Consumer| consumer.subscription.topics.contains(&event.topic.as_str());
        let consumer = consumers.iter().find(takes).unwrap();
        consumer.handler.handle(&context(), event).await
    }

    pub(crate) async fn handle(&self, event: &Event) {
        self.try_handle(event).await.unwrap();
    }

    pub(crate) async fn follow(&self, follower: u64, followee: u64) {
        self.handle(&self.world.follow(follower, followee)).await;
    }

    pub(crate) async fn unfollow(&self, follower: u64, followee: u64) {
        self.handle(&self.world.unfollow(follower, followee)).await;
    }

    pub(crate) async fn publish(&self, author: u64) -> u64 {
        let (post, event) = self.world.publish(author);
        self.handle(&event).await;
        post
    }

    pub(crate) async fn delete(&self, post: u64) {
        self.handle(&self.world.delete(post)).await;
    }

    pub(crate) async fn page(&self, reader: u64, page: Page) -> Vec<u64> {
        let request = GetHomeRequest {
            account_id: reader,
            page: Some(page.into()),
        };
        let reply = self.feed.get_home(&context(), request).await.unwrap();
        let posts = self.world.posts.lock().unwrap();
        for entry in &reply.entries {
            if let Some(post) = posts.get(&entry.post_id) {
                assert_eq!(post.author_id, entry.author_id, "an entry names its author");
            }
        }
        reply.entries.iter().map(|entry| entry.post_id).collect()
    }

    pub(crate) async fn home(&self, reader: u64) -> Vec<u64> {
        self.page(reader, Page::newest(40)).await
    }

    /// The whole timeline, page by page.
    pub(crate) async fn whole(&self, reader: u64, limit: u32) -> Vec<u64> {
        let mut whole = Vec::new();
        let mut page = Page::newest(limit);
        loop {
            let posts = self.page(reader, page).await;
            let Some(last) = posts.last() else {
                return whole;
            };
            page.before = *last;
            whole.extend(posts);
        }
    }

    pub(crate) async fn rebuild(&self, account: u64) -> u64 {
        let request = RebuildHomeRequest {
            account_id: account,
        };
        self.feed
            .rebuild_home(&context(), request)
            .await
            .unwrap()
            .count
    }

    /// When an account's last visit is recorded.
    pub(crate) async fn recorded_visit(&self, account: u64) -> Option<i64> {
        infra_db::query_scalar("SELECT last_read_at FROM timeline_state WHERE account_id = $1")
            .bind(account.cast_signed())
            .fetch_optional(self.database.reader())
            .await
            .unwrap()
    }
}

async fn open(folder: &TempDir, world: &Arc<World>, settings: &Settings) -> (FeedCore, Database) {
    let database = testing_databases::open(&DATABASE, folder.path()).await;
    let core = FeedCore::new(Dependencies {
        database: database.clone(),
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        ids: Arc::clone(&world.ids),
        graph: Stub::of(world),
        posts: Stub::of(world),
        settings: settings.clone(),
    });
    (core, database)
}
