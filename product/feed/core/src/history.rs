//! Timelines as the posts' own domain has them: what a kept timeline is made from, and what lies
//! below its bound.

use std::collections::HashSet;
use std::sync::Arc;

use business_graph_gateway::{self as graph, GetRelationshipsRequest, Graph, ListFollowsRequest};
use business_posts_gateway::{
    ListByAuthorsRequest, ListByFollowedTagsRequest, MERGED_AUTHORS_MAX, PAGE_LIMIT_MAX, PostHead,
    Posts,
};
use infra_kernel::{AccountId, Context, Direction, Page};

use crate::audience::{Delivery, Entry};
use crate::error::Result;
use crate::slice::Slice;

/// How many pages of posts are looked through for one batch of authors, some 25,000 posts, before
/// the slice is cut: when nearly all of them are replies to strangers, a page could otherwise cost
/// without bound. The timeline then ends there.
const ROUNDS_MAX: usize = 50;
/// The most pages of followed authors a timeline is made from: the ones followed last.
const FOLLOWING_PAGES_MAX: usize = 10;

/// The domains that timelines are made from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) graph: Arc<dyn Graph>,
    pub(crate) posts: Arc<dyn Posts>,
}

impl Sources {
    /// The graph and the posts as this account's timeline reads them.
    pub(crate) fn history<'a>(&'a self, context: &'a Context, reader: AccountId) -> History<'a> {
        History {
            graph: &*self.graph,
            posts: &*self.posts,
            context,
            reader,
        }
    }
}

/// Reads timelines from the graph and the posts.
#[derive(Clone, Copy)]
pub(crate) struct History<'a> {
    graph: &'a dyn Graph,
    posts: &'a dyn Posts,
    context: &'a Context,
    reader: AccountId,
}

/// What is known of whom a reader follows.
#[derive(Clone, Copy)]
pub(crate) enum Follows<'a> {
    /// Everyone they follow, as far as it was read: those followed last.
    Known(&'a HashSet<AccountId>),
    /// Nothing: the graph is asked about those it matters for.
    Asked,
}

impl History<'_> {
    /// Whom the reader follows.
    pub(crate) async fn following(&self) -> Result<HashSet<AccountId>> {
        let mut following = HashSet::new();
        let mut page = Page::newest(graph::PAGE_LIMIT_MAX);
        for _ in 0..FOLLOWING_PAGES_MAX {
            let request = ListFollowsRequest {
                account_id: self.reader.get(),
                page: Some(page.into()),
            };
            let follows = self
                .graph
                .list_following(self.context, request)
                .await?
                .follows;
            following.extend(
                follows
                    .iter()
                    .map(|follow| AccountId::new(follow.followee_id)),
            );
            page.before = match follows.last() {
                Some(last) if follows.len() >= graph::PAGE_LIMIT_MAX as usize => last.id,
                _ => break,
            };
        }
        Ok(following)
    }

    /// Whom of these the reader follows.
    pub(crate) async fn follows_of(&self, accounts: &[AccountId]) -> Result<HashSet<AccountId>> {
        let mut followed = HashSet::new();
        for some in accounts.chunks(graph::ACCOUNTS_MAX) {
            let request = GetRelationshipsRequest::new(self.reader, some.iter().copied());
            let reply = self.graph.get_relationships(self.context, request).await?;
            let following = reply
                .relationships
                .iter()
                .filter(|relationship| relationship.following);
            followed.extend(following.map(|relationship| AccountId::new(relationship.target_id)));
        }
        Ok(followed)
    }

    /// What these authors' posts hold of a page of the reader's timeline.
    pub(crate) async fn slice(
        &self,
        authors: &[AccountId],
        follows: Follows<'_>,
        page: &Page,
    ) -> Result<Slice> {
        let mut slice = Slice::default();
        for some in authors.chunks(MERGED_AUTHORS_MAX) {
            // What the batches before have filled need not be looked through again.
            let remaining = slice.remaining(page);
            let part = self.slice_of_batch(some, follows, &remaining).await?;
            slice.join(part, page);
        }
        Ok(slice)
    }

    /// What the hashtags that the reader follows hold of a page of their timeline: for whom a post
    /// is among its author's followers is of no matter, so it is one call and has no edge.
    pub(crate) async fn slice_of_tags(&self, page: &Page) -> Result<Slice> {
        let page = Page {
            limit: asked(page),
            ..*page
        };
        let request = ListByFollowedTagsRequest {
            account_id: self.reader.get(),
            page: Some(page.into()),
        };
        let posts = self.posts;
        let heads = posts.list_by_followed_tags(self.context, request).await?;
        let entry = |head: &PostHead| Entry {
            post: head.post(),
            author: head.author(),
        };
        let entries: Vec<Entry> = heads.heads.iter().map(entry).collect();
        Ok(Slice::of(&entries))
    }

    async fn slice_of_batch(
        &self,
        authors: &[AccountId],
        follows: Follows<'_>,
        page: &Page,
    ) -> Result<Slice> {
        let mut slice = Slice::default();
        let mut rest = *page;
        for round in 0..ROUNDS_MAX {
            if round > 0 {
                // Little of the first page was for this reader: look through more at once.
                rest.limit = PAGE_LIMIT_MAX;
            }
            // Nothing lies between the bounds any more.
            if rest.before <= rest.after.saturating_add(1) {
                return Ok(slice);
            }
            let heads = self.heads(authors, &rest).await?;
            let (newest, oldest) = (
                heads.first().map(|head| head.id),
                heads.last().map(|head| head.id),
            );
            let ended = heads.len() < asked(&rest) as usize;
            slice
                .timeline_entries
                .extend(self.timeline_entries(&heads, follows).await?);
            if ended || slice.timeline_entries.len() >= page.limit as usize {
                slice.arrange(page);
                return Ok(slice);
            }
            match page.direction {
                // There is an oldest and a newest: without any head the batch has ended.
                Direction::Older => rest.before = oldest.unwrap_or(rest.after),
                Direction::Newer => rest.after = newest.unwrap_or(rest.before),
            }
        }
        slice.edge = Some(match page.direction {
            Direction::Older => rest.before,
            Direction::Newer => rest.after,
        });
        slice.arrange(page);
        Ok(slice)
    }

    async fn heads(&self, authors: &[AccountId], page: &Page) -> Result<Vec<PostHead>> {
        let request = ListByAuthorsRequest {
            author_ids: authors.iter().map(|author| author.get()).collect(),
            page: Some(
                Page {
                    limit: asked(page),
                    ..*page
                }
                .into(),
            ),
        };
        Ok(self
            .posts
            .list_by_authors(self.context, request)
            .await?
            .heads)
    }

    async fn timeline_entries(
        &self,
        heads: &[PostHead],
        follows: Follows<'_>,
    ) -> Result<Vec<crate::audience::TimelineEntry>> {
        let deliveries: Vec<_> = heads.iter().map(Delivery::of).collect();
        let asked = match follows {
            Follows::Known(_) => HashSet::new(),
            Follows::Asked => self.follows_of(&replied_to(&deliveries)).await?,
        };
        let follows = |account: AccountId| match follows {
            Follows::Known(known) => known.contains(&account),
            Follows::Asked => asked.contains(&account),
        };
        let mine = deliveries
            .iter()
            .filter(|delivery| delivery.is_for(self.reader, follows));
        Ok(mine.map(|delivery| delivery.timeline_entry).collect())
    }
}

/// How many posts are asked for at once for this page.
fn asked(page: &Page) -> u32 {
    page.limit.min(PAGE_LIMIT_MAX)
}

fn replied_to(deliveries: &[Delivery]) -> Vec<AccountId> {
    let mut accounts: Vec<_> = deliveries
        .iter()
        .filter_map(|delivery| delivery.timeline_entry.replied_to)
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    accounts
}
