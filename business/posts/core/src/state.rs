//! What every call shares, and reading posts through memory.

use std::collections::HashMap;
use std::sync::Arc;

use business_accounts_gateway::Accounts;
use business_media_gateway::Media;
use business_posts_gateway::{Post, PostHead};
use infra_cache::ExactCache;
use infra_db::{Database, DbError};
use infra_kernel::{AccountId, Clock, IdGenerator};

use crate::recent::Recent;
use crate::store::stats::Numbers;
use crate::store::{lists, posts};
use crate::{Dependencies, Settings};

/// How many authors' numbers are kept for each author whose posts are kept: they are small.
const NUMBERS_PER_AUTHOR: u64 = 5;

pub(crate) struct State {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<IdGenerator>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) media: Arc<dyn Media>,
    pub(crate) settings: Settings,
    /// Posts by id; none for an id that was looked for and is not there.
    pub(crate) posts: ExactCache<u64, Option<Arc<Post>>>,
    /// Each author's newest posts.
    pub(crate) recent: ExactCache<u64, Arc<Recent>>,
    /// Numbers by author; 0 for everyone's.
    pub(crate) numbers: ExactCache<u64, Numbers>,
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
            posts: ExactCache::bounded("posts.posts", settings.posts_cached_max.into()),
            recent: ExactCache::bounded("posts.recent", authors_max),
            numbers: ExactCache::bounded("posts.numbers", authors_max * NUMBERS_PER_AUTHOR),
            settings,
        }
    }

    /// A post by its id.
    pub(crate) async fn post(&self, id: u64) -> Result<Option<Arc<Post>>, DbError> {
        Ok(self.load(&[id]).await?.pop().flatten())
    }

    /// Posts by id, in the order asked.
    pub(crate) async fn load(&self, ids: &[u64]) -> Result<Vec<Option<Arc<Post>>>, DbError> {
        let mut known: Vec<_> = ids.iter().map(|id| self.posts.get(id)).collect();
        if known.contains(&None) {
            let unknown: Vec<u64> = ids
                .iter()
                .zip(&known)
                .filter_map(|(id, post)| post.is_none().then_some(*id))
                .collect();
            let read = self.read(&unknown).await?;
            for (id, post) in ids.iter().zip(&mut known) {
                if post.is_none() {
                    *post = Some(read.get(id).cloned());
                }
            }
        }
        Ok(known.into_iter().map(Option::flatten).collect())
    }

    async fn read(&self, ids: &[u64]) -> Result<HashMap<u64, Arc<Post>>, DbError> {
        let tickets: Vec<_> = ids.iter().map(|id| self.posts.ticket(id)).collect();
        let read: HashMap<_, _> = posts::get(&self.database, ids)
            .await?
            .into_iter()
            .map(|post| (post.id, Arc::new(post)))
            .collect();
        for (id, ticket) in ids.iter().zip(tickets) {
            self.posts.put(ticket, *id, read.get(id).cloned());
        }
        Ok(read)
    }

    /// The heads of these posts, in the order asked; what is not there is left out.
    pub(crate) async fn heads(&self, ids: &[u64]) -> Result<Vec<PostHead>, DbError> {
        let posts = self.load(ids).await?;
        Ok(posts.iter().flatten().map(|post| post.head()).collect())
    }

    /// An author's newest posts.
    pub(crate) async fn recent(&self, author: AccountId) -> Result<Arc<Recent>, DbError> {
        if let Some(recent) = self.recent.get(&author.get()) {
            return Ok(recent);
        }
        let ticket = self.recent.ticket(&author.get());
        let recent = Arc::new(lists::recent(&self.database, author).await?);
        self.recent.put(ticket, author.get(), Arc::clone(&recent));
        Ok(recent)
    }

    /// What memory holds of this post's author and of what it answers is behind: to be called after the post was
    /// published or deleted.
    pub(crate) fn neighbours_changed(&self, post: &Post) {
        self.recent.changed(&post.author_id);
        self.numbers.changed(&post.author_id);
        self.numbers.changed(&0);
        if post.in_reply_to_id != 0 {
            self.posts.changed(&post.in_reply_to_id);
        }
    }
}
