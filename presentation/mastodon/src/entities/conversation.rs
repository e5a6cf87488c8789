//! Direct statuses that answer one another.

use business_posts_gateway::PostId;
use presentation_kit::Site;
use presentation_kit::reader::ShownConversation;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Status, status};

/// Direct statuses that answer one another.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Conversation {
    id: PostId,
    /// Whether there is something of another since one has read it.
    unread: bool,
    /// The others in it.
    accounts: Vec<Account>,
    /// The latest one that one wrote or is mentioned in; `null` for a token that may only write.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status: Option<Status>,
}

/// One of them as JSON, with its latest status or without.
///
/// # Errors
/// When it cannot be written, which would be a fault of this program.
pub(crate) fn write(
    site: &Site,
    shown: &ShownConversation,
    is_read: bool,
    json: &mut Vec<u8>,
) -> serde_json::Result<()> {
    let people = shown.people.iter();
    let conversation = Conversation {
        id: PostId::new(shown.conversation.id),
        unread: shown.conversation.unread,
        accounts: people.map(|person| Account::of(site, person)).collect(),
        last_status: None,
    };
    serde_json::to_writer(&mut *json, &conversation)?;
    // The status is JSON already, and goes in before the end of the object.
    json.pop();
    json.extend_from_slice(b",\"last_status\":");
    match is_read {
        true => status::write(site, &shown.last, json),
        false => json.extend_from_slice(b"null"),
    }
    json.push(b'}');
    Ok(())
}

/// Conversations as a list.
///
/// # Errors
/// As for [`write()`].
pub(crate) fn list(
    site: &Site,
    conversations: &[ShownConversation],
) -> serde_json::Result<Vec<u8>> {
    super::list(conversations, |shown, json| write(site, shown, true, json))
}
