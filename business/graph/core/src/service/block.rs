//! Blocking, and ending it.

use std::sync::Arc;

use business_graph_gateway::{
    AccountBlock, BlockId, BlockReply, BlockRequest, UnblockReply, UnblockRequest, UnfollowRequest,
};
use infra_db::Connection;
use infra_kernel::{AccountId, Context};

use crate::error::GraphError;
use crate::service::follow::{require_account, write_unfollow};
use crate::state::State;
use crate::store::blocks;

pub(crate) async fn block(
    state: &Arc<State>,
    context: &Context,
    request: BlockRequest,
) -> Result<BlockReply, GraphError> {
    if request.blocker_id == request.blockee_id {
        return Err(GraphError::Oneself("block"));
    }
    // Before the write, because no other domain is waited for while the one writer is held.
    require_account(state, context, request.blockee_id).await?;
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    let created = state.database.write_then(
        move |connection| {
            Box::pin(async move { write_block(connection, &writing, &context, request).await })
        },
        // The follows between the two went with it.
        move |_, _| changed.follow_changed(request.blocker_id, request.blockee_id),
    );
    let created = created.await?;
    Ok(BlockReply { created })
}

pub(crate) async fn unblock(
    state: &Arc<State>,
    request: UnblockRequest,
) -> Result<UnblockReply, GraphError> {
    let blocker = AccountId::new(request.blocker_id);
    let blockee = AccountId::new(request.blockee_id);
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move {
                    blocks::delete(connection, blocker, blockee).await?;
                    Ok::<_, GraphError>(())
                })
            },
            move |(), _| changed.relation_changed(blocker.get(), blockee.get()),
        )
        .await?;
    Ok(UnblockReply {})
}

/// Returns whether there was no block before.
async fn write_block(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: BlockRequest,
) -> Result<bool, GraphError> {
    let blocker = AccountId::new(request.blocker_id);
    let blockee = AccountId::new(request.blockee_id);
    if blocks::is_there(connection, blocker, blockee).await? {
        return Ok(false);
    }
    let max = state.settings.blocking_max;
    if blocks::is_full(connection, blocker, max).await? {
        return Err(GraphError::TooMany { verb: "block", max });
    }
    for (follower_id, followee_id) in [
        (request.blocker_id, request.blockee_id),
        (request.blockee_id, request.blocker_id),
    ] {
        let unfollow = UnfollowRequest {
            follower_id,
            followee_id,
        };
        write_unfollow(connection, state, context, unfollow).await?;
    }
    // Single writer (ADR 0026): numbered in the order of the commits, as follows are.
    let block = AccountBlock {
        id: state.ids.next::<BlockId>().get(),
        blocker_id: request.blocker_id,
        blockee_id: request.blockee_id,
    };
    blocks::insert(connection, &block, state.clock.now()).await?;
    Ok(true)
}
