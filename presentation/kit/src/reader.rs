//! The read pipeline: skeleton (ids from a domain), rules (who may see what), hydrate (cards,
//! cached and shared), and then the surface presents.

mod as_it_happens;
mod cases;
mod direct_conversations;
mod engagement;
mod filtering;
mod listing;
mod notification_groups;
mod notification_requests;
mod notifications;
mod people;
mod timelines;
mod top_level;
mod visible;

use std::collections::HashMap;

use business_graph_gateway::{ACCOUNTS_MAX, GetRelationshipsRequest, Relationship};
use business_posts_gateway::{
    GetConversationRequest, GetPostHeadsRequest, ListByAuthorRequest, ListPinnedRequest, PostHead,
    PostId,
};
use infra_kernel::{AccountId, Context, Error, Page, Result};
use product_feed_gateway::GetHomeRequest;

use crate::card::Shown;
use crate::filters::{self, FilterCache};
use crate::hydrate::Hydrator;
use crate::paging::Cursors;
use crate::rules::{Place, ViewerRelation, visibilities_to_list};
use crate::surface::Gateways;

use timelines::until_something_is_left;

pub use cases::{CaseFile, CaseFilter};
pub use direct_conversations::ShownConversation;
pub use listing::{AuthorFilter, Conversation, Listing};
pub use notification_groups::{PagePart, ToldGroup};
pub use notification_requests::{Held, ShownRequest};
pub use notifications::Told;

/// The most ancestors of a conversation that are shown.
const ANCESTORS_MAX: u32 = 40;
/// The most replies of a conversation that are shown.
const DESCENDANTS_MAX: u32 = 200;

/// Reads for every surface. Cheap to clone; clones share their caches.
#[derive(Clone)]
pub struct Reader {
    gateways: Gateways,
    hydrator: Hydrator,
    filters: FilterCache,
}

impl Reader {
    /// A reader over these domains.
    #[must_use]
    pub fn new(gateways: Gateways) -> Self {
        let hydrator = Hydrator::new(gateways.clone());
        Self {
            gateways,
            hydrator,
            filters: filters::cache(),
        }
    }

    /// A page of an author's posts.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn by_author(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        author: AccountId,
        page: Page,
        filter: AuthorFilter,
    ) -> Result<Listing<Shown>> {
        let read = |page| self.by_author_page(context, viewer, author, page, &filter);
        until_something_is_left(page, read).await
    }

    async fn by_author_page(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        author: AccountId,
        page: Page,
        filter: &AuthorFilter,
    ) -> Result<Listing<Shown>> {
        let relationships = self
            .relationships(context, viewer, vec![author.get()])
            .await?;
        let relation = ViewerRelation::of(viewer, author, relationships.get(&author.get()));
        let Some(visibilities) = visibilities_to_list(&relation) else {
            return Ok(Listing::empty());
        };
        let request = ListByAuthorRequest {
            author_id: author.get(),
            page: Some(page.into()),
            only_media: filter.only_media,
            exclude_replies: filter.exclude_replies,
            exclude_reshares: filter.exclude_reshares,
            visibilities: visibilities.into_iter().map(i32::from).collect(),
            tag: filter.tag.clone(),
            mentioned_id: viewer.map_or(0, AccountId::get),
        };
        let heads = self
            .gateways
            .posts
            .list_by_author(context, request)
            .await?
            .heads;
        self.listing(Place::Profile, context, viewer, heads, page)
            .await
    }

    /// The posts on top of an author's page, the latest pinned first.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn pinned(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        author: AccountId,
    ) -> Result<Vec<Shown>> {
        let request = ListPinnedRequest {
            author_id: author.get(),
        };
        let heads = self
            .gateways
            .posts
            .list_pinned(context, request)
            .await?
            .heads;
        self.visible(Place::Profile, context, viewer, heads).await
    }

    /// Posts by id, in the order asked, without those that the viewer may not see.
    ///
    /// # Errors
    /// When a domain is unavailable.
    pub async fn posts(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        ids: Vec<u64>,
    ) -> Result<Vec<Shown>> {
        self.posts_in(Place::Direct, context, viewer, ids).await
    }

    /// One post.
    ///
    /// # Errors
    /// `not_found` when it is not there or the viewer may not see it: the two cannot be
    /// distinguished.
    pub async fn post(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        id: PostId,
    ) -> Result<Shown> {
        self.posts(context, viewer, vec![id.get()])
            .await?
            .pop()
            .ok_or_else(|| Error::not_found("post"))
    }

    /// The posts round a post that the viewer may see.
    ///
    /// # Errors
    /// `not_found` as for [`Self::post`].
    pub async fn conversation(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        id: PostId,
    ) -> Result<Conversation> {
        let request = GetConversationRequest {
            post_id: id.get(),
            ancestors_max: ANCESTORS_MAX,
            descendants_max: DESCENDANTS_MAX,
        };
        let (post, around) = tokio::join!(
            self.post(context, viewer, id),
            self.gateways.posts.get_conversation(context, request),
        );
        // First whether the post may be seen: what stands round it tells that it is there.
        let post = post?;
        let mut around = around?;
        // Nothing stands round a reshare itself.
        if let Some(original) = post.head.reshare_of() {
            let request = GetConversationRequest {
                post_id: original.get(),
                ..request
            };
            around = self
                .gateways
                .posts
                .get_conversation(context, request)
                .await?;
        }
        let (ancestors, descendants) = tokio::try_join!(
            self.visible(Place::Thread, context, viewer, around.ancestors),
            self.visible(Place::Thread, context, viewer, around.descendants),
        )?;
        Ok(Conversation {
            ancestors,
            descendants,
        })
    }

    /// How the viewer stands to these accounts, by their ids; nothing for a visitor.
    ///
    /// # Errors
    /// When the graph is unavailable: then nothing is shown rather than too much.
    pub async fn relationships(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        target_ids: Vec<u64>,
    ) -> Result<HashMap<u64, Relationship>> {
        let read = self.read_relationships(context, viewer, target_ids, false);
        Ok(read.await?.0)
    }

    /// The same, with the revision of the viewer's filters if it is asked for; 0 if there are none.
    async fn read_relationships(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        target_ids: Vec<u64>,
        with_filters: bool,
    ) -> Result<(HashMap<u64, Relationship>, u64)> {
        let Some(viewer) = viewer else {
            return Ok((HashMap::new(), 0));
        };
        let mut known = HashMap::with_capacity(target_ids.len());
        let mut filters_revision = 0;
        // Only a page of large groups of notifications has more than one call returns.
        for some in target_ids.chunks(ACCOUNTS_MAX) {
            let request = GetRelationshipsRequest {
                viewer_id: viewer.get(),
                target_ids: some.to_vec(),
                with_filters,
            };
            let graph = &self.gateways.graph;
            let reply = graph.get_relationships(context, request).await?;
            filters_revision = reply.filters_revision;
            let relationships = reply.relationships.into_iter();
            known.extend(relationships.map(|one| (one.target_id, one)));
        }
        Ok((known, filters_revision))
    }

    async fn home_ids(&self, context: &Context, viewer: AccountId, page: Page) -> Result<Vec<u64>> {
        let request = GetHomeRequest {
            account_id: viewer.get(),
            page: Some(page.into()),
        };
        let skeleton = self.gateways.feed.get_home(context, request).await?.entries;
        Ok(skeleton.iter().map(|entry| entry.post_id).collect())
    }

    async fn posts_in(
        &self,
        place: Place,
        context: &Context,
        viewer: Option<AccountId>,
        ids: Vec<u64>,
    ) -> Result<Vec<Shown>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let heads = self
            .gateways
            .posts
            .get_post_heads(context, GetPostHeadsRequest { ids })
            .await?
            .heads;
        self.visible(place, context, viewer, heads).await
    }

    async fn listing(
        &self,
        place: Place,
        context: &Context,
        viewer: Option<AccountId>,
        heads: Vec<PostHead>,
        page: Page,
    ) -> Result<Listing<Shown>> {
        let ids: Vec<u64> = heads.iter().map(|head| head.id).collect();
        Ok(Listing {
            cursors: Cursors::of(&ids, &page),
            items: self.visible(place, context, viewer, heads).await?,
        })
    }
}
