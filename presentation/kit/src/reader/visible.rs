//! Of posts those that a viewer may see, as they see them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use business_posts_gateway::{GetPostHeadsRequest, PostHead};
use infra_kernel::{AccountId, Clock as _, Context, Result, SystemClock};

use super::Reader;
use super::engagement::Engaged;
use crate::card::{Card, Shown};
use crate::filters::ViewerFilters;
use crate::hydrate::distinct;
use crate::rules::{Place, ViewerRelation, may_see};

/// A post that the viewer may see, and how they stand to its author.
type Seen<'heads> = (&'heads PostHead, ViewerRelation);

/// What stands in one place of a listing.
struct Item<'heads> {
    post: Seen<'heads>,
    /// Of a reshare, what it shows again.
    reshared: Option<Seen<'heads>>,
}

impl Item<'_> {
    /// The head of the post itself: of what a reshare shows again, or its own.
    fn original(&self) -> &PostHead {
        let (head, _) = self.reshared.as_ref().unwrap_or(&self.post);
        head
    }
}

/// How many bytes of posts are looked through for a viewer's filters in one turn: some hundred
/// microseconds.
const LOOKED_THROUGH_MAX: usize = 256 * 1024;

/// Says of each of these which filters match.
async fn mark(filters: &ViewerFilters, shown: &mut [Shown]) {
    let now_us = SystemClock.now().microseconds();
    let mut looked_through = 0;
    for post in shown {
        looked_through += filters.mark(post, now_us);
        if looked_through > LOOKED_THROUGH_MAX {
            // Others have their turn in between.
            tokio::task::yield_now().await;
            looked_through = 0;
        }
    }
}

impl Reader {
    /// Of these posts those that the viewer may see, as they see them.
    pub(super) async fn visible(
        &self,
        place: Place,
        context: &Context,
        viewer: Option<AccountId>,
        heads: Vec<PostHead>,
    ) -> Result<Vec<Shown>> {
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let originals = self.originals(context, &heads).await?;
        let shown = heads.iter().chain(originals.values());
        let authors = distinct(shown.map(|head| head.author_id));
        // A moderator sees evidence as it is.
        let with_filters = place != Place::Case;
        let ((relationships, filters_revision), revisions) = tokio::try_join!(
            self.read_relationships(context, viewer, authors.clone(), with_filters),
            self.hydrator.author_revisions(context, authors),
        )?;
        let relation_if_seen = |place, head: &PostHead| {
            let author = AccountId::new(head.author_id);
            let relationship = relationships.get(&head.author_id);
            let relation = ViewerRelation::of(viewer, author, relationship);
            may_see(&relation, place, head).then_some(relation)
        };
        let mut items: Vec<Item> = Vec::with_capacity(heads.len());
        for head in &heads {
            let Some(relation) = relation_if_seen(place, head) else {
                continue;
            };
            let reshared = match head.reshare_of_id {
                0 => None,
                // One whose original has gone, or is not for the viewer, shows nothing.
                id => match originals.get(&id).and_then(|original| {
                    Some((original, relation_if_seen(place.of_reshared(), original)?))
                }) {
                    None => continue,
                    original => original,
                },
            };
            items.push(Item {
                post: (head, relation),
                reshared,
            });
        }
        if place.is_timeline() {
            once_each(&mut items);
        }
        let (mut shown, filters) = tokio::try_join!(
            self.shown(context, viewer, items, &revisions),
            self.filters(context, viewer, filters_revision),
        )?;
        if let Some(filters) = filters {
            mark(&filters, &mut shown).await;
        }
        Ok(shown)
    }

    /// What the reshares among these show again, by its id.
    async fn originals(
        &self,
        context: &Context,
        heads: &[PostHead],
    ) -> Result<HashMap<u64, PostHead>> {
        let ids = heads.iter().map(|head| head.reshare_of_id);
        let ids = distinct(ids.filter(|id| *id != 0));
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let request = GetPostHeadsRequest { ids };
        let reply = self.gateways.posts.get_post_heads(context, request).await?;
        let heads = reply.heads.into_iter();
        Ok(heads.map(|head| (head.id, head)).collect())
    }

    async fn shown(
        &self,
        context: &Context,
        viewer: Option<AccountId>,
        items: Vec<Item<'_>>,
        revisions: &HashMap<u64, u64>,
    ) -> Result<Vec<Shown>> {
        let originals = items.iter().map(|item| item.original().id).collect();
        // Each place takes as many cards as it has posts, in the same order.
        let posts = items
            .iter()
            .flat_map(|item| std::iter::once(&item.post).chain(&item.reshared));
        let heads: Vec<&PostHead> = posts.map(|(head, _)| *head).collect();
        let (cards, engaged) = tokio::try_join!(
            self.hydrator.cards(context, &heads, revisions),
            self.engaged(context, viewer, originals),
        )?;
        let mut cards = cards.into_iter();
        let mut shown = Vec::with_capacity(items.len());
        for item in &items {
            let post = one(
                cards.next().flatten(),
                &item.post,
                item.original(),
                &engaged,
            );
            let Some(reshared) = &item.reshared else {
                shown.extend(post);
                continue;
            };
            let original = one(cards.next().flatten(), reshared, item.original(), &engaged);
            if let (Some(post), Some(original)) = (post, original) {
                let reshared = Some(Box::new(original));
                shown.push(Shown { reshared, ..post });
            }
        }
        Ok(shown)
    }
}

/// A post as it is shown, with the counts and marks of what it is about.
fn one(
    card: Option<Arc<Card>>,
    (_, relation): &Seen<'_>,
    original: &PostHead,
    engaged: &Engaged,
) -> Option<Shown> {
    let (likes, marks) = engaged.of(original.id);
    card.map(|card| Shown::new(card, original, *relation, likes, marks))
}

/// Leaves out reshares of what stands on the same page already, by itself or by a newer reshare.
fn once_each(items: &mut Vec<Item<'_>>) {
    if items.iter().all(|item| item.reshared.is_none()) {
        return;
    }
    let themselves = items.iter().filter(|item| item.reshared.is_none());
    let mut there: HashSet<u64> = themselves.map(|item| item.post.0.id).collect();
    items.retain(|item| match &item.reshared {
        None => true,
        Some((head, _)) => there.insert(head.id),
    });
}
