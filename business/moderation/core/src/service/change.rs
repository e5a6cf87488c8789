//! Changing a case: deciding what happens, and adding it to the case's events.

use std::sync::Arc;

use business_moderation_gateway::case_event::What;
use business_moderation_gateway::change_case_request::Change;
use business_moderation_gateway::{
    Case, CaseChanged, CaseEvent, ChangeCaseRequest, EVENTS_MAX, NOTE_CHARACTERS_MAX, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context};

use crate::error::ModerationError;
use crate::history;
use crate::rights;
use crate::state::State;
use crate::store::{cases, events};

pub(crate) async fn change(
    state: &Arc<State>,
    context: &Context,
    request: ChangeCaseRequest,
) -> Result<Case, ModerationError> {
    let change = request.change.ok_or(ModerationError::NoChange)?;
    check(&change)?;
    let case = cases::get(state.database.reader(), request.case_id).await?;
    let case = case.ok_or(ModerationError::NoCase)?;
    let actor = AccountId::new(request.moderator_id);
    if !rights::may_see(actor.get(), &case) {
        return Err(ModerationError::NoCase);
    }
    // Whom a case is about never changes, so what is decided here holds in the transaction.
    state.require_handler(context, actor, &case).await?;
    let (writing, context) = (Arc::clone(state), context.clone());
    let write = state.database.write(move |connection| {
        Box::pin(async move {
            write(connection, &writing, &context, case.id, actor.get(), change).await
        })
    });
    write.await
}

fn check(change: &Change) -> Result<(), ModerationError> {
    let Change::AddNote(note) = change else {
        return Ok(());
    };
    let length = note.text.chars().count();
    if note.text.trim().is_empty() || length > NOTE_CHARACTERS_MAX {
        return Err(ModerationError::NoteLength);
    }
    if note.text.contains('\0') {
        return Err(ModerationError::Unstorable { field: "text" });
    }
    Ok(())
}

async fn write(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    case: u64,
    actor: u64,
    change: Change,
) -> Result<Case, ModerationError> {
    // By its events, not by the list of cases: that may be thrown away at any time.
    let history = events::of_case(&mut *connection, case).await?;
    let case = history::fold_all(&history)?.ok_or(ModerationError::NoCase)?;
    let Some(what) = history::decide(&case, actor, change) else {
        return Ok(case);
    };
    if case.events_count >= EVENTS_MAX && !is_an_end(&what) {
        return Err(ModerationError::TooManyEvents);
    }
    let now = state.clock.now().microseconds();
    let event = CaseEvent {
        case_id: case.id,
        number: case.events_count + 1,
        actor_id: actor,
        // A clock may be put back, and history does not run backwards.
        occurred_at_us: now.max(case.updated_at_us),
        what: Some(what),
    };
    append(connection, state, context, Some(case), &event).await
}

/// Whether a full history still takes it: a case must not stay open for having been long. It cannot
/// be opened again then, so this is at most one event more.
const fn is_an_end(what: &What) -> bool {
    matches!(what, What::Resolved(_))
}

/// Adds an event to a case that was this before, and returns what it is after it.
pub(super) async fn append(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    before: Option<Case>,
    event: &CaseEvent,
) -> Result<Case, ModerationError> {
    let after = history::fold(before, event)?;
    events::append(connection, event).await?;
    cases::put(connection, &after).await?;
    let changed = CaseChanged {
        case_id: event.case_id,
        number: event.number,
    };
    let key = event.case_id;
    let announced = Event::new(context, &state.ids, topics::CASE_CHANGED, key, &changed);
    outbox::append(connection, &announced).await?;
    Ok(after)
}
