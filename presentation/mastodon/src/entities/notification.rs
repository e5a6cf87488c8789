//! What somebody was told.

use business_posts_gateway::PostId;
use presentation_kit::Site;
use presentation_kit::reader::Told;
use product_notifications_gateway::{Group, Kind, NotificationId};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Status, moment, status};

/// What somebody was told.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Notification {
    id: NotificationId,
    /// "favourite", "mention", "follow", "follow_request", "reblog", "status" or "update".
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    /// The same for what is told as one; else "ungrouped-" and the id.
    group_key: String,
    /// Who did it.
    account: Account,
    /// The status that it is about; none for "follow" and "follow_request".
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// The names of the kinds of notifications.
const NAMES: [(&str, Kind); 7] = [
    ("favourite", Kind::Favourite),
    ("mention", Kind::Mention),
    ("follow", Kind::Follow),
    ("follow_request", Kind::FollowRequest),
    ("reblog", Kind::Reshare),
    ("status", Kind::NewPost),
    ("update", Kind::Edit),
];

/// Before the id of a notification that stands by itself.
const UNGROUPED: &str = "ungrouped-";

/// What a group key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKey {
    Alone(NotificationId),
    Group(Group),
}

/// The name of a notification's kind.
pub(crate) fn name_of(notification: &product_notifications_gateway::Notification) -> &'static str {
    let kind = notification.kind();
    let name = NAMES.iter().find(|(_, known)| *known == kind);
    name.map_or("", |(name, _)| name)
}

/// The key of the group that a notification is shown in, if it is in one.
pub(crate) fn group_key(
    notification: &product_notifications_gateway::Notification,
    group: Option<Group>,
) -> String {
    let name = name_of(notification);
    match group {
        None => format!("{UNGROUPED}{}", notification.id),
        Some(Group {
            post_id: 0, hour, ..
        }) => format!("{name}-{hour}"),
        Some(Group { post_id, hour, .. }) => format!("{name}-{post_id}-{hour}"),
    }
}

impl GroupKey {
    /// What this key names, if it is one.
    pub(crate) fn read(key: &str) -> Option<Self> {
        if let Some(id) = key.strip_prefix(UNGROUPED) {
            return Some(Self::Alone(id.parse().ok()?));
        }
        let (name, rest) = key.split_once('-')?;
        let kind = kind_named(name).filter(|kind| kind.is_grouped())?;
        let (post_id, hour) = match rest.split_once('-') {
            Some((post, hour)) => (post.parse::<PostId>().ok()?.get(), hour),
            None => (0, rest),
        };
        let hour = hour.parse().ok().filter(|hour| *hour > 0)?;
        Some(Self::Group(Group {
            kind: kind.into(),
            post_id,
            hour,
        }))
    }
}

/// The kind that has this name, if there is one.
pub(crate) fn kind_named(name: &str) -> Option<Kind> {
    let named = NAMES.iter().find(|(known, _)| *known == name);
    named.map(|(_, kind)| *kind)
}

impl Notification {
    /// One without its status.
    fn of(site: &Site, told: &Told) -> Self {
        let notification = &told.notification;
        Self {
            id: notification.notification(),
            kind: name_of(notification),
            created_at: moment::date_time(notification.created_at_us),
            group_key: group_key(notification, notification.group()),
            account: Account::of(site, &told.from),
            status: None,
        }
    }
}

/// One notification as JSON.
///
/// # Errors
/// When it cannot be written, which would be a fault of this program.
pub(crate) fn write(site: &Site, told: &Told, json: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *json, &Notification::of(site, told))?;
    if let Some(post) = &told.post {
        // The status is JSON already, and goes in before the end of the object.
        json.pop();
        json.extend_from_slice(b",\"status\":");
        status::write(site, post, json);
        json.push(b'}');
    }
    Ok(())
}

/// Notifications as a list.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn list(site: &Site, told: &[Told]) -> serde_json::Result<Vec<u8>> {
    super::list(told, |told, json| write(site, told, json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_the_key_that_it_is_shown_with() {
        let notification =
            |kind: Kind, post_id, group_hour| product_notifications_gateway::Notification {
                id: 7,
                kind: kind.into(),
                post_id,
                group_hour,
                ..Default::default()
            };
        for (notification, expected) in [
            (
                notification(Kind::Favourite, 12, 490_000),
                "favourite-12-490000",
            ),
            (notification(Kind::Reshare, 12, 490_000), "reblog-12-490000"),
            (notification(Kind::Follow, 0, 490_000), "follow-490000"),
            (notification(Kind::Follow, 0, 0), "ungrouped-7"),
            (notification(Kind::Mention, 12, 0), "ungrouped-7"),
        ] {
            let key = group_key(&notification, notification.group());
            assert_eq!(key, expected);
            let expected = match notification.group() {
                None => GroupKey::Alone(NotificationId::new(7)),
                Some(group) => GroupKey::Group(group),
            };
            assert_eq!(GroupKey::read(&key), Some(expected));
        }
        for nothing in [
            "",
            "1",
            "ungrouped-",
            "ungrouped-x",
            "ungrouped-0",
            "follow",
            "follow-",
            "follow-x",
            "follow-0",
            "follow--1",
            "mention-12-490000",
            "favourite-x-490000",
            "favourite-12-",
            "favourite-12-4900000000000",
            "favourite-12-49-1",
            "nonsense-12-490000",
        ] {
            assert_eq!(GroupKey::read(nothing), None, "{nothing}");
        }
    }
}
