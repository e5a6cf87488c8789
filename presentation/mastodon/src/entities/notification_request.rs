//! Notifications that are held, by who sent them.

use presentation_kit::Site;
use presentation_kit::reader::ShownRequest;
use product_notifications_gateway::NotificationId;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Status, moment, status};

/// Notifications by one account that wait for being accepted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NotificationRequest {
    id: NotificationId,
    /// When the first of them happened.
    created_at: String,
    /// When the last of them happened.
    updated_at: String,
    /// How many there are, as a text.
    notifications_count: String,
    account: Account,
    /// The latest status that they are about; `null` where there is none that one may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<Status>,
}

/// One of them as JSON.
///
/// # Errors
/// When it cannot be written, which would be a fault of this program.
pub(crate) fn write(
    site: &Site,
    shown: &ShownRequest,
    json: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let request = NotificationRequest {
        id: NotificationId::new(shown.request.id),
        created_at: moment::date_time(shown.request.created_at_us),
        updated_at: moment::date_time(shown.request.updated_at_us),
        notifications_count: shown.request.notifications_count.to_string(),
        account: Account::of(site, &shown.from),
        last_status: None,
    };
    serde_json::to_writer(&mut *json, &request)?;
    // The status is JSON already, and goes in before the end of the object.
    json.pop();
    json.extend_from_slice(b",\"last_status\":");
    match &shown.last {
        Some(last) => status::write(site, last, json),
        None => json.extend_from_slice(b"null"),
    }
    json.push(b'}');
    Ok(())
}

/// Requests as a list.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn list(site: &Site, requests: &[ShownRequest]) -> serde_json::Result<Vec<u8>> {
    super::list(requests, |shown, json| write(site, shown, json))
}
