//! What somebody was told, likes and reshares of one post and follows as one each.

use std::collections::HashSet;
use std::sync::Arc;

use infra_kernel::AccountId;
use presentation_kit::reader::ToldGroup;
use presentation_kit::{Person, Site};
use product_notifications_gateway::NotificationId;
use schemars::JsonSchema;
use serde::Serialize;

use super::account::PartialAccount;
use super::{Account, Status, moment, notification, status};

/// Groups of notifications, with the accounts and statuses that they name, each once.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GroupedNotificationsResults {
    accounts: Vec<Account>,
    /// With `expand_accounts=partial_avatars` those of a group but its latest, where they are not
    /// among `accounts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_accounts: Option<Vec<PartialAccount>>,
    statuses: Vec<Status>,
    notification_groups: Vec<NotificationGroup>,
}

/// Notifications that are told as one.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NotificationGroup {
    group_key: String,
    /// How many notifications it holds: of all groups of a page together at most 1,000.
    notifications_count: usize,
    #[serde(rename = "type")]
    kind: &'static str,
    /// A number, as Mastodon writes it.
    most_recent_notification_id: u64,
    /// The oldest of the group that is on the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_min_id: Option<NotificationId>,
    /// The newest of the group that is on the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    page_max_id: Option<NotificationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_page_notification_at: Option<String>,
    /// Who did it, the latest first; at most eight.
    sample_account_ids: Vec<AccountId>,
    /// The status that it is about; none for "follow" and "follow_request".
    #[serde(skip_serializing_if = "Option::is_none")]
    status_id: Option<String>,
}

/// How the accounts of groups are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expand {
    Full,
    PartialAvatars,
}

impl NotificationGroup {
    fn of(told: &ToldGroup) -> Self {
        let latest = &told.latest;
        let people = told.people.iter();
        Self {
            group_key: notification::group_key(latest, told.group),
            notifications_count: told.count,
            kind: notification::name_of(latest),
            most_recent_notification_id: latest.id,
            page_min_id: told.page.map(|page| page.oldest),
            page_max_id: told.page.map(|page| page.newest),
            latest_page_notification_at: told.page.map(|_| moment::date_time(latest.created_at_us)),
            sample_account_ids: people.map(|one| AccountId::new(one.account.id)).collect(),
            status_id: Some(latest.post_id)
                .filter(|id| *id != 0)
                .map(|id| id.to_string()),
        }
    }
}

/// Groups as JSON: a [`GroupedNotificationsResults`].
///
/// # Errors
/// When it cannot be written, which would be a fault of this program.
pub(crate) fn write(
    site: &Site,
    groups: &[ToldGroup],
    expand: Expand,
) -> serde_json::Result<Vec<u8>> {
    let shown_whole = match expand {
        Expand::Full => usize::MAX,
        Expand::PartialAvatars => 1,
    };
    let mut seen = HashSet::new();
    let mut once = |person: &&Arc<Person>| seen.insert(person.account.id);
    let named = groups
        .iter()
        .flat_map(|told| told.people.iter().take(shown_whole));
    let accounts = named
        .filter(&mut once)
        .map(|person| Account::of(site, person));
    let accounts: Vec<Account> = accounts.collect();
    let others = groups.iter().flat_map(|told| told.people.iter().skip(1));
    let others = others
        .filter(&mut once)
        .map(|person| PartialAccount::of(site, person));
    let others: Vec<PartialAccount> = others.collect();

    let mut json = b"{\"accounts\":".to_vec();
    serde_json::to_writer(&mut json, &accounts)?;
    if expand == Expand::PartialAvatars {
        json.extend_from_slice(b",\"partial_accounts\":");
        serde_json::to_writer(&mut json, &others)?;
    }
    json.extend_from_slice(b",\"statuses\":[");
    write_statuses(site, groups, &mut json);
    json.extend_from_slice(b"],\"notification_groups\":");
    let groups: Vec<_> = groups.iter().map(NotificationGroup::of).collect();
    serde_json::to_writer(&mut json, &groups)?;
    json.push(b'}');
    Ok(json)
}

/// The statuses of groups, each once.
fn write_statuses(site: &Site, groups: &[ToldGroup], json: &mut Vec<u8>) {
    let mut seen = HashSet::new();
    let posts = groups.iter().filter_map(|told| told.post.as_ref());
    for post in posts.filter(|post| seen.insert(post.card.head.id)) {
        if !json.ends_with(b"[") {
            json.push(b',');
        }
        status::write(site, post, json);
    }
}
