//! Filters, and what of a status they match.

use business_graph_gateway::{
    self as graph, AccountFilter, FilterAction, FilterContext, FilterId, FilterKeywordId,
    FilteredPostId,
};
use business_posts_gateway::PostId;
use presentation_kit::FilterMatch;
use schemars::JsonSchema;
use serde::Serialize;

use super::moment;

/// What one wants to see less of.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Filter {
    id: FilterId,
    title: String,
    /// Where it acts: "home", "notifications", "public", "thread", "account".
    context: Vec<&'static str>,
    /// When it ends by itself.
    expires_at: Option<String>,
    /// "warn", "hide" or "blur".
    filter_action: &'static str,
    /// Left out where it is said what matches, and for who may only change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    keywords: Option<Vec<FilterKeyword>>,
    /// Left out where it is said what matches, and for who may only change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<Vec<FilterStatus>>,
}

/// A word, or several, that a filter looks for.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FilterKeyword {
    id: FilterKeywordId,
    keyword: String,
    /// Whether it is not found within a longer word.
    whole_word: bool,
}

/// A status that a filter names.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FilterStatus {
    id: FilteredPostId,
    status_id: PostId,
}

/// One keyword of a filter as a filter of its own, as the first version of this part of the API has
/// it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct V1Filter {
    /// The keyword's id.
    id: FilterKeywordId,
    phrase: String,
    /// Where it acts: "home", "notifications", "public", "thread", "account".
    context: Vec<&'static str>,
    /// Whether it is not found within a longer word.
    whole_word: bool,
    /// When it ends by itself.
    expires_at: Option<String>,
    /// Whether what it matches is to be hidden, and not only warned of.
    irreversible: bool,
}

/// One's filter that matches a status.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FilterResult {
    filter: Filter,
    /// The first of its keywords that the status has.
    keyword_matches: Vec<String>,
    /// The status, or the one that it shows again, if the filter names it.
    status_matches: Vec<PostId>,
}

const CONTEXTS: [(&str, FilterContext); 5] = [
    ("home", FilterContext::Home),
    ("notifications", FilterContext::Notifications),
    ("public", FilterContext::Public),
    ("thread", FilterContext::Thread),
    ("account", FilterContext::Account),
];

const ACTIONS: [(&str, FilterAction); 3] = [
    ("warn", FilterAction::Warn),
    ("hide", FilterAction::Hide),
    ("blur", FilterAction::Blur),
];

/// The context with this name.
pub(crate) fn context_named(name: &str) -> Option<FilterContext> {
    let named = CONTEXTS.iter().find(|(known, _)| *known == name);
    named.map(|(_, context)| *context)
}

/// The action with this name.
pub(crate) fn action_named(name: &str) -> Option<FilterAction> {
    let named = ACTIONS.iter().find(|(known, _)| *known == name);
    named.map(|(_, action)| *action)
}

impl Filter {
    /// With its keywords and statuses.
    pub(crate) fn of(filter: &AccountFilter) -> Self {
        let keywords = filter.keywords.iter().map(FilterKeyword::of);
        let statuses = filter.posts.iter().map(FilterStatus::of);
        Self {
            keywords: Some(keywords.collect()),
            statuses: Some(statuses.collect()),
            ..Self::alone(filter)
        }
    }

    /// Without them.
    pub(crate) fn alone(filter: &AccountFilter) -> Self {
        let action = filter.action();
        let named = ACTIONS.iter().find(|(_, known)| *known == action);
        Self {
            id: FilterId::new(filter.id),
            title: filter.title.clone(),
            context: context_names(filter),
            expires_at: moment::optional(filter.expires_at_us),
            filter_action: named.map_or("warn", |(name, _)| name),
            keywords: None,
            statuses: None,
        }
    }
}

impl FilterKeyword {
    pub(crate) fn of(keyword: &graph::FilterKeyword) -> Self {
        Self {
            id: FilterKeywordId::new(keyword.id),
            keyword: keyword.keyword.clone(),
            whole_word: keyword.whole_word,
        }
    }
}

impl FilterStatus {
    pub(crate) fn of(post: &graph::FilteredPost) -> Self {
        Self {
            id: FilteredPostId::new(post.id),
            status_id: PostId::new(post.post_id),
        }
    }
}

impl V1Filter {
    pub(crate) fn of(filter: &AccountFilter, keyword: &graph::FilterKeyword) -> Self {
        Self {
            id: FilterKeywordId::new(keyword.id),
            phrase: keyword.keyword.clone(),
            context: context_names(filter),
            whole_word: keyword.whole_word,
            expires_at: moment::optional(filter.expires_at_us),
            irreversible: filter.action() == FilterAction::Hide,
        }
    }
}

impl FilterResult {
    /// The most bytes of one beside its texts and statuses: names, an id, a date.
    const BYTES_MAX: usize = 320;
    const STATUS_BYTES_MAX: usize = 24;
    pub(crate) fn of(one: &FilterMatch) -> Self {
        Self {
            filter: Filter::alone(&one.filter),
            keyword_matches: one.keyword.iter().cloned().collect(),
            status_matches: one.posts.iter().map(|id| PostId::new(*id)).collect(),
        }
    }

    /// How many bytes its JSON has where nothing in it has to be escaped.
    pub(crate) fn length(one: &FilterMatch) -> usize {
        let keyword = one.keyword.as_deref().unwrap_or_default();
        let texts = one.filter.title.len() + keyword.len();
        Self::BYTES_MAX + texts + Self::STATUS_BYTES_MAX * one.posts.len()
    }
}

fn context_names(filter: &AccountFilter) -> Vec<&'static str> {
    let named = CONTEXTS.iter();
    let named = named.filter(|(_, context)| filter.contexts().any(|one| one == *context));
    named.map(|(name, _)| *name).collect()
}
