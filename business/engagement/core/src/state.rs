//! What every call and consumer shares, and reading counts and marks through memory.

use std::collections::HashMap;
use std::sync::Arc;

use business_posts_gateway::{GetPostHeadsRequest, PostHead, Posts};
use infra_cache::VersionedCache;
use infra_db::{Database, DbError};
use infra_kernel::{Clock, Context, IdGenerator};

use crate::error::EngagementError;
use crate::store::{self, bookmarks, counts, likes};
use crate::{Dependencies, Settings};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    posts: Arc<dyn Posts>,
    /// How many like a post.
    counts: VersionedCache<u64, u64>,
    /// What a viewer has made of a post, by both.
    marks: VersionedCache<(u64, u64), Marks>,
}

/// What a viewer has made of a post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) is_liked: bool,
    pub(crate) is_bookmarked: bool,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        let Settings {
            counts_cached_max,
            marks_cached_max,
        } = dependencies.settings;
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            posts: dependencies.posts,
            counts: VersionedCache::bounded(counts_cached_max.into()),
            marks: VersionedCache::bounded(marks_cached_max.into()),
        }
    }

    /// The post of this id. It may be deleted before what follows is written: then a mark stays
    /// that belongs to nothing, which no list shows, as the post has no head any more.
    pub(crate) async fn require_post(
        &self,
        context: &Context,
        id: u64,
    ) -> Result<PostHead, EngagementError> {
        let request = GetPostHeadsRequest { ids: vec![id] };
        let reply = self.posts.get_post_heads(context, request).await?;
        reply
            .heads
            .into_iter()
            .next()
            // A reshare is liked and kept as what it shows.
            .filter(|head| head.reshare_of().is_none())
            .ok_or(EngagementError::NoPost)
    }

    /// How many like each of these posts, in the order asked.
    pub(crate) async fn counts(&self, posts: &[u64]) -> Result<Vec<u64>, DbError> {
        let read = async |ids: Vec<u64>| -> Result<_, DbError> {
            let mut counts = counts::get(&self.database, &ids).await?;
            for id in ids {
                // A post that nobody likes has no row, and that is worth knowing too.
                counts.entry(id).or_default();
            }
            Ok(counts)
        };
        // None is missing: `read` returns every id that it was asked for.
        let counts = self.counts.get_or_load_many(posts, read).await?;
        Ok(counts.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// What a viewer has made of each of these posts, in the order asked.
    pub(crate) async fn marks(&self, viewer: u64, posts: &[u64]) -> Result<Vec<Marks>, DbError> {
        let pairs: Vec<_> = posts.iter().map(|post| (viewer, *post)).collect();
        let read = async |pairs: Vec<(u64, u64)>| -> Result<_, DbError> {
            let ids: Vec<u64> = pairs.iter().map(|(_, post)| *post).collect();
            let (liked, bookmarked) = tokio::try_join!(
                store::among(&self.database, likes::AMONG, viewer, &ids),
                store::among(&self.database, bookmarks::AMONG, viewer, &ids),
            )?;
            let marks = |pair: (u64, u64)| {
                let marks = Marks {
                    is_liked: liked.contains(&pair.1),
                    is_bookmarked: bookmarked.contains(&pair.1),
                };
                (pair, marks)
            };
            Ok(pairs.into_iter().map(marks).collect::<HashMap<_, _>>())
        };
        let marks = self.marks.get_or_load_many(&pairs, read).await?;
        Ok(marks.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// A post has so many likes now: to be called when that is committed, in the order of the
    /// commits.
    pub(crate) fn count_changed(&self, post: u64, likes: u64) {
        self.counts.write_through(post, likes);
    }

    /// An account likes a post or not any more, which has so many likes now: to be called when that
    /// is committed, in the order of the commits.
    pub(crate) fn like_changed(&self, account: u64, post: u64, likes: u64) {
        self.count_changed(post, likes);
        self.marks_changed(account, post);
    }

    /// An account has marked a post or not any more: to be called when that is committed.
    pub(crate) fn marks_changed(&self, account: u64, post: u64) {
        // Only forgotten: the write knows one of the two marks, and the entry holds both.
        self.marks.invalidate(&(account, post));
    }
}
