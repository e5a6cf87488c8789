//! Typed views of the messages.

use business_media_gateway::MediaId;
use infra_kernel::{AccountId, ApplicationId, Page, Timestamp};

use crate::PostId;
use crate::text::{Entity, EntityKind, entities, hashtag_name};
use crate::{
    AuthorStats, GetPostHeadsRequest, GetPostsRequest, ListByAuthorsRequest, ListPublicRequest,
    Mention, Post, PostHead, Tag,
};

impl Post {
    /// Which post it is; later ones have larger ids.
    #[must_use]
    pub const fn post(&self) -> PostId {
        PostId::new(self.id)
    }

    /// The account that wrote it.
    #[must_use]
    pub const fn author(&self) -> AccountId {
        AccountId::new(self.author_id)
    }

    /// What it replies to; that may be deleted by now.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<PostId> {
        (self.in_reply_to_id != 0).then(|| PostId::new(self.in_reply_to_id))
    }

    /// Whom it replies to.
    #[must_use]
    pub fn in_reply_to_author(&self) -> Option<AccountId> {
        (self.in_reply_to_author_id != 0).then(|| AccountId::new(self.in_reply_to_author_id))
    }

    /// The post that it reshares.
    #[must_use]
    pub fn reshare_of(&self) -> Option<PostId> {
        (self.reshare_of_id != 0).then(|| PostId::new(self.reshare_of_id))
    }

    /// With which application it was written; none for the web page.
    #[must_use]
    pub fn application(&self) -> Option<ApplicationId> {
        (self.application_id != 0).then(|| ApplicationId::new(self.application_id))
    }

    /// Its photos, in the order of the album.
    pub fn media(&self) -> impl ExactSizeIterator<Item = MediaId> {
        self.media_ids.iter().copied().map(MediaId::new)
    }

    /// When it was published.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        Timestamp::from_microseconds(self.created_at_us)
    }

    /// When it was last changed, if ever.
    #[must_use]
    pub fn edited_at(&self) -> Option<Timestamp> {
        (self.edited_at_us != 0).then(|| Timestamp::from_microseconds(self.edited_at_us))
    }

    /// What the rules and caches need of it.
    #[must_use]
    pub fn head(&self) -> PostHead {
        PostHead {
            id: self.id,
            author_id: self.author_id,
            revision: self.revision,
            visibility: self.visibility,
            mentioned_ids: self.mentions.iter().map(|it| it.account_id).collect(),
            has_media: !self.media_ids.is_empty(),
            in_reply_to_id: self.in_reply_to_id,
            in_reply_to_author_id: self.in_reply_to_author_id,
            replies_count: self.replies_count,
            reshare_of_id: self.reshare_of_id,
            reshare_of_author_id: self.reshare_of_author_id,
            reshares_count: self.reshares_count,
            pinned: self.pinned_at_us != 0,
        }
    }
}

impl PostHead {
    /// The post whose head it is.
    #[must_use]
    pub const fn post(&self) -> PostId {
        PostId::new(self.id)
    }

    /// The account that wrote it.
    #[must_use]
    pub const fn author(&self) -> AccountId {
        AccountId::new(self.author_id)
    }

    /// What it replies to; that may be deleted by now.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<PostId> {
        (self.in_reply_to_id != 0).then(|| PostId::new(self.in_reply_to_id))
    }

    /// The post that it reshares.
    #[must_use]
    pub fn reshare_of(&self) -> Option<PostId> {
        (self.reshare_of_id != 0).then(|| PostId::new(self.reshare_of_id))
    }

    /// Whether it mentions this account.
    #[must_use]
    pub fn is_mentioned(&self, account: AccountId) -> bool {
        self.mentioned_ids.contains(&account.get())
    }
}

impl Mention {
    /// The account that is mentioned.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        AccountId::new(self.account_id)
    }
}

impl Tag {
    /// The hashtags of a text, in its order, each once.
    #[must_use]
    pub fn all_of(text: &str) -> Vec<Self> {
        // Most texts have none, and every post that is read is asked.
        if !text.contains(['#', '＃']) {
            return Vec::new();
        }
        Self::among(&entities(text, ""))
    }

    /// The hashtags among the entities of a text, each once.
    #[must_use]
    pub fn among(entities: &[Entity<'_>]) -> Vec<Self> {
        let mut tags: Vec<Self> = Vec::new();
        for entity in entities {
            let EntityKind::Hashtag { written } = entity.kind else {
                continue;
            };
            let name = hashtag_name(written);
            // At most HASHTAGS_MAX, so looking through them is cheap.
            if tags.iter().all(|tag| tag.name != name) {
                let written = written.to_owned();
                tags.push(Self { name, written });
            }
        }
        tags
    }
}

impl AuthorStats {
    /// When the author last posted, if ever.
    #[must_use]
    pub fn last_posted_at(&self) -> Option<Timestamp> {
        (self.last_posted_at_us != 0).then(|| Timestamp::from_microseconds(self.last_posted_at_us))
    }
}

impl GetPostsRequest {
    /// A request for these posts.
    #[must_use]
    pub fn new(posts: impl IntoIterator<Item = PostId>) -> Self {
        Self {
            ids: posts.into_iter().map(PostId::get).collect(),
        }
    }
}

impl GetPostHeadsRequest {
    /// The heads of these posts.
    #[must_use]
    pub fn new(posts: impl IntoIterator<Item = PostId>) -> Self {
        Self {
            ids: posts.into_iter().map(PostId::get).collect(),
        }
    }
}

impl ListByAuthorsRequest {
    /// A page of what these authors posted.
    #[must_use]
    pub fn new(authors: impl IntoIterator<Item = AccountId>, page: Page) -> Self {
        Self {
            author_ids: authors.into_iter().map(AccountId::get).collect(),
            page: Some(page.into()),
        }
    }
}

impl ListPublicRequest {
    /// A page of the public posts.
    #[must_use]
    pub fn new(page: Page, only_media: bool) -> Self {
        Self {
            page: Some(page.into()),
            only_media,
        }
    }
}
