//! A list of accounts.

use business_graph_gateway::{AccountList, ListId, RepliesPolicy};
use schemars::JsonSchema;
use serde::Serialize;

/// A list of accounts that one follows.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct List {
    id: ListId,
    title: String,
    /// Which replies stand in its timeline: "list", "followed" or "none".
    replies_policy: &'static str,
    /// Whether who is on it is kept out of one's home timeline.
    exclusive: bool,
}

/// The names of the policies.
const POLICIES: [(&str, RepliesPolicy); 3] = [
    ("list", RepliesPolicy::List),
    ("followed", RepliesPolicy::Followed),
    ("none", RepliesPolicy::None),
];

/// The policy with this name.
pub(crate) fn policy_named(name: &str) -> Option<RepliesPolicy> {
    let named = POLICIES.iter().find(|(known, _)| *known == name);
    named.map(|(_, policy)| *policy)
}

impl List {
    pub(crate) fn of(list: &AccountList) -> Self {
        let policy = list.replies_policy();
        let named = POLICIES.iter().find(|(_, known)| *known == policy);
        Self {
            id: ListId::new(list.id),
            title: list.title.clone(),
            replies_policy: named.map_or("list", |(name, _)| name),
            exclusive: list.exclusive,
        }
    }
}
