//! How the viewer stands to another account.

use business_graph_gateway::Relationship as Graph;
use infra_kernel::AccountId;
use schemars::JsonSchema;
use serde::Serialize;

use super::moment;

/// How the viewer stands to another account.
#[derive(Debug, Serialize, JsonSchema)]
#[allow(clippy::struct_excessive_bools)] // The shape is Mastodon's.
pub(crate) struct Relationship {
    /// The other account.
    id: AccountId,
    following: bool,
    showing_reblogs: bool,
    notifying: bool,
    languages: (),
    followed_by: bool,
    blocking: bool,
    blocked_by: bool,
    muting: bool,
    muting_notifications: bool,
    /// When the mute ends by itself.
    muting_expires_at: Option<String>,
    requested: bool,
    requested_by: bool,
    domain_blocking: bool,
    endorsed: bool,
    /// What the viewer wrote down about the account; nobody else learns of it.
    note: String,
}

impl Relationship {
    /// How the viewer stands to this account, by what the graph knows, and what they wrote down
    /// about it; nothing known is no relationship.
    pub(crate) fn of(id: u64, graph: Option<&Graph>, note: Option<String>) -> Self {
        let graph = graph.copied().unwrap_or_default();
        // Or will, once let in.
        let follows = graph.following || graph.requested;
        Self {
            id: AccountId::new(id),
            following: graph.following,
            showing_reblogs: follows && graph.show_reblogs,
            notifying: follows && graph.notify,
            languages: (),
            followed_by: graph.followed_by,
            blocking: graph.blocking,
            blocked_by: graph.blocked_by,
            muting: graph.muting,
            muting_notifications: graph.muting_notifications,
            muting_expires_at: moment::optional(graph.mute_expires_at_us),
            requested: graph.requested,
            requested_by: graph.requested_by,
            domain_blocking: false,
            endorsed: false,
            note: note.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn no_relationship_is_still_complete() {
        let expected = json!({
            "id": "9", "following": false, "showing_reblogs": false, "notifying": false, "languages": null,
            "followed_by": false, "blocking": false, "blocked_by": false, "muting": false,
            "muting_notifications": false, "muting_expires_at": null, "requested": false, "requested_by": false, "domain_blocking": false,
            "endorsed": false, "note": "",
        });
        assert_eq!(to_value(Relationship::of(9, None, None)).unwrap(), expected);
    }
}
