//! The domain over a database of its own, and the posts it asks for.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use business_engagement::{DATABASE, Dependencies, EngagementCore, Settings};
use business_engagement_gateway::{
    BookmarkRequest, Engagement, GetCountsRequest, GetMarksRequest, LikeReply, LikeRequest,
    ListBookmarksRequest, ListLikesOfAccountRequest, ListLikesOfPostRequest, PostBookmark,
    PostLike, UnbookmarkRequest, UnlikeReply, UnlikeRequest,
};
use business_posts_gateway::{GetPostHeadsReply, GetPostHeadsRequest, PostHead};
use infra_db::Database;
use infra_domain::Domain as _;
use infra_kernel::{
    AccountId, Caller, CallerKey, Context, IdGenerator, Identity, Page, Result, SystemClock,
};
use tempfile::TempDir;
use testing_stubs::{Stub, StubPosts};

/// Posts 1 to this one are there, but for those that are deleted.
pub(crate) const POSTS: u64 = 1_000;
/// Whose they all are.
pub(crate) const AUTHOR: u64 = 900;

/// As many posts as are asked for.
#[derive(Default)]
pub(crate) struct NumberedPosts {
    pub(crate) deleted: Mutex<HashSet<u64>>,
}

#[async_trait]
impl StubPosts for NumberedPosts {
    async fn get_post_heads(
        &self,
        _: &Context,
        request: GetPostHeadsRequest,
    ) -> Result<GetPostHeadsReply> {
        let deleted = self.deleted.lock().unwrap();
        let known = request.ids.into_iter();
        let known = known.filter(|id| (1..=POSTS).contains(id) && !deleted.contains(id));
        let heads = known.map(|id| PostHead {
            id,
            author_id: AUTHOR,
            ..PostHead::default()
        });
        Ok(GetPostHeadsReply {
            heads: heads.collect(),
        })
    }
}

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) database: Database,
    pub(crate) posts: Arc<NumberedPosts>,
    pub(crate) core: EngagementCore,
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

async fn open(
    folder: &Path,
    posts: &Arc<NumberedPosts>,
    settings: Settings,
) -> (Database, EngagementCore) {
    let database = testing_databases::open(&DATABASE, folder).await;
    let core = over(database.clone(), posts, settings);
    (database, core)
}

/// The same over a database that is open.
pub(crate) fn over(
    database: Database,
    posts: &Arc<NumberedPosts>,
    settings: Settings,
) -> EngagementCore {
    EngagementCore::new(Dependencies {
        database,
        clock: Arc::new(SystemClock),
        ids: Arc::new(IdGenerator::new(0, Arc::new(SystemClock))),
        posts: Stub::of(posts),
        settings,
    })
}

impl World {
    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let posts = Arc::new(NumberedPosts::default());
        let (database, core) = open(folder.path(), &posts, settings).await;
        let engagement = core.gateway();
        Self {
            folder,
            database,
            posts,
            core,
            engagement,
        }
    }

    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// The same database with nothing in memory.
    pub(crate) async fn restarted(self) -> Self {
        self.database.close().await;
        let (database, core) = open(self.folder.path(), &self.posts, Settings::default()).await;
        let engagement = core.gateway();
        Self {
            database,
            core,
            engagement,
            ..self
        }
    }

    pub(crate) async fn like(&self, account_id: u64, post_id: u64) -> Result<LikeReply> {
        let request = LikeRequest {
            account_id,
            post_id,
        };
        let context = signed_in(account_id);
        self.engagement.like(&context, request).await
    }

    pub(crate) async fn unlike(&self, account_id: u64, post_id: u64) -> Result<UnlikeReply> {
        let request = UnlikeRequest {
            account_id,
            post_id,
        };
        let context = signed_in(account_id);
        self.engagement.unlike(&context, request).await
    }

    pub(crate) async fn bookmark(&self, account_id: u64, post_id: u64) -> Result<bool> {
        let request = BookmarkRequest {
            account_id,
            post_id,
        };
        let context = signed_in(account_id);
        let reply = self.engagement.bookmark(&context, request).await;
        Ok(reply?.created)
    }

    pub(crate) async fn unbookmark(&self, account_id: u64, post_id: u64) -> Result<bool> {
        let request = UnbookmarkRequest {
            account_id,
            post_id,
        };
        let context = signed_in(account_id);
        let reply = self.engagement.unbookmark(&context, request).await;
        Ok(reply?.removed)
    }

    pub(crate) async fn likes_of_post(&self, post_id: u64, page: Page) -> Result<Vec<PostLike>> {
        let request = ListLikesOfPostRequest {
            post_id,
            page: Some(page.into()),
        };
        let context = by(Caller::anonymous());
        let reply = self.engagement.list_likes_of_post(&context, request).await;
        Ok(reply?.likes)
    }

    pub(crate) async fn likes_of(&self, account: u64, page: Page) -> Result<Vec<PostLike>> {
        let request = ListLikesOfAccountRequest::new(AccountId::new(account), page);
        let context = signed_in(account);
        let reply = self.engagement.list_likes_of_account(&context, request);
        Ok(reply.await?.likes)
    }

    pub(crate) async fn bookmarks_of(&self, account: u64, page: Page) -> Result<Vec<PostBookmark>> {
        let request = ListBookmarksRequest::new(AccountId::new(account), page);
        let context = signed_in(account);
        let reply = self.engagement.list_bookmarks(&context, request).await?;
        Ok(reply.bookmarks)
    }

    /// How many like each post.
    pub(crate) async fn counts(&self, post_ids: &[u64]) -> Vec<u64> {
        let request = GetCountsRequest {
            post_ids: post_ids.to_vec(),
        };
        let context = by(Caller::anonymous());
        let reply = self.engagement.get_counts(&context, request).await.unwrap();
        let asked = reply.counts.iter().map(|counts| counts.post_id);
        assert!(asked.eq(post_ids.iter().copied()));
        reply.counts.iter().map(|counts| counts.likes).collect()
    }

    /// Whether the viewer likes each post, and has bookmarked it.
    pub(crate) async fn marks(&self, viewer_id: u64, post_ids: &[u64]) -> Vec<(bool, bool)> {
        let request = GetMarksRequest {
            viewer_id,
            post_ids: post_ids.to_vec(),
        };
        let context = signed_in(viewer_id);
        let reply = self.engagement.get_marks(&context, request).await;
        let marks = reply.unwrap().marks;
        let asked = marks.iter().map(|marks| marks.post_id);
        assert!(asked.eq(post_ids.iter().copied()));
        let marks = marks.iter().map(|marks| (marks.liked, marks.bookmarked));
        marks.collect()
    }

    /// Topics and payloads in the order they were published.
    pub(crate) async fn events(&self) -> Vec<(String, Vec<u8>)> {
        infra_db::query("SELECT topic, payload FROM outbox ORDER BY position")
            .fetch_all(self.database.reader())
            .await
            .unwrap()
    }

    /// What such a query counts in the database.
    pub(crate) async fn number(&self, query: &'static str) -> i64 {
        let number = infra_db::query_scalar(query).fetch_one(self.database.reader());
        number.await.unwrap()
    }
}
