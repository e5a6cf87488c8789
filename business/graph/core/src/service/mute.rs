//! Muting, and ending it.

use std::sync::Arc;

use business_graph_gateway::{
    AccountMute, MUTE_SECONDS_MAX, MuteId, MuteReply, MuteRequest, UnmuteReply, UnmuteRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error};

use crate::error::GraphError;
use crate::service::follow::require_account;
use crate::state::State;
use crate::store::mutes;

const SECOND_US: i64 = 1_000_000;

pub(crate) async fn mute(
    state: &Arc<State>,
    context: &Context,
    request: MuteRequest,
) -> Result<MuteReply, GraphError> {
    if request.muter_id == request.mutee_id {
        return Err(GraphError::Oneself("mute"));
    }
    if request.duration_s > MUTE_SECONDS_MAX {
        let sentence = format!("A mute lasts at most {MUTE_SECONDS_MAX} seconds; 0 is for ever.");
        return Err(Error::invalid("duration", sentence).into());
    }
    require_account(state, context, request.mutee_id).await?;
    let writing = Arc::clone(state);
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move { write_mute(connection, &writing, request).await })
            },
            move |(), _| changed.relation_changed(request.muter_id, request.mutee_id),
        )
        .await?;
    Ok(MuteReply {})
}

pub(crate) async fn unmute(
    state: &Arc<State>,
    request: UnmuteRequest,
) -> Result<UnmuteReply, GraphError> {
    let muter = AccountId::new(request.muter_id);
    let mutee = AccountId::new(request.mutee_id);
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move {
                    mutes::delete(connection, muter, mutee).await?;
                    Ok::<_, GraphError>(())
                })
            },
            move |(), _| changed.relation_changed(muter.get(), mutee.get()),
        )
        .await?;
    Ok(UnmuteReply {})
}

async fn write_mute(
    connection: &mut Connection,
    state: &State,
    request: MuteRequest,
) -> Result<(), GraphError> {
    let now = state.clock.now();
    let muter = AccountId::new(request.muter_id);
    // One that ended and is muted again has a new place in the list.
    mutes::delete_ended(connection, muter, now).await?;
    // Bounded above, so that it is a time that can be told.
    let lasts_us = request.duration_s.cast_signed() * SECOND_US;
    let mute = AccountMute {
        // Single writer (ADR 0026): numbered in the order of the commits, as follows are.
        id: state.ids.next::<MuteId>().get(),
        muter_id: request.muter_id,
        mutee_id: request.mutee_id,
        notifications: request.notifications,
        expires_at_us: match lasts_us {
            0 => 0,
            lasts_us => now.microseconds() + lasts_us,
        },
    };
    mutes::set(connection, &mute, now).await?;
    let max = state.settings.muting_max;
    // Counted, then compared: the error takes a new one back, and one that is there can be changed.
    if mutes::is_full(connection, muter, max.saturating_add(1)).await? {
        return Err(GraphError::TooMany { verb: "mute", max });
    }
    Ok(())
}
