//! Adding an entry.

use std::sync::Arc;

use business_engagement_gateway::{
    AddEntryReply, AddEntryRequest, Entry, EntryAdded, EntryId, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::Context;

use crate::error::EngagementError;
use crate::state::State;
use crate::store::entries;

pub(crate) async fn add_entry(
    state: &Arc<State>,
    context: &Context,
    request: AddEntryRequest,
) -> Result<AddEntryReply, EngagementError> {
    let max = state.settings.entry_characters_max;
    if request.text.is_empty() || request.text.chars().count() > max as usize {
        return Err(EngagementError::TextLength { max });
    }
    let (writing, context) = (Arc::clone(state), context.clone());
    state
        .database
        .write(move |connection| {
            Box::pin(async move { write(connection, &writing, &context, request).await })
        })
        .await
}

async fn write(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: AddEntryRequest,
) -> Result<AddEntryReply, EngagementError> {
    // Single writer (ADR 0026): the id is made in here, where writes come one after another, so
    // that a caller who pages on from the newest id misses none.
    let entry = Entry {
        id: state.ids.next::<EntryId>().get(),
        account_id: request.account_id,
        text: request.text,
        created_at_us: state.clock.now().microseconds(),
    };
    entries::insert(connection, &entry).await?;
    let added = EntryAdded {
        entry_id: entry.id,
        account_id: entry.account_id,
    };
    let key = entry.account_id;
    let event = Event::new(context, &state.ids, topics::ENTRY_ADDED, key, &added);
    outbox::append(connection, &event).await?;
    Ok(AddEntryReply { entry: Some(entry) })
}
