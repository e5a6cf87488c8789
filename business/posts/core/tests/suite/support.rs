//! Posts over a database of its own, and the accounts and media it asks for.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use business_accounts_gateway::{Account, FindLocalAccountsRequest, GetAccountsReply};
use business_media_gateway::{
    AttachReply, AttachRequest, DescribeMediaReply, DescribeMediaRequest, GetMediaReply,
    GetMediaRequest, MediaItem, MediaState, ReleaseReply, ReleaseRequest,
};
use business_posts::{DATABASE, Dependencies, MIGRATIONS, PostsCore, Settings};
use business_posts_gateway::*;
use infra_bus::{Event, HandlerError};
use infra_db::{Database, DbError, Migrator};
use infra_domain::Domain as _;
use infra_kernel::{
    Context, Error, ErrorCode, IdGenerator, ManualClock, Result, SystemClock, Timestamp,
};
use tempfile::TempDir;
use testing_stubs::{Stub, StubAccounts, StubMedia};

/// The most events that a test reads from the outbox.
const EVENTS_MAX: usize = 10_000;

/// Accounts with names, which can only be found.
#[derive(Default)]
pub(crate) struct NamedAccounts(pub(crate) Mutex<Vec<(u64, &'static str)>>);

#[async_trait]
impl StubAccounts for NamedAccounts {
    async fn find_local_accounts(
        &self,
        _: &Context,
        request: FindLocalAccountsRequest,
    ) -> Result<GetAccountsReply> {
        assert!(request.usernames.len() <= 100);
        let wanted = request.usernames.iter();
        let wanted: Vec<String> = wanted.map(|name| name.to_lowercase()).collect();
        let known = self.0.lock().unwrap();
        let found = known
            .iter()
            .filter(|(_, name)| wanted.contains(&name.to_lowercase()));
        let accounts = found.map(|(id, name)| Account {
            id: *id,
            username: (*name).into(),
            ..Default::default()
        });
        // In no particular order.
        Ok(GetAccountsReply {
            accounts: accounts.rev().collect(),
        })
    }
}

/// An album's photos, without bytes, which can only be found, held and released.
#[derive(Default)]
pub(crate) struct Album {
    pub(crate) items: Mutex<HashMap<u64, MediaItem>>,
    /// Who holds what.
    pub(crate) holders: Mutex<HashMap<String, HashSet<u64>>>,
    /// Attaching fails as if the media domain could not be reached.
    pub(crate) is_down: AtomicBool,
}

impl Album {
    pub(crate) fn add(&self, id: u64, owner_id: u64, state: MediaState) -> u64 {
        let item = MediaItem {
            id,
            owner_id,
            state: state.into(),
            failure: "The file is cut off.".into(),
            ..Default::default()
        };
        self.items.lock().unwrap().insert(id, item);
        id
    }

    pub(crate) fn held_by(&self, post: u64) -> Vec<u64> {
        let holders = self.holders.lock().unwrap();
        let held = holders.get(&format!("post:{post}"));
        let mut ids: Vec<u64> = held.into_iter().flatten().copied().collect();
        ids.sort_unstable();
        ids
    }
}

#[async_trait]
impl StubMedia for Album {
    async fn get_media(&self, _: &Context, request: GetMediaRequest) -> Result<GetMediaReply> {
        let items = self.items.lock().unwrap();
        let found = request.ids.iter().filter_map(|id| items.get(id).cloned());
        Ok(GetMediaReply {
            items: found.collect(),
        })
    }

    async fn describe_media(
        &self,
        _: &Context,
        request: DescribeMediaRequest,
    ) -> Result<DescribeMediaReply> {
        let mut items = self.items.lock().unwrap();
        let holders = self.holders.lock().unwrap();
        let held = holders.get(&request.holder);
        let mut changed = false;
        for change in request.changes {
            let Some(item) = items.get_mut(&change.id) else {
                continue;
            };
            assert_eq!(item.owner_id, request.owner_id);
            assert!(!item.attached || held.is_some_and(|held| held.contains(&change.id)));
            let before = item.clone();
            item.description = change.description.unwrap_or(item.description.clone());
            item.focus_x = change.focus_x.unwrap_or(item.focus_x);
            item.focus_y = change.focus_y.unwrap_or(item.focus_y);
            changed |= before != *item;
        }
        Ok(DescribeMediaReply { changed })
    }

    async fn attach(&self, _: &Context, request: AttachRequest) -> Result<AttachReply> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorCode::Unavailable, "The media are away."));
        }
        let mut items = self.items.lock().unwrap();
        for id in &request.ids {
            let item = items.get_mut(id).ok_or_else(|| Error::not_found("media"))?;
            assert_eq!(item.owner_id, request.owner_id);
            item.attached = true;
        }
        let mut holders = self.holders.lock().unwrap();
        holders
            .entry(request.holder)
            .or_default()
            .extend(request.ids);
        Ok(AttachReply {})
    }

    async fn release(&self, _: &Context, request: ReleaseRequest) -> Result<ReleaseReply> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorCode::Unavailable, "The media are away."));
        }
        let mut holders = self.holders.lock().unwrap();
        let mut released = holders.remove(&request.holder).unwrap_or_default();
        if !request.ids.is_empty() {
            let stay = released.extract_if(|id| !request.ids.contains(id));
            let stay: HashSet<u64> = stay.collect();
            holders.insert(request.holder, stay);
        }
        let mut items = self.items.lock().unwrap();
        let still_held = |id: &u64| holders.values().any(|held| held.contains(id));
        let gone: Vec<u64> = released.into_iter().filter(|id| !still_held(id)).collect();
        for id in &gone {
            let item = items.remove(id);
            assert!(item.is_none_or(|item| item.owner_id == request.owner_id));
        }
        Ok(ReleaseReply {
            deleted: gone.len() as u32,
        })
    }
}

/// Makes a database as it was after so many migrations, with what these statements put into it.
pub(crate) async fn fill_old(path: &Path, migrations: usize, statements: &'static str) {
    let before: Vec<_> = MIGRATIONS.iter().take(migrations).cloned().collect();
    let old = Database::open(path, &Migrator::with_migrations(before))
        .await
        .unwrap();
    old.write(move |connection| {
        Box::pin(async move {
            for statement in statements.split_inclusive("; ") {
                infra_db::query(statement).execute(&mut *connection).await?;
            }
            Ok::<_, DbError>(())
        })
    })
    .await
    .unwrap();
    old.close().await;
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) accounts: Arc<NamedAccounts>,
    pub(crate) album: Arc<Album>,
    pub(crate) core: Arc<PostsCore>,
    pub(crate) posts: Arc<dyn Posts>,
}

pub(crate) fn context() -> Context {
    Context::background(Duration::from_secs(60))
}

pub(crate) fn text(author_id: u64, text: &str) -> CreatePostRequest {
    CreatePostRequest {
        author_id,
        text: text.into(),
        ..Default::default()
    }
}

pub(crate) fn reply_to(author_id: u64, in_reply_to_id: u64) -> CreatePostRequest {
    CreatePostRequest {
        in_reply_to_id,
        ..text(author_id, "an answer")
    }
}

pub(crate) fn photos(author_id: u64, media_ids: &[u64]) -> CreatePostRequest {
    CreatePostRequest {
        media_ids: media_ids.to_vec(),
        ..text(author_id, "")
    }
}

async fn open(
    folder: &Path,
    clock: &Arc<ManualClock>,
    accounts: &Arc<NamedAccounts>,
    album: &Arc<Album>,
    settings: Settings,
) -> (Database, Arc<PostsCore>) {
    let database = testing_databases::open(&DATABASE, folder).await;
    let core = over(database.clone(), clock, accounts, album, settings);
    (database, core)
}

/// The same over a database that is open.
pub(crate) fn over(
    database: Database,
    clock: &Arc<ManualClock>,
    accounts: &Arc<NamedAccounts>,
    album: &Arc<Album>,
    settings: Settings,
) -> Arc<PostsCore> {
    Arc::new(PostsCore::new(Dependencies {
        database,
        clock: clock.clone(),
        ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
        accounts: Stub::of(accounts),
        media: Stub::of(album),
        settings,
    }))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::over(tempfile::tempdir().unwrap(), settings).await
    }

    /// Over what a folder holds already.
    pub(crate) async fn over(folder: TempDir, settings: Settings) -> Self {
        let start = Timestamp::from_milliseconds(1_800_000_000_000);
        let clock = Arc::new(ManualClock::at(start));
        let (accounts, album) = (Arc::default(), Arc::default());
        let (database, core) = open(folder.path(), &clock, &accounts, &album, settings).await;
        let posts = core.gateway();
        Self {
            folder,
            database,
            clock,
            accounts,
            album,
            core,
            posts,
        }
    }

    /// The same disk, met by a process with nothing in memory.
    pub(crate) async fn restart(&mut self) {
        self.database.close().await;
        let settings = Settings::default();
        let (clock, accounts, album) = (&self.clock, &self.accounts, &self.album);
        let opened = open(self.folder.path(), clock, accounts, album, settings).await;
        (self.database, self.core) = opened;
        self.posts = self.core.gateway();
    }

    pub(crate) async fn create(&self, request: CreatePostRequest) -> Result<Post> {
        let reply = self.posts.create_post(&context(), request).await?;
        assert!(reply.created);
        Ok(reply.post.unwrap())
    }

    pub(crate) async fn delete(&self, author_id: u64, post_id: u64) -> Result<Post> {
        let request = DeletePostRequest { author_id, post_id };
        self.posts.delete_post(&context(), request).await
    }

    pub(crate) async fn get(&self, id: u64) -> Option<Post> {
        let request = GetPostsRequest { ids: vec![id] };
        let reply = self.posts.get_posts(&context(), request).await.unwrap();
        reply.posts.into_iter().next()
    }

    pub(crate) async fn heads(&self, ids: Vec<u64>) -> Vec<PostHead> {
        let request = GetPostHeadsRequest { ids };
        let reply = self.posts.get_post_heads(&context(), request).await;
        reply.unwrap().heads
    }

    pub(crate) async fn author_stats(&self, author: u64) -> AuthorStats {
        let request = GetAuthorStatsRequest {
            author_ids: vec![author],
        };
        let reply = self.posts.get_author_stats(&context(), request).await;
        reply.unwrap().stats[0]
    }

    /// How many posts an author has, and when the last one was.
    pub(crate) async fn stats(&self, author: u64) -> (u64, i64) {
        let stats = self.author_stats(author).await;
        (stats.posts, stats.last_posted_at_us)
    }

    pub(crate) async fn count(&self) -> u64 {
        let reply = self
            .posts
            .count_posts(&context(), CountPostsRequest {})
            .await;
        reply.unwrap().posts
    }

    /// What is in the outbox, in order.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let read = infra_bus::outbox::read(&self.database, EVENTS_MAX).await;
        read.unwrap().events
    }

    /// Hands an event to its subscribers, as the bus would.
    pub(crate) async fn deliver(&self, event: &Event) -> Result<(), HandlerError> {
        for consumer in self.core.consumers() {
            if consumer.subscription.topics.contains(&event.topic.as_str()) {
                consumer.handler.handle(&context(), event).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn rows(&self, table: &'static str) -> i64 {
        let statement = infra_db::SqlText::assembled(&format!("SELECT COUNT(*) FROM {table}"));
        infra_db::query_scalar(statement)
            .fetch_one(self.database.reader())
            .await
            .unwrap()
    }
}
