//! A case as its events: what they come to, and which of them a change makes. Nothing in here
//! knows a database, a clock or who may do what.

use business_moderation_gateway::case_event::What;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    Case, CaseAssigned, CaseCategorised, CaseEvent, CaseReopened, CaseResolved, CaseUnassigned,
    Category, NoteAdded,
};

/// Events that are no history of a case: the database holds something that this program did not
/// write, or a later one did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenHistory {
    #[error("an event of case {case} has the number {found} where {expected} comes next")]
    Gap {
        case: u64,
        expected: u64,
        found: u64,
    },
    #[error("case {case} does not begin with its report")]
    NotOpened { case: u64 },
    #[error("event {number} of case {case} is of a kind that this version does not know")]
    Unknown { case: u64, number: u64 },
}

/// What a case is after one more event; `before` is none for the first.
pub(crate) fn fold(before: Option<Case>, event: &CaseEvent) -> Result<Case, BrokenHistory> {
    let (case, number) = (event.case_id, event.number);
    let expected = 1 + before.as_ref().map_or(0, |before| before.events_count);
    if number != expected {
        let found = number;
        return Err(BrokenHistory::Gap {
            case,
            expected,
            found,
        });
    }
    let what = event.what.as_ref();
    let what = what.ok_or(BrokenHistory::Unknown { case, number })?;
    let after = match (before, what) {
        (None, What::Opened(opened)) => Case {
            id: case,
            reporter_id: event.actor_id,
            target_id: opened.target_id,
            category: opened.category,
            comment: opened.comment.clone(),
            evidence: opened.evidence.clone(),
            created_at_us: event.occurred_at_us,
            ..Case::default()
        },
        (None, _) | (Some(_), What::Opened(_)) => return Err(BrokenHistory::NotOpened { case }),
        (Some(before), what) => changed(before, what, event),
    };
    Ok(Case {
        updated_at_us: event.occurred_at_us,
        events_count: number,
        ..after
    })
}

/// What an open case is after something other than its report.
fn changed(before: Case, what: &What, event: &CaseEvent) -> Case {
    match what {
        // The report comes first, and only first.
        What::Opened(_) => before,
        What::Assigned(assigned) => Case {
            assignee_id: assigned.assignee_id,
            ..before
        },
        What::Unassigned(CaseUnassigned {}) => Case {
            assignee_id: 0,
            ..before
        },
        What::Resolved(CaseResolved {}) => Case {
            resolved: true,
            resolved_at_us: event.occurred_at_us,
            resolver_id: event.actor_id,
            ..before
        },
        What::Reopened(CaseReopened {}) => Case {
            resolved: false,
            resolved_at_us: 0,
            resolver_id: 0,
            ..before
        },
        What::Categorised(categorised) => Case {
            category: categorised.category,
            ..before
        },
        What::NoteAdded(_) => Case {
            notes_count: before.notes_count + 1,
            ..before
        },
    }
}

/// What all of these events come to, in their order; none when there are none.
pub(crate) fn fold_all<'e>(
    events: impl IntoIterator<Item = &'e CaseEvent>,
) -> Result<Option<Case>, BrokenHistory> {
    let mut case = None;
    for event in events {
        case = Some(fold(case, event)?);
    }
    Ok(case)
}

/// What a case was at a time: what the events until then come to.
pub(crate) fn at(events: &[CaseEvent], at_us: i64) -> Result<Option<Case>, BrokenHistory> {
    // Their times only grow, so these are the first of them.
    fold_all(
        events
            .iter()
            .take_while(|event| event.occurred_at_us <= at_us),
    )
}

/// What has to happen to a case for this change by somebody; nothing when it is so already.
pub(crate) fn decide(case: &Case, actor: u64, change: Change) -> Option<What> {
    match change {
        Change::Assign(_) => {
            let assigned = CaseAssigned { assignee_id: actor };
            (case.assignee_id != actor).then_some(What::Assigned(assigned))
        }
        Change::Unassign(_) => {
            (case.assignee_id != 0).then_some(What::Unassigned(CaseUnassigned {}))
        }
        Change::Resolve(_) => (!case.resolved).then_some(What::Resolved(CaseResolved {})),
        Change::Reopen(_) => case.resolved.then_some(What::Reopened(CaseReopened {})),
        Change::Categorise(change) => {
            let category = known(change.category()).into();
            let categorised = CaseCategorised { category };
            (case.category != category).then_some(What::Categorised(categorised))
        }
        Change::AddNote(note) => Some(What::NoteAdded(NoteAdded { text: note.text })),
    }
}

/// The category that is meant; one that is not set is no other than "other".
pub(crate) const fn known(category: Category) -> Category {
    match category {
        Category::Unspecified => Category::Other,
        category => category,
    }
}

#[cfg(test)]
mod tests;
