//! What every call shares, and reading posts through memory.

use std::collections::HashMap;
use std::sync::Arc;

use business_accounts_gateway::Accounts;
use business_media_gateway::Media;
use business_posts_gateway::{Post, PostHead, Visibility};
use infra_cache::{VersionedCache, WeightBound};
use infra_db::{Database, DbError};
use infra_kernel::{AccountId, Clock, IdGenerator};

use crate::recent::Recent;
use crate::reshared::Reshared;
use crate::store::stats::{self, AuthorNumbers, Numbers};
use crate::store::{followed_hashtags, lists, posts, public_hashtags, reshares};
use crate::{Dependencies, Settings};

/// How many authors' numbers are kept for each author whose posts are kept: they are small.
const NUMBERS_PER_AUTHOR: u64 = 5;

/// How many hashtags' newest posts are kept in memory as ids, up to 3 KB each.
const TAGS_CACHED_MAX: u64 = 2_000;
/// What an account costs that is known to follow no hashtag, and a name beside its text, in bytes.
const FOLLOWED_TAGS_BYTES: usize = 64;
const FOLLOWED_TAG_BYTES: usize = 32;
/// How much memory the followed hashtags of all accounts take, in bytes: those of 250,000 accounts
/// that follow none, or of some thousands that follow many.
const FOLLOWED_TAGS_BOUND: WeightBound<u64, Arc<[String]>> = WeightBound {
    total_max: 16 * 1_024 * 1_024,
    entry_max: 64 * 1_024,
    entry_typical: 200,
    weigh: |_, names| {
        let bytes = names.iter().map(|name| name.len() + FOLLOWED_TAG_BYTES);
        u32::try_from(FOLLOWED_TAGS_BYTES + bytes.sum::<usize>()).unwrap_or(u32::MAX)
    },
};

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) media: Arc<dyn Media>,
    pub(crate) settings: Settings,
    /// Posts and reshares by id; none for an id that was looked for and is not there.
    pub(crate) posts: VersionedCache<u64, Option<Arc<Post>>>,
    /// Each author's newest posts and reshares.
    pub(crate) recent: VersionedCache<u64, Arc<Recent>>,
    /// Each hashtag's newest public posts.
    pub(crate) recent_of_tags: VersionedCache<String, Arc<Recent>>,
    /// The hashtags that each account follows.
    pub(crate) followed_tags: VersionedCache<u64, Arc<[String]>>,
    /// What each account reshared last.
    pub(crate) reshared: VersionedCache<u64, Arc<Reshared>>,
    /// Numbers by author; 0 for everyone's.
    pub(crate) numbers: VersionedCache<u64, Numbers>,
}

impl State {
    pub(crate) fn new(dependencies: Dependencies) -> Self {
        let settings = dependencies.settings;
        let authors_max = u64::from(settings.authors_cached_max);
        Self {
            database: dependencies.database,
            clock: dependencies.clock,
            ids: dependencies.ids,
            accounts: dependencies.accounts,
            media: dependencies.media,
            posts: VersionedCache::bounded(settings.posts_cached_max.into()),
            recent: VersionedCache::bounded(authors_max),
            recent_of_tags: VersionedCache::bounded(TAGS_CACHED_MAX),
            followed_tags: VersionedCache::weighted(&FOLLOWED_TAGS_BOUND),
            reshared: VersionedCache::bounded(authors_max),
            numbers: VersionedCache::bounded(authors_max * NUMBERS_PER_AUTHOR),
            settings,
        }
    }

    /// A post or a reshare by its id.
    pub(crate) async fn post(&self, id: u64) -> Result<Option<Arc<Post>>, DbError> {
        Ok(self.load(&[id]).await?.pop().flatten())
    }

    /// Posts and reshares by id, in the order asked.
    pub(crate) async fn load(&self, ids: &[u64]) -> Result<Vec<Option<Arc<Post>>>, DbError> {
        let read = async |ids: Vec<u64>| -> Result<_, DbError> {
            let by_id = |post: Post| (post.id, Some(Arc::new(post)));
            let found = posts::get(&self.database, &ids).await?;
            let mut read: HashMap<_, _> = found.into_iter().map(by_id).collect();
            let others: Vec<u64> = ids
                .iter()
                .copied()
                .filter(|id| !read.contains_key(id))
                .collect();
            if !others.is_empty() {
                let found = reshares::get(&self.database, &others).await?;
                read.extend(found.into_iter().map(by_id));
            }
            for id in ids {
                // What is not there is worth knowing too.
                read.entry(id).or_default();
            }
            Ok(read)
        };
        let posts = self.posts.get_or_load_many(ids, read).await?;
        Ok(posts.into_iter().map(Option::flatten).collect())
    }

    /// The heads of these posts, in the order asked; what is not there is left out.
    pub(crate) async fn heads(&self, ids: &[u64]) -> Result<Vec<PostHead>, DbError> {
        let posts = self.load(ids).await?;
        Ok(posts.iter().flatten().map(|post| post.head()).collect())
    }

    /// An author's newest posts and reshares.
    pub(crate) async fn recent(&self, author: AccountId) -> Result<Arc<Recent>, DbError> {
        let read = async || -> Result<_, DbError> {
            Ok(Arc::new(lists::recent(&self.database, author).await?))
        };
        self.recent.get_or_load(&author.get(), read).await
    }

    /// A hashtag's newest public posts.
    pub(crate) async fn recent_of_tag(&self, name: &str) -> Result<Arc<Recent>, DbError> {
        let read = async || -> Result<_, DbError> {
            let recent = public_hashtags::recent(&self.database, name).await?;
            Ok(Arc::new(recent))
        };
        let name = name.to_owned();
        self.recent_of_tags.get_or_load(&name, read).await
    }

    /// The hashtags that an account follows, the latest first; no more than one may.
    pub(crate) async fn followed_tags(&self, account: AccountId) -> Result<Arc<[String]>, DbError> {
        let max = self.settings.followed_hashtags_max;
        let read = async || -> Result<_, DbError> {
            let names = followed_hashtags::names(&self.database, account, max).await?;
            Ok(names.into())
        };
        self.followed_tags.get_or_load(&account.get(), read).await
    }

    /// What an account reshared last.
    pub(crate) async fn reshared(&self, account: AccountId) -> Result<Arc<Reshared>, DbError> {
        let read = async || -> Result<_, DbError> {
            Ok(Arc::new(reshares::newest(&self.database, account).await?))
        };
        self.reshared.get_or_load(&account.get(), read).await
    }

    /// The numbers of these authors, in the order asked.
    pub(crate) async fn numbers(&self, authors: &[u64]) -> Result<Vec<Numbers>, DbError> {
        let read = async |ids: Vec<u64>| -> Result<_, DbError> {
            let mut numbers = stats::get(&self.database, &ids).await?;
            for id in ids {
                numbers.entry(id).or_default();
            }
            Ok(numbers)
        };
        let numbers = self.numbers.get_or_load_many(authors, read).await?;
        Ok(numbers.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// A post was published, and these are the numbers since: to be called when that is committed.
    pub(crate) fn post_published(&self, post: &Arc<Post>, numbers: &[AuthorNumbers]) {
        self.posts.write_through(post.id, Some(Arc::clone(post)));
        self.neighbours_changed(post);
        for (author, numbers) in numbers {
            self.numbers.write_through(*author, *numbers);
        }
    }

    /// A post was changed: to be called when that is committed.
    pub(crate) fn post_edited(&self, known: &Post, post: &Arc<Post>) {
        self.posts.write_through(post.id, Some(Arc::clone(post)));
        // Which have photos is part of what is kept of an author's posts and of a hashtag's.
        self.recent.invalidate(&post.author_id);
        self.tags_changed(known);
        self.tags_changed(post);
    }

    /// A post was deleted: to be called when that is committed.
    pub(crate) fn post_deleted(&self, post: &Post) {
        self.posts.write_through(post.id, None);
        self.neighbours_changed(post);
        // What they are now the deletion did not read.
        self.numbers.invalidate(&post.author_id);
        self.numbers.invalidate(&0);
    }

    /// A reshare was removed: to be called when that is committed.
    pub(crate) fn reshare_deleted(&self, reshare: &Post) {
        self.posts.write_through(reshare.id, None);
        self.neighbours_changed(reshare);
    }

    fn tags_changed(&self, post: &Post) {
        if post.visibility() == Visibility::Public {
            for tag in &post.tags {
                self.recent_of_tags.invalidate(&tag.name);
            }
        }
    }

    /// Invalidates what is cached of this post's author, of its hashtags, and of the post that it
    /// replies to or reshares.
    fn neighbours_changed(&self, post: &Post) {
        self.recent.invalidate(&post.author_id);
        self.tags_changed(post);
        // Its count of replies is part of what is kept of it.
        if post.in_reply_to_id != 0 {
            self.posts.invalidate(&post.in_reply_to_id);
        }
        if post.reshare_of_id != 0 {
            // So is its count of reshares.
            self.posts.invalidate(&post.reshare_of_id);
            self.reshared.invalidate(&post.author_id);
        }
    }
}
