//! A report, as who sent it sees it.

use business_moderation_gateway::{Case, CaseId};
use business_posts_gateway::PostId;
use presentation_kit::{Person, Site};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, Empty, moment};

/// A report, as who sent it sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Report {
    id: CaseId,
    /// Whether it is closed.
    action_taken: bool,
    action_taken_at: Option<String>,
    /// "other", "spam", "legal" or "violation".
    category: &'static str,
    comment: String,
    /// Whether another server was told; there is none yet.
    forwarded: bool,
    created_at: String,
    status_ids: Vec<PostId>,
    /// The rules that are broken; this server has none to name.
    rule_ids: Empty,
    /// Who is reported.
    target_account: Account,
}

impl Report {
    pub(crate) fn of(site: &Site, case: &Case, target: &Person) -> Self {
        Self {
            id: case.case(),
            action_taken: case.resolved,
            action_taken_at: moment::optional(case.resolved_at_us),
            category: case.category().name(),
            comment: case.comment.clone(),
            forwarded: false,
            created_at: moment::date_time(case.created_at_us),
            status_ids: case.post_ids().map(PostId::new).collect(),
            rule_ids: [],
            target_account: Account::of(site, target),
        }
    }
}
