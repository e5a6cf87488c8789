//! How many like a post, what a viewer has marked, and lists of both.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use business_engagement_gateway::{
    GetCountsRequest, GetMarksRequest, ListBookmarksRequest, ListLikesOfAccountRequest,
    ListLikesOfPostRequest,
};
use business_posts_gateway::{GetResharedRequest, ListResharesRequest, PostId};
use infra_kernel::{AccountId, Context, Page, Result};

use super::{Listing, Reader};
use crate::card::{Marks, Person, Shown};
use crate::paging::Cursors;
use crate::rules::Place;

/// Likes of posts, and a viewer's marks, by the posts' ids.
#[derive(Default)]
pub(super) struct Engaged {
    likes: HashMap<u64, u64>,
    marks: HashMap<u64, Marks>,
    reshared: HashSet<u64>,
}

impl Engaged {
    /// How many like a post, and how the viewer has marked it.
    pub(super) fn of(&self, post: u64) -> (u64, Marks) {
        let likes = self.likes.get(&post).copied().unwrap_or_default();
        let marks = Marks {
            reshared: self.reshared.contains(&post),
            ..self.marks.get(&post).copied().unwrap_or_default()
        };
        (likes, marks)
    }
}

impl Reader {
    /// A page of the posts that the viewer likes, the latest like first.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn liked(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListLikesOfAccountRequest::new(viewer, page);
        let engagement = &self.gateways.engagement;
        let likes = engagement.list_likes_of_account(context, request).await?;
        let likes = likes.likes.iter().map(|like| (like.id, like.post_id));
        self.marked(context, viewer, likes.collect(), page).await
    }

    /// A page of the posts that the viewer has bookmarked, the latest bookmark first.
    ///
    /// # Errors
    /// When a domain is unavailable, or the context does not speak for the viewer.
    pub async fn bookmarked(
        &self,
        context: &Context,
        viewer: AccountId,
        page: Page,
    ) -> Result<Listing<Shown>> {
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListBookmarksRequest::new(viewer, page);
        let engagement = &self.gateways.engagement;
        let bookmarks = engagement.list_bookmarks(context, request).await?.bookmarks;
        let bookmarks = bookmarks.iter().map(|mark| (mark.id, mark.post_id));
        self.marked(context, viewer, bookmarks.collect(), page)
            .await
    }

    /// A page of those who like a post that the viewer may see, the latest first.
    ///
    /// # Errors
    /// `not_found` as for [`Self::post`].
    pub async fn likers(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        post: PostId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        let post = self.post(context, viewer, post).await?.original().head.id;
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListLikesOfPostRequest {
            post_id: post,
            page: Some(page.into()),
        };
        let engagement = &self.gateways.engagement;
        let likes = engagement.list_likes_of_post(context, request).await?.likes;
        let entries = likes.iter().map(|like| (like.id, like.account_id));
        let people = self.people_of(context, entries.collect(), page).await?;
        Ok(Listing {
            items: self.listed(context, viewer, people.items).await?,
            ..people
        })
    }

    /// A page of those who reshared a post that the viewer may see for everyone to see, the latest
    /// first.
    ///
    /// # Errors
    /// `not_found` as for [`Self::post`].
    pub async fn resharers(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        post: PostId,
        page: Page,
    ) -> Result<Listing<Arc<Person>>> {
        let post = self.post(context, viewer, post).await?.original().head.id;
        if page.limit == 0 {
            return Ok(Listing::empty());
        }
        let request = ListResharesRequest {
            post_id: post,
            page: Some(page.into()),
        };
        let heads = self
            .gateways
            .posts
            .list_reshares(context, request)
            .await?
            .heads;
        let entries = heads.iter().map(|head| (head.id, head.author_id));
        let people = self.people_of(context, entries.collect(), page).await?;
        Ok(Listing {
            items: self.listed(context, viewer, people.items).await?,
            ..people
        })
    }

    /// Posts by the ids of marks and of what they mark. A list of marks is in their order, so the
    /// cursors are the marks' ids, and those whose post has gone or has become hidden from the
    /// viewer are skipped.
    async fn marked(
        &self,
        context: &Context,
        viewer: AccountId,
        marks: Vec<(u64, u64)>,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let (ids, posts): (Vec<u64>, Vec<u64>) = marks.into_iter().unzip();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self
                .posts_in(Place::Direct, context, Some(viewer), posts)
                .await?,
        })
    }

    /// What is known of these posts beside their cards.
    pub(super) async fn engaged(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        posts: Vec<u64>,
    ) -> Result<Engaged> {
        if posts.is_empty() {
            return Ok(Engaged::default());
        }
        let (likes, marks, reshared) = tokio::try_join!(
            self.likes(context, posts.clone()),
            self.marks(context, viewer, posts.clone()),
            self.reshared(context, viewer, posts),
        )?;
        Ok(Engaged {
            likes,
            marks,
            reshared,
        })
    }

    async fn likes(&self, context: &Context, post_ids: Vec<u64>) -> Result<HashMap<u64, u64>> {
        let request = GetCountsRequest { post_ids };
        let engagement = &self.gateways.engagement;
        let counts = engagement.get_counts(context, request).await?.counts;
        let counts = counts.iter().map(|count| (count.post_id, count.likes));
        Ok(counts.collect())
    }

    async fn marks(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        post_ids: Vec<u64>,
    ) -> Result<HashMap<u64, Marks>> {
        let Some(viewer) = viewer else {
            return Ok(HashMap::new());
        };
        let viewer_id = viewer.get();
        let request = GetMarksRequest {
            viewer_id,
            post_ids,
        };
        let engagement = &self.gateways.engagement;
        let marks = engagement.get_marks(context, request).await?.marks;
        let marks = marks.into_iter().map(|mark| {
            let marks = Marks {
                liked: mark.liked,
                bookmarked: mark.bookmarked,
                reshared: false,
                pinned: false,
            };
            (mark.post_id, marks)
        });
        Ok(marks.collect())
    }

    async fn reshared(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        post_ids: Vec<u64>,
    ) -> Result<HashSet<u64>> {
        let Some(viewer) = viewer else {
            return Ok(HashSet::new());
        };
        let request = GetResharedRequest {
            account_id: viewer.get(),
            post_ids,
        };
        let posts = &self.gateways.posts;
        let reshared = posts.get_reshared(context, request).await?;
        Ok(reshared.post_ids.into_iter().collect())
    }
}
