//! Something that happened to a report.

use business_moderation_gateway::CaseEvent;
use business_moderation_gateway::case_event::What;
use business_posts_gateway::PostId;
use infra_kernel::AccountId;
use presentation_kit::{Person, Site};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Account, moment};

/// Something that happened to a report. Not in Mastodon.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ReportEvent {
    /// From 1 on.
    number: u64,
    created_at: String,
    /// "report", "assign", "unassign", "resolve", "reopen", "categorise" or "note".
    #[serde(rename = "type")]
    kind: &'static str,
    /// Who did it; none who has gone.
    account: Option<Account>,
    /// Of "assign": who looks after the report since then.
    assigned_account_id: Option<AccountId>,
    /// Of "report" and "categorise".
    category: Option<&'static str>,
    /// Of "report" and "note": the comment, or the note.
    text: Option<String>,
    /// Of "report": what was reported.
    statuses: Vec<ReportedStatus>,
}

/// A status as it was when it was reported.
#[derive(Debug, Serialize, JsonSchema)]
struct ReportedStatus {
    id: PostId,
    /// Grows with every change of the status.
    revision: String,
}

impl ReportEvent {
    pub(crate) fn of(site: &Site, event: &CaseEvent, actor: Option<&Person>) -> Self {
        let base = Self {
            number: event.number,
            created_at: moment::date_time(event.occurred_at_us),
            account: actor.map(|person| Account::of(site, person)),
            ..Self::default()
        };
        let of_kind = |kind| Self { kind, ..base };
        match &event.what {
            Some(What::Opened(opened)) => Self {
                category: Some(opened.category().name()),
                text: Some(opened.comment.clone()),
                statuses: opened
                    .evidence
                    .iter()
                    .map(|post| ReportedStatus {
                        id: PostId::new(post.post_id),
                        revision: post.revision.to_string(),
                    })
                    .collect(),
                ..of_kind("report")
            },
            Some(What::Assigned(assigned)) => Self {
                assigned_account_id: Some(AccountId::new(assigned.assignee_id)),
                ..of_kind("assign")
            },
            Some(What::Unassigned(_)) => of_kind("unassign"),
            Some(What::Resolved(_)) => of_kind("resolve"),
            Some(What::Reopened(_)) => of_kind("reopen"),
            Some(What::Categorised(to)) => Self {
                category: Some(to.category().name()),
                ..of_kind("categorise")
            },
            Some(What::NoteAdded(note)) => Self {
                text: Some(note.text.clone()),
                ..of_kind("note")
            },
            None => of_kind(""),
        }
    }
}
