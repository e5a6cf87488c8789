//! Which notifications are asked for.

use infra_kernel::AccountId;
use presentation_kit::extract::lenient;
use product_notifications_gateway::Filter;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::entities::notification::kind_named;

/// Which notifications are asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FilterQuery {
    /// Only of these types: "favourite", "mention", "follow", "follow_request", "reblog", "status";
    /// all when it does not say. There is nothing of other types.
    #[serde(deserialize_with = "lenient::list")]
    types: Vec<String>,
    /// None of these types.
    #[serde(deserialize_with = "lenient::list")]
    exclude_types: Vec<String>,
    /// Only what this account did.
    #[serde(deserialize_with = "lenient::text")]
    account_id: Option<String>,
    /// Also those that wait for being accepted; counts leave them out all the same.
    #[serde(deserialize_with = "lenient::truth")]
    include_filtered: Option<bool>,
}

impl FilterQuery {
    /// The same for the domain; none when nothing can pass.
    pub(super) fn filter(&self) -> Option<Filter> {
        let kinds = kinds_of(&self.types);
        if kinds.is_empty() && !self.types.is_empty() {
            return None;
        }
        let from_id = match self.account_id.as_deref() {
            None | Some("") => 0,
            Some(text) => text.parse::<AccountId>().ok()?.get(),
        };
        Some(Filter {
            kinds,
            unwanted_kinds: kinds_of(&self.exclude_types),
            from_id,
            with_held: self.include_filtered.unwrap_or_default(),
        })
    }
}

fn kinds_of(names: &[String]) -> Vec<i32> {
    let kinds = names.iter().filter_map(|name| kind_named(name));
    kinds.map(Into::into).collect()
}
