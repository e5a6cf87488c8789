//! From ids to cards: what is held and still current is taken from the cache, the rest is asked of
//! the domains, each domain once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use business_accounts_gateway::{
    Account, GetAccountHeadsRequest, GetAccountsRequest, GetApplicationRequest,
};
use business_graph_gateway::GetStatsRequest;
use business_media_gateway::{GetMediaRequest, MediaItem};
use business_posts_gateway::{GetAuthorStatsRequest, GetPostsRequest, Post, PostHead};
use futures::future::join_all;
use infra_cache::Cache;
use infra_kernel::{Context, Result, SystemClock};

use crate::card::{Card, Person, Renderings};
use crate::surface::Gateways;

/// How long a card is kept. Its text, pictures and author are always current (by their revisions);
/// how many posts and followers its author has may be this old. The post's own counts are not in
/// it.
pub(crate) const CARD_LIFETIME: Duration = Duration::from_secs(30);
/// The most cards kept, with about 6 KB each.
const CARDS_MAX: u64 = 4_000;
/// The most people that are asked for at once: as many as each of the domains returns.
const PEOPLE_MAX: usize = business_posts_gateway::IDS_MAX;
/// The most applications whose names are kept.
const APPLICATIONS_MAX: u64 = 1_000;

/// Posts, pictures and applications (name and website) by their ids.
type Contents = (
    HashMap<u64, Post>,
    HashMap<u64, MediaItem>,
    HashMap<u64, Option<(String, String)>>,
);

#[derive(Clone)]
pub(crate) struct Hydrator {
    gateways: Gateways,
    cards: Cache<u64, Arc<Card>>,
    applications: Cache<u64, Option<(String, String)>>,
}

impl Hydrator {
    pub(crate) fn new(gateways: Gateways) -> Self {
        let clock = || Arc::new(SystemClock);
        Self {
            gateways,
            cards: Cache::bounded(CARDS_MAX).with_lifetime(CARD_LIFETIME, clock()),
            applications: Cache::bounded(APPLICATIONS_MAX).with_lifetime(CARD_LIFETIME, clock()),
        }
    }

    /// A card for each of these posts; none where the author or the text has gone in the meantime.
    /// `revisions` are those of the authors as they are now.
    pub(crate) async fn cards(
        &self,
        context: &Context,
        heads: &[&PostHead],
        revisions: &HashMap<u64, u64>,
    ) -> Result<Vec<Option<Arc<Card>>>> {
        let current = |card: &Arc<Card>, head: &PostHead| {
            card.post.revision == head.revision
                && revisions.get(&head.author_id) == Some(&card.author.account.revision)
        };
        let mut found: Vec<Option<Arc<Card>>> = heads
            .iter()
            .map(|head| self.cards.get(&head.id).filter(|card| current(card, head)))
            .collect();
        let mut missing: Vec<PostHead> = Vec::new();
        for (head, card) in heads.iter().zip(&found) {
            // Each once: a page may hold a post by itself and as what is reshared.
            if card.is_none() && missing.iter().all(|other| other.id != head.id) {
                missing.push((*head).clone());
            }
        }
        if !missing.is_empty() {
            // All that are missing in one call to each domain.
            let made = self.make_cards(context, missing).await?;
            let made: HashMap<u64, &Arc<Card>> = made
                .iter()
                .flatten()
                .map(|card| (card.head.id, card))
                .collect();
            for (slot, head) in found.iter_mut().zip(heads) {
                if slot.is_none() {
                    *slot = made.get(&head.id).map(|card| Arc::clone(card));
                }
            }
        }
        Ok(found)
    }

    /// Which revision of these accounts is the current one.
    pub(crate) async fn author_revisions(
        &self,
        context: &Context,
        ids: Vec<u64>,
    ) -> Result<HashMap<u64, u64>> {
        let reply = self
            .gateways
            .accounts
            .get_account_heads(context, GetAccountHeadsRequest { ids })
            .await?;
        Ok(reply
            .heads
            .into_iter()
            .map(|head| (head.id, head.revision))
            .collect())
    }

    /// A card for each head, in order; none where the post or its author has gone.
    async fn make_cards(
        &self,
        context: &Context,
        heads: Vec<PostHead>,
    ) -> Result<Vec<Option<Arc<Card>>>> {
        let ids = heads.iter().map(|head| head.id).collect();
        let authors = distinct(heads.iter().map(|head| head.author_id));
        let ((mut posts, mut media, applications), people) =
            tokio::try_join!(self.contents(context, ids), self.people(context, authors))?;
        let people: HashMap<u64, Arc<Person>> = people
            .into_iter()
            .map(|person| (person.account.id, person))
            .collect();
        let mut cards = Vec::with_capacity(heads.len());
        for head in heads {
            let (post, author) = (posts.remove(&head.id), people.get(&head.author_id));
            let (Some(post), Some(author)) = (post, author) else {
                cards.push(None);
                continue;
            };
            // What was edited meanwhile is not what the rules have looked at.
            let now = post.head();
            if now.mentioned_ids != head.mentioned_ids {
                cards.push(None);
                continue;
            }
            let pictures = post
                .media_ids
                .iter()
                // Taken out rather than cloned: a picture belongs to one post.
                .filter_map(|id| media.remove(id))
                .collect();
            let application = applications.get(&post.application_id).cloned().flatten();
            let card = Arc::new(Card {
                head: now,
                post,
                author: Arc::clone(author),
                media: pictures,
                application,
                renderings: Renderings::default(),
            });
            // No lock keeps an older card from replacing a newer one that was made meanwhile: it
            // would be found outdated by its revisions at the next read, and made again.
            self.cards.insert(card.head.id, Arc::clone(&card));
            cards.push(Some(card));
        }
        Ok(cards)
    }

    /// These posts, their pictures, and the applications that they were posted with.
    async fn contents(&self, context: &Context, ids: Vec<u64>) -> Result<Contents> {
        let request = GetPostsRequest { ids };
        let posts = self.gateways.posts.get_posts(context, request).await?.posts;
        let media_ids = posts.iter().flat_map(|post| post.media_ids.iter().copied());
        let application_ids = distinct(posts.iter().map(|post| post.application_id));
        let application = async |id| (id, self.application(context, id).await);
        let (media, applications) = tokio::join!(
            self.media(context, media_ids),
            join_all(application_ids.into_iter().map(application)),
        );
        Ok((
            posts.into_iter().map(|post| (post.id, post)).collect(),
            media?,
            applications.into_iter().collect(),
        ))
    }

    /// People by id, as they are now, in the order asked; those that are not there are left out.
    pub(crate) async fn people(
        &self,
        context: &Context,
        ids: Vec<u64>,
    ) -> Result<Vec<Arc<Person>>> {
        let mut people = Vec::with_capacity(ids.len());
        // A page of posts that mention many may name more than one call returns.
        for ids in ids.chunks(PEOPLE_MAX) {
            people.extend(self.some_people(context, ids.to_vec()).await?);
        }
        Ok(people)
    }

    async fn some_people(&self, context: &Context, ids: Vec<u64>) -> Result<Vec<Arc<Person>>> {
        let gateways = &self.gateways;
        let ((mut accounts, pictures), graph, posts) = tokio::try_join!(
            self.accounts(context, ids.clone()),
            gateways.graph.get_stats(
                context,
                GetStatsRequest {
                    account_ids: ids.clone()
                }
            ),
            gateways.posts.get_author_stats(
                context,
                GetAuthorStatsRequest {
                    author_ids: ids.clone()
                }
            ),
        )?;
        let graph: HashMap<u64, _> = graph
            .stats
            .into_iter()
            .map(|stats| (stats.account_id, stats))
            .collect();
        let posts: HashMap<u64, _> = posts
            .stats
            .into_iter()
            .map(|stats| (stats.author_id, stats))
            .collect();
        let person = |id: u64| {
            let account = accounts.remove(&id)?;
            Some(Arc::new(Person {
                avatar: pictures.get(&account.avatar_media_id).cloned(),
                header: pictures.get(&account.header_media_id).cloned(),
                graph: graph.get(&id).copied().unwrap_or_default(),
                posts: posts.get(&id).copied().unwrap_or_default(),
                account,
            }))
        };
        Ok(ids.into_iter().filter_map(person).collect())
    }

    /// Accounts by id, and those of their pictures that are ready.
    async fn accounts(
        &self,
        context: &Context,
        ids: Vec<u64>,
    ) -> Result<(HashMap<u64, Account>, HashMap<u64, MediaItem>)> {
        let request = GetAccountsRequest { ids };
        let accounts = &self.gateways.accounts;
        let accounts = accounts.get_accounts(context, request).await?.accounts;
        let pictures = accounts
            .iter()
            .flat_map(|account| [account.avatar_media_id, account.header_media_id]);
        let mut pictures = self.media(context, pictures.filter(|id| *id != 0)).await?;
        pictures.retain(|_, item| item.is_ready());
        let accounts = accounts.into_iter().map(|account| (account.id, account));
        Ok((accounts.collect(), pictures))
    }

    /// The pictures of these ids that are ready, and those that have failed or were lost: a post
    /// says that they are missing.
    async fn media(
        &self,
        context: &Context,
        ids: impl Iterator<Item = u64>,
    ) -> Result<HashMap<u64, MediaItem>> {
        let mut processed = HashMap::new();
        // A page of full albums holds more pictures than one call returns.
        for ids in distinct(ids).chunks(business_media_gateway::IDS_MAX) {
            let request = GetMediaRequest { ids: ids.to_vec() };
            let reply = self.gateways.media.get_media(context, request).await?;
            let items = reply.items.into_iter();
            let items = items.filter(MediaItem::is_processed);
            processed.extend(items.map(|item| (item.id, item)));
        }
        Ok(processed)
    }

    /// The name and website of the application a post was made with. Its failure costs only that
    /// line of the card.
    async fn application(&self, context: &Context, id: u64) -> Option<(String, String)> {
        if id == 0 {
            return None;
        }
        if let Some(known) = self.applications.get(&id) {
            return known;
        }
        let request = GetApplicationRequest {
            application_id: id,
            client_id: String::new(),
        };
        let application = self
            .gateways
            .accounts
            .get_application(context, request)
            .await
            // A failure is not kept, so that the next card asks again.
            .ok()?;
        let known = Some((application.name, application.website));
        self.applications.insert(id, known.clone());
        known
    }
}

/// The ids without repetition, in the order of their first appearance.
pub(crate) fn distinct(ids: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(*id)).collect()
}
