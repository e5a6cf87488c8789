//! What of the posts that are shown a viewer's filters match.
//!
//! A filter decides nothing about who may see what: a post that it matches is shown with the
//! filter, and it is the app that warns of the post or hides it, where the filter says so.
//!
//! A post's text is made ready once for all viewers, and looked through for each of the viewer's
//! distinct keywords, by a search that is linear in the text whatever the two are. An automaton of
//! all keywords would look through it once: but one can be made of few keywords that takes a
//! hundred times their length, or finds each of them everywhere.

mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use business_graph_gateway::{AccountFilter, FilterAction};
use infra_cache::{Cache, WeightBound};

use crate::card::{Card, FilterMatch, Shown};

use words::{Found, Text, Words};

/// The most that all viewers' filters take together, in bytes.
const FILTERS_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The most that one viewer's take, in bytes: more than the graph's bounds allow for.
const VIEWER_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// The most filters that a post is shown with; those that hide it come first.
const MATCHES_MAX: usize = 20;
/// What a filter takes beside its text, in bytes.
const FILTER_BYTES: usize = 256;

/// Viewers' filters by their accounts. Each is of one revision, which the graph is asked for at
/// every read.
pub(crate) type FilterCache = Cache<u64, Arc<ViewerFilters>>;

pub(crate) fn cache() -> FilterCache {
    Cache::weighted(&WeightBound {
        total_max: FILTERS_BYTES_MAX,
        entry_max: VIEWER_BYTES_MAX,
        entry_typical: 16 * 1024,
        weigh: |_, filters| filters.bytes,
    })
}

/// All filters of a viewer, ready to be compared with posts.
#[derive(Debug)]
pub(crate) struct ViewerFilters {
    pub(crate) revision: u64,
    filters: Vec<ViewerFilter>,
    words: Words,
    bytes: u32,
}

#[derive(Debug)]
struct ViewerFilter {
    /// Without its keywords and posts.
    filter: Arc<AccountFilter>,
    /// Its keywords, each with its place among all words; in their order.
    keywords: Vec<(usize, String)>,
    /// The ids of its posts, in order.
    posts: Vec<u64>,
}

impl ViewerFilters {
    pub(crate) fn new(revision: u64, filters: Vec<AccountFilter>) -> Self {
        let words = filters.iter().flat_map(|filter| &filter.keywords);
        let words = Words::new(words.map(|word| (&*word.keyword, word.whole_word)));
        let mut places = 0..;
        let filters = filters.into_iter();
        let filters: Vec<ViewerFilter> = filters
            .map(|filter| ViewerFilter::new(filter, &mut places))
            .collect();
        let bytes = words.bytes() + filters.iter().map(ViewerFilter::bytes).sum::<usize>();
        Self {
            revision,
            filters,
            words,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
        }
    }

    /// Says of a post, and of what it shows again, which filters match at this moment. What the
    /// viewer has written is never filtered for them. Returns about how many bytes were looked
    /// through.
    pub(crate) fn mark(&self, shown: &mut Shown, now_us: i64) -> usize {
        let id = shown.card.head.id;
        let original = shown.reshared.as_deref().unwrap_or(shown);
        let original_id = original.card.head.id;
        let is_own = original.relation.is_author();
        // There are no other words in a reshare.
        let (found, cost) = match is_own {
            true => (Found::default(), 0),
            false => {
                let text = text_of(&original.card);
                (self.words.found_in(text), self.words.cost(text))
            }
        };
        if let Some(original) = shown.reshared.as_mut().filter(|_| !is_own) {
            original.filtered = self.matches(&found, &[original_id], now_us);
        }
        if !shown.relation.is_author() {
            let ids = [id, original_id];
            let is_alone = is_own || id == original_id;
            shown.filtered = self.matches(&found, &ids[..2 - usize::from(is_alone)], now_us);
        }
        cost
    }

    fn matches(&self, found: &Found, ids: &[u64], now_us: i64) -> Vec<FilterMatch> {
        let active = self.filters.iter();
        let active = active.filter(|one| one.filter.is_active_at(now_us));
        let mut matches: Vec<_> = active.filter_map(|one| one.matches(found, ids)).collect();
        if matches.len() > MATCHES_MAX {
            matches.sort_by_key(|one| one.filter.action() != FilterAction::Hide);
            matches.truncate(MATCHES_MAX);
        }
        matches
    }
}

impl ViewerFilter {
    fn new(mut filter: AccountFilter, places: &mut impl Iterator<Item = usize>) -> Self {
        let keywords = std::mem::take(&mut filter.keywords).into_iter();
        // The keywords first: no more places are taken than there are keywords.
        let keywords = keywords.map(|word| word.keyword).zip(places);
        let posts = std::mem::take(&mut filter.posts);
        let mut posts: Vec<u64> = posts.iter().map(|post| post.post_id).collect();
        posts.sort_unstable();
        Self {
            keywords: keywords.map(|(word, place)| (place, word)).collect(),
            posts,
            filter: Arc::new(filter),
        }
    }

    fn bytes(&self) -> usize {
        let keyword = |(_, word): &(usize, String)| size_of::<(usize, String)>() + word.len();
        let keywords: usize = self.keywords.iter().map(keyword).sum();
        FILTER_BYTES + self.filter.title.len() + keywords + size_of::<u64>() * self.posts.len()
    }

    fn matches(&self, found: &Found, ids: &[u64]) -> Option<FilterMatch> {
        let mut keywords = self.keywords.iter();
        let keyword = keywords.find(|(place, _)| found.has(*place));
        let ids = ids.iter().copied();
        let posts: Vec<u64> = ids
            .filter(|id| self.posts.binary_search(id).is_ok())
            .collect();
        if keyword.is_none() && posts.is_empty() {
            return None;
        }
        Some(FilterMatch {
            filter: Arc::clone(&self.filter),
            keyword: keyword.map(|(_, word)| word.clone()),
            posts,
        })
    }
}

/// What is looked through of a post: its warning, its text and what its pictures show. Made once
/// and kept with the card.
fn text_of(card: &Card) -> &Text {
    card.renderings.of(|| {
        let words = [&*card.post.spoiler_text, &*card.post.text];
        let pictures = card.media.iter().map(|item| &*item.description);
        Text::of(words.into_iter().chain(pictures))
    })
}
