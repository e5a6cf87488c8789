//! What somebody was told.

use presentation_kit::Site;
use presentation_kit::reader::Told;
use product_notifications_gateway::{Kind, NotificationId};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Status, moment, status};

/// What somebody was told.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Notification {
    id: NotificationId,
    /// "favourite", "mention", "follow", "follow_request", "reblog" or "update".
    #[serde(rename = "type")]
    kind: &'static str,
    created_at: String,
    /// "ungrouped-" and the id: nothing is grouped.
    group_key: String,
    /// Who did it.
    account: Account,
    /// The status that it is about; none for "follow" and "follow_request".
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
}

/// The names of the kinds of notifications.
const NAMES: [(&str, Kind); 6] = [
    ("favourite", Kind::Favourite),
    ("mention", Kind::Mention),
    ("follow", Kind::Follow),
    ("follow_request", Kind::FollowRequest),
    ("reblog", Kind::Reshare),
    ("update", Kind::Edit),
];

/// The kind that has this name, if there is one.
pub(crate) fn kind_named(name: &str) -> Option<Kind> {
    let named = NAMES.iter().find(|(known, _)| *known == name);
    named.map(|(_, kind)| *kind)
}

impl Notification {
    /// One without its status.
    fn of(site: &Site, told: &Told) -> Self {
        let notification = &told.notification;
        let kind = notification.kind();
        let name = NAMES.iter().find(|(_, known)| *known == kind);
        Self {
            id: notification.notification(),
            kind: name.map_or("", |(name, _)| name),
            created_at: moment::date_time(notification.created_at_us),
            group_key: format!("ungrouped-{}", notification.id),
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
    let mut json = vec![b'['];
    for (index, told) in told.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        write(site, told, &mut json)?;
    }
    json.push(b']');
    Ok(json)
}
