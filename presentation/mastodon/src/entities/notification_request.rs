//! Notifications that are held, by who sent them.

use infra_kernel::AccountId;
use presentation_kit::Site;
use presentation_kit::reader::ShownRequest;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Status, moment, status};

/// Notifications by one account that wait for being accepted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NotificationRequest {
    /// The id of the account.
    id: AccountId,
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
    let times = || shown.notifications.iter().map(|one| one.created_at_us);
    let request = NotificationRequest {
        id: shown.from.account.id(),
        created_at: moment::date_time(times().min().unwrap_or_default()),
        updated_at: moment::date_time(times().max().unwrap_or_default()),
        notifications_count: shown.notifications.len().to_string(),
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
