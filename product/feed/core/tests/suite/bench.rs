//! A feed to try things on.

use std::ops::Range;
use std::sync::Arc;

use infra_bus::{Consumer, Event, HandlerError};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{Clock, Page};
use infra_redis::Redis;
use product_feed::{DATABASE, Dependencies, FeedCore, LIBRARY, Settings};
use product_feed_gateway::{Feed, GetHomeRequest, RebuildHomeRequest};
use tempfile::TempDir;
use testing_databases::RedisDatabase;
use testing_stubs::Stub;

use crate::world::{World, context};

/// A feed on a database of its own.
pub(crate) struct Bench {
    pub(crate) world: Arc<World>,
    pub(crate) core: Arc<FeedCore>,
    pub(crate) feed: Arc<dyn Feed>,
    pub(crate) database: Database,
    /// Where timelines are kept, if not in the database.
    pub(crate) redis: Option<RedisDatabase>,
    settings: Settings,
    folder: TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// On what this run is about.
    pub(crate) async fn with(settings: Settings) -> Self {
        Self::on(testing_databases::redis(), settings).await
    }

    pub(crate) async fn on(redis: Option<RedisDatabase>, settings: Settings) -> Self {
        Self::over(World::new(), redis, settings).await
    }

    /// A feed of its own on the same posts and follows as others.
    pub(crate) async fn over(
        world: Arc<World>,
        redis: Option<RedisDatabase>,
        settings: Settings,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (core, database) = open(&folder, &world, redis.as_ref(), &settings).await;
        Self {
            redis,
            feed: core.gateway(),
            world,
            core: Arc::new(core),
            database,
            settings,
            folder,
        }
    }

    /// Without Redis, on a database that is open.
    pub(crate) async fn at(database: Database, world: Arc<World>) -> Self {
        let settings = Settings::default();
        let core = compose(database.clone(), &world, None, &settings).await;
        Self {
            redis: None,
            feed: core.gateway(),
            world,
            core: Arc::new(core),
            database,
            settings,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Stops the feed and opens it again on the same database: what was held in memory is gone.
    pub(crate) async fn restart(&mut self) {
        self.database.close().await;
        let redis = self.redis.as_ref();
        let (core, database) = open(&self.folder, &self.world, redis, &self.settings).await;
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

    /// Handles an event. A busy machine may keep Redis from replying in time; then it is handled
    /// again, as the bus does.
    pub(crate) async fn handle(&self, event: &Event) {
        let tries = if self.redis.is_some() { 5 } else { 1 };
        for _ in 1..tries {
            match self.try_handle(event).await {
                Err(HandlerError::Unavailable(_)) => {}
                handled => return handled.unwrap(),
            }
        }
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

    /// The feed of another process over the same databases.
    pub(crate) async fn another(&self) -> Arc<dyn Feed> {
        let redis = self.redis.as_ref();
        let core = compose(self.database.clone(), &self.world, redis, &self.settings);
        core.await.gateway()
    }

    /// Whether an account's timeline is kept, complete or not.
    pub(crate) async fn is_kept(&self, account: u64) -> bool {
        match &self.redis {
            Some(redis) => {
                let name = format!("home:{}", lua_bytes(account));
                // Its state is one of those of a timeline that is kept: see `feed.lua`.
                redis.run(&format!(
                    "local state = redis.call('ZRANGE', \"{name}\", 0, 0)[1]
                    return (state and string.byte(state, 26) ~= 3) and 1 or 0"
                )) == 1
            }
            None => self.recorded_visit(account).await.is_some(),
        }
    }

    /// Empties Redis, if timelines are there.
    pub(crate) fn flush(&self) {
        if let Some(redis) = &self.redis {
            redis.ask(&["FLUSHDB"]);
        }
    }

    /// How many timelines hold a post.
    pub(crate) async fn holding(&self, post: u64) -> u64 {
        if let Some(redis) = &self.redis {
            let post = lua_bytes(!post);
            let count = redis.run(&format!(
                "local count = 0
                for _, key in ipairs(redis.call('KEYS', 'home:*')) do
                    local from, to = \"[{post}\", \"({post}\" .. string.rep('\\255', 17)
                    count = count + redis.call('ZLEXCOUNT', key, from, to)
                end
                return count"
            ));
            return count.unsigned_abs();
        }
        let rows: i64 = infra_db::query_scalar("SELECT COUNT(*) FROM timeline WHERE post_id = $1")
            .bind(post.cast_signed())
            .fetch_one(self.database.reader())
            .await
            .unwrap();
        rows.cast_unsigned()
    }

    /// How many posts an account's timeline holds.
    pub(crate) async fn held_by(&self, account: u64) -> i64 {
        if let Some(redis) = &self.redis {
            let name = format!("home:{}", lua_bytes(account));
            return redis.run(&format!(
                "return redis.call('ZLEXCOUNT', \"{name}\", '[\\128', '+')"
            ));
        }
        infra_db::query_scalar("SELECT COUNT(*) FROM timeline WHERE account_id = $1")
            .bind(account.cast_signed())
            .fetch_one(self.database.reader())
            .await
            .unwrap()
    }

    /// Has timelines of these accounts kept that are whole and hold nothing, as if they had read
    /// when the account did whose timeline they are like.
    pub(crate) async fn keep(&self, accounts: Range<u64>, like: u64) {
        if let Some(redis) = &self.redis {
            let (from, to) = (accounts.start, accounts.end - 1);
            let like = format!("home:{}", lua_bytes(like));
            // The state of a timeline, as `feed.lua` says.
            redis.run(&format!(
                "local life = string.sub(redis.call('ZRANGE', \"{like}\", 0, 0)[1], 2, 17)
                local state = '\\0' .. life .. string.rep('m', 8) .. '\\1' .. string.rep('\\255', 8) .. '\\0'
                for account = {from}, {to} do
                    redis.call('ZADD', 'home:' .. struct.pack('>I8', account), 0, state)
                end
                return 0"
            ));
            return;
        }
        let accounts = infra_db::json_ids(accounts.map(u64::cast_signed));
        let now = self.world.clock.as_ref() as &dyn Clock;
        let now = now.now().microseconds();
        let kept = self
            .database
            .write::<_, infra_db::DbError, _>(move |connection| {
                Box::pin(async move {
                    infra_db::query(
                        "INSERT INTO timeline_state SELECT value, $2, TRUE, 0 FROM json_each($1)",
                    )
                    .bind(accounts)
                    .bind(now)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            });
        kept.await.unwrap();
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

/// Eight bytes as Lua has them between double quotes.
fn lua_bytes(number: u64) -> String {
    let bytes = number.to_be_bytes();
    bytes.iter().map(|byte| format!("\\{byte:03}")).collect()
}

async fn open(
    folder: &TempDir,
    world: &Arc<World>,
    redis: Option<&RedisDatabase>,
    settings: &Settings,
) -> (FeedCore, Database) {
    let database = testing_databases::open(&DATABASE, folder.path()).await;
    let core = compose(database.clone(), world, redis, settings).await;
    (core, database)
}

async fn compose(
    database: Database,
    world: &Arc<World>,
    redis: Option<&RedisDatabase>,
    settings: &Settings,
) -> FeedCore {
    let redis = match redis {
        Some(redis) => Some(Redis::open(&redis.url(), &[LIBRARY]).await.unwrap()),
        None => None,
    };
    let core = FeedCore::open(Dependencies {
        database,
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        ids: Arc::clone(&world.ids),
        graph: Stub::of(world),
        posts: Stub::of(world),
        redis,
        settings: settings.clone(),
    });
    core.await.unwrap()
}
