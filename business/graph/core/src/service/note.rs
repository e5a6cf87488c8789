//! What an account writes down about others.

use std::sync::Arc;

use business_graph_gateway::{
    GetNotesReply, GetNotesRequest, NOTE_CHARACTERS_MAX, SetNoteReply, SetNoteRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error};

use super::follow::require_account;
use super::read::check_count;
use crate::error::GraphError;
use crate::state::State;
use crate::store::notes;

pub(crate) async fn set(
    state: &Arc<State>,
    context: &Context,
    request: SetNoteRequest,
) -> Result<SetNoteReply, GraphError> {
    check(&request.text)?;
    // Before the write, because no other domain is waited for while the one writer is held.
    require_account(state, context, request.target_id).await?;
    let max = state.settings.notes_max;
    let written = state
        .database
        .write(move |connection| Box::pin(async move { write(connection, &request, max).await }));
    written.await?;
    Ok(SetNoteReply {})
}

pub(crate) async fn get(
    state: &State,
    request: &GetNotesRequest,
) -> Result<GetNotesReply, GraphError> {
    check_count("target_ids", &request.target_ids)?;
    let author = AccountId::new(request.author_id);
    let notes = notes::among(&state.database, author, &request.target_ids).await?;
    Ok(GetNotesReply { notes })
}

fn check(text: &str) -> Result<(), Error> {
    if text.chars().nth(NOTE_CHARACTERS_MAX).is_some() {
        // In Mastodon's words.
        let sentence = format!(
            "Validation failed: Comment is too long (maximum is {NOTE_CHARACTERS_MAX} characters)"
        );
        return Err(Error::invalid("comment", sentence));
    }
    if text.contains('\0') {
        return Err(Error::invalid(
            "comment",
            "A note cannot contain NUL characters.",
        ));
    }
    Ok(())
}

async fn write(
    connection: &mut Connection,
    request: &SetNoteRequest,
    max: u32,
) -> Result<(), GraphError> {
    let author = AccountId::new(request.author_id);
    let target = AccountId::new(request.target_id);
    if request.text.trim().is_empty() {
        return Ok(notes::delete(connection, author, target).await?);
    }
    notes::set(connection, author, target, &request.text).await?;
    // Counted, then compared: the error takes a new one back, and one that is there can be changed.
    if notes::is_full(connection, author, max.saturating_add(1)).await? {
        return Err(GraphError::TooManyNotes { max });
    }
    Ok(())
}
