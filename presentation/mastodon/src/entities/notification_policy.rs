//! What an account does with notifications of those whom it may not expect.

use presentation_kit::reader::Held;
use product_notifications_gateway::{Action, Policy};
use schemars::JsonSchema;
use serde::Serialize;

/// What one does with notifications of those whom one may not expect: "accept", "filter" or "drop".
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NotificationPolicy {
    for_not_following: &'static str,
    for_not_followers: &'static str,
    for_new_accounts: &'static str,
    for_private_mentions: &'static str,
    for_limited_accounts: &'static str,
    summary: Summary,
}

/// The same as the first version of it says it: whether they are told only once they are accepted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "V1NotificationPolicy")]
pub(crate) struct FirstPolicy {
    filter_not_following: bool,
    filter_not_followers: bool,
    filter_new_accounts: bool,
    filter_private_mentions: bool,
    summary: Summary,
}

/// How much waits for being accepted.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "NotificationPolicySummary")]
struct Summary {
    /// Of how many accounts; the latest 80 are counted.
    pending_requests_count: u32,
    pending_notifications_count: u32,
}

/// The names of the actions.
const ACTIONS: [(&str, Action); 3] = [
    ("accept", Action::Accept),
    ("filter", Action::Filter),
    ("drop", Action::Drop),
];

/// The action with this name.
pub(crate) fn action_named(name: &str) -> Option<Action> {
    let named = ACTIONS.iter().find(|(known, _)| *known == name);
    named.map(|(_, action)| *action)
}

fn name_of(action: Action) -> &'static str {
    let named = ACTIONS.iter().find(|(_, known)| *known == action);
    named.map_or("accept", |(name, _)| name)
}

impl NotificationPolicy {
    pub(crate) fn of(policy: &Policy, held: Held) -> Self {
        Self {
            for_not_following: name_of(policy.for_not_following()),
            for_not_followers: name_of(policy.for_not_followers()),
            for_new_accounts: name_of(policy.for_new_accounts()),
            for_private_mentions: name_of(policy.for_private_mentions()),
            for_limited_accounts: name_of(policy.for_limited_accounts()),
            summary: Summary::of(held),
        }
    }
}

impl FirstPolicy {
    pub(crate) fn of(policy: &Policy, held: Held) -> Self {
        let is_filtered = |action| action != Action::Accept;
        Self {
            filter_not_following: is_filtered(policy.for_not_following()),
            filter_not_followers: is_filtered(policy.for_not_followers()),
            filter_new_accounts: is_filtered(policy.for_new_accounts()),
            filter_private_mentions: is_filtered(policy.for_private_mentions()),
            summary: Summary::of(held),
        }
    }
}

impl Summary {
    const fn of(held: Held) -> Self {
        Self {
            pending_requests_count: held.requests,
            pending_notifications_count: held.notifications,
        }
    }
}
