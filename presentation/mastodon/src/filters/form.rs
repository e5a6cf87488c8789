//! What is sent of filters.

use business_graph_gateway::{FilterAction, FilterContext, FilterContexts, KeywordChange};
use infra_kernel::Error;
use presentation_kit::extract::lenient;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::filter::{action_named, context_named};

/// What a filter is to be.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FilterForm {
    /// At most 256 characters.
    #[serde(deserialize_with = "lenient::text")]
    pub(super) title: Option<String>,
    /// Where it acts: at least one of "home", "notifications", "public", "thread", "account".
    #[serde(deserialize_with = "lenient::optional_list")]
    context: Option<Vec<String>>,
    /// What is to become of what it matches: "warn", "hide" or "blur"; "warn" when a new one does
    /// not say.
    #[serde(deserialize_with = "lenient::text")]
    filter_action: Option<String>,
    /// Seconds until it ends by itself; 0, or nothing, for one that does not.
    #[serde(deserialize_with = "lenient::text")]
    expires_in: Option<String>,
    /// Its keywords: new ones, and by their ids those to change or remove. At most 500.
    keywords_attributes: Vec<KeywordsForm>,
}

/// A keyword among others.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct KeywordsForm {
    /// Which one; none for a new one.
    #[serde(deserialize_with = "lenient::text")]
    id: Option<String>,
    /// At most 512 characters.
    #[serde(deserialize_with = "lenient::text")]
    keyword: Option<String>,
    /// Whether it is not found within a longer word; yes when a new one does not say.
    #[serde(deserialize_with = "lenient::truth")]
    whole_word: Option<bool>,
    /// Whether it goes.
    #[serde(rename = "_destroy", deserialize_with = "lenient::truth")]
    destroy: Option<bool>,
}

/// A keyword by itself.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct KeywordForm {
    /// At most 512 characters.
    #[serde(deserialize_with = "lenient::text")]
    keyword: Option<String>,
    /// Whether it is not found within a longer word; yes when a new one does not say.
    #[serde(deserialize_with = "lenient::truth")]
    whole_word: Option<bool>,
}

/// A status to add to a filter.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct StatusForm {
    #[serde(deserialize_with = "lenient::text")]
    pub(super) status_id: Option<String>,
}

/// What a filter of one keyword is to be.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct V1FilterForm {
    /// What it looks for; at most 256 characters.
    #[serde(deserialize_with = "lenient::text")]
    pub(super) phrase: Option<String>,
    /// Where it acts: at least one of "home", "notifications", "public", "thread", "account".
    #[serde(deserialize_with = "lenient::optional_list")]
    context: Option<Vec<String>>,
    /// Whether what it matches is to be hidden, and not only warned of; not when a new one does not
    /// say.
    #[serde(deserialize_with = "lenient::truth")]
    irreversible: Option<bool>,
    /// Whether it is not found within a longer word; yes when a new one does not say.
    #[serde(deserialize_with = "lenient::truth")]
    whole_word: Option<bool>,
    /// Seconds until it ends by itself; 0, or nothing, for one that does not.
    #[serde(deserialize_with = "lenient::text")]
    expires_in: Option<String>,
}

impl FilterForm {
    pub(super) fn contexts(&self) -> Option<FilterContexts> {
        contexts_of(self.context.as_deref())
    }

    pub(super) fn action(&self) -> Result<FilterAction, Error> {
        let name = self.filter_action.as_deref().unwrap_or_default();
        if name.is_empty() {
            return Ok(FilterAction::Unspecified);
        }
        action_named(name).ok_or_else(|| {
            // In Mastodon's words.
            let sentence = "Validation failed: Action is not included in the list";
            Error::invalid("filter_action", sentence)
        })
    }

    pub(super) fn seconds(&self) -> Result<Option<u64>, Error> {
        seconds_of(self.expires_in.as_deref())
    }

    pub(super) fn keywords(&mut self) -> Result<Vec<KeywordChange>, Error> {
        let forms = std::mem::take(&mut self.keywords_attributes).into_iter();
        forms
            .filter(KeywordsForm::says_something)
            .map(KeywordsForm::change)
            .collect()
    }
}

impl KeywordsForm {
    /// As in Mastodon, a row of a form that was not filled in is none.
    fn says_something(&self) -> bool {
        let given = [&self.id, &self.keyword].into_iter().flatten();
        self.whole_word == Some(true) || given.into_iter().any(|text| !text.trim().is_empty())
    }

    fn change(self) -> Result<KeywordChange, Error> {
        let id = self.id.as_deref().unwrap_or_default().trim();
        let none = |_| Error::not_found("keyword").for_field("keywords_attributes");
        Ok(KeywordChange {
            id: if id.is_empty() {
                0
            } else {
                id.parse().map_err(none)?
            },
            keyword: self.keyword,
            whole_word: self.whole_word,
            remove: self.destroy.unwrap_or_default(),
        })
    }
}

impl KeywordForm {
    /// A change of this keyword; of a new one for 0.
    pub(super) fn change(self, id: u64) -> KeywordChange {
        KeywordChange {
            id,
            keyword: self.keyword,
            whole_word: self.whole_word,
            remove: false,
        }
    }
}

impl V1FilterForm {
    pub(super) fn contexts(&self) -> Option<FilterContexts> {
        contexts_of(self.context.as_deref())
    }

    pub(super) const fn action(&self) -> FilterAction {
        match self.irreversible {
            None => FilterAction::Unspecified,
            Some(false) => FilterAction::Warn,
            Some(true) => FilterAction::Hide,
        }
    }

    pub(super) fn seconds(&self) -> Result<Option<u64>, Error> {
        seconds_of(self.expires_in.as_deref())
    }

    /// A change of this keyword; of a new one for 0.
    pub(super) fn keyword(&self, id: u64) -> KeywordChange {
        KeywordChange {
            id,
            keyword: self.phrase.clone(),
            whole_word: self.whole_word,
            remove: false,
        }
    }
}

/// What is no context is sent on as such, and refused with whatever else is wrong.
fn contexts_of(names: Option<&[String]>) -> Option<FilterContexts> {
    let named = |name: &str| context_named(name).unwrap_or(FilterContext::Unspecified);
    let names = names?.iter().map(|name| name.trim());
    let named = names.filter(|name| !name.is_empty()).map(named);
    Some(FilterContexts {
        contexts: named.map(Into::into).collect(),
    })
}

/// None when it does not say, and 0 for what does not end.
fn seconds_of(text: Option<&str>) -> Result<Option<u64>, Error> {
    match text.map(str::trim) {
        None => Ok(None),
        Some("") => Ok(Some(0)),
        Some(text) => {
            let none = |_| {
                let sentence =
                    "`expires_in` is not as it should be: expected a number, 0 or above.";
                Error::invalid("expires_in", sentence)
            };
            text.parse().map(Some).map_err(none)
        }
    }
}
