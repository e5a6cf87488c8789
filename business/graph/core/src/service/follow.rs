//! Following, and ending it.

use std::sync::Arc;

use business_accounts_gateway::{AccountHead, GetAccountHeadsRequest};
use business_graph_gateway::{
    Follow, FollowId, FollowReply, FollowRequest, Followed, RemoveFollowerReply,
    RemoveFollowerRequest, UnfollowReply, UnfollowRequest, Unfollowed, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context};

use super::request::{ask, begin_asked, end};
use crate::error::GraphError;
use crate::state::State;
use crate::store::{blocks, follows, list_members, requests, stats};

pub(crate) async fn follow(
    state: &Arc<State>,
    context: &Context,
    request: FollowRequest,
) -> Result<FollowReply, GraphError> {
    if request.follower_id == request.followee_id {
        return Err(GraphError::Oneself("follow"));
    }
    // Before the write, because no other domain is waited for while the one writer is held.
    let followee = require_account(state, context, request.followee_id).await?;
    let reply = follow_or_ask(state, context, request, followee.locked).await?;
    // An account that opened meanwhile may have let in all who asked before this one did.
    if reply.requested
        && !require_account(state, context, request.followee_id)
            .await?
            .locked
    {
        return follow_or_ask(state, context, request, false).await;
    }
    Ok(reply)
}

async fn follow_or_ask(
    state: &Arc<State>,
    context: &Context,
    request: FollowRequest,
    is_locked: bool,
) -> Result<FollowReply, GraphError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                write_follow(connection, &writing, &context, request, is_locked).await
            })
        },
        move |_, _| changed.follow_changed(request.follower_id, request.followee_id),
    );
    written.await
}

pub(crate) async fn unfollow(
    state: &Arc<State>,
    context: &Context,
    request: UnfollowRequest,
) -> Result<UnfollowReply, GraphError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(
                    async move { write_unfollow(connection, &writing, &context, request).await },
                )
            },
            move |(), _| changed.follow_changed(request.follower_id, request.followee_id),
        )
        .await?;
    Ok(UnfollowReply {})
}

pub(crate) async fn remove_follower(
    state: &Arc<State>,
    context: &Context,
    request: RemoveFollowerRequest,
) -> Result<RemoveFollowerReply, GraphError> {
    let request = UnfollowRequest {
        follower_id: request.follower_id,
        followee_id: request.followee_id,
    };
    unfollow(state, context, request).await?;
    Ok(RemoveFollowerReply {})
}

pub(crate) async fn require_account(
    state: &State,
    context: &Context,
    id: u64,
) -> Result<AccountHead, GraphError> {
    let request = GetAccountHeadsRequest { ids: vec![id] };
    let reply = state.accounts.get_account_heads(context, request).await?;
    reply.heads.into_iter().next().ok_or(GraphError::NoAccount)
}

async fn write_follow(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: FollowRequest,
    is_locked: bool,
) -> Result<FollowReply, GraphError> {
    let follower = AccountId::new(request.follower_id);
    let followee = AccountId::new(request.followee_id);
    // Within the write: a block that is committed now has no follow beside it.
    if is_blocked(connection, follower, followee).await? {
        return Err(GraphError::Blocked);
    }
    if let Some(stored) = follows::find(connection, follower, followee).await? {
        let follow = with_options(stored, &request);
        // Options are the follower's own: they are announced to nobody, and change no count.
        if follow != stored {
            follows::set_options(connection, &follow).await?;
        }
        return Ok(reply(follow, false));
    }
    if let Some(stored) = requests::find(connection, follower, followee).await? {
        let asked = with_options(stored, &request);
        if is_locked {
            if asked != stored {
                requests::set_options(connection, &asked).await?;
            }
            return Ok(asked_for(asked, false));
        }
        // The account has opened since.
        let (follower, followee) = (request.follower_id, request.followee_id);
        end(connection, state, context, follower, followee).await?;
        let follow = begin_asked(connection, state, context, &asked).await?;
        return Ok(reply(follow, true));
    }
    // Single writer (ADR 0026): the id is made in here, where writes come one after another, so
    // follows are numbered in the order of their commits, and a caller that pages on from the
    // newest id misses none.
    let unset = Follow {
        id: state.ids.next::<FollowId>().get(),
        follower_id: request.follower_id,
        followee_id: request.followee_id,
        show_reblogs: true,
        notify: false,
    };
    let follow = with_options(unset, &request);
    if is_locked {
        ask(connection, state, context, &follow).await?;
        return Ok(asked_for(follow, true));
    }
    begin(connection, state, context, &follow).await?;
    Ok(reply(follow, true))
}

/// Whether one of the two blocks the other.
pub(super) async fn is_blocked(
    connection: &mut Connection,
    follower: AccountId,
    followee: AccountId,
) -> Result<bool, GraphError> {
    Ok(blocks::is_there(connection, followee, follower).await?
        || blocks::is_there(connection, follower, followee).await?)
}

/// Stores a follow that is not there yet, with its counts and its event.
pub(super) async fn begin(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    follow: &Follow,
) -> Result<(), GraphError> {
    follows::insert(connection, follow, state.clock.now()).await?;
    let max = state.settings.following_max;
    // Counted, then compared: the error takes both back.
    if stats::add(connection, follow.follower(), 0, 1).await? > i64::from(max) {
        return Err(GraphError::TooMany {
            verb: "follow",
            max,
        });
    }
    stats::add(connection, follow.followee(), 1, 0).await?;
    let payload = Followed {
        follow_id: follow.id,
        follower_id: follow.follower_id,
        followee_id: follow.followee_id,
    };
    let event = Event::new(
        context,
        &state.ids,
        topics::FOLLOWED,
        follow.follower_id,
        &payload,
    );
    outbox::append(connection, &event).await?;
    Ok(())
}

/// Ends a follow or a request, if it is there, with its counts and its event.
pub(crate) async fn write_unfollow(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: UnfollowRequest,
) -> Result<(), GraphError> {
    let follower = AccountId::new(request.follower_id);
    let followee = AccountId::new(request.followee_id);
    end(
        connection,
        state,
        context,
        request.follower_id,
        request.followee_id,
    )
    .await?;
    // Also where there is no follow any more: a version before lists may have ended it.
    list_members::delete_of_owner(connection, follower, followee).await?;
    let Some(id) = follows::delete(connection, follower, followee).await? else {
        // Sent twice it is no error, and is neither counted nor announced again.
        return Ok(());
    };
    stats::subtract(connection, follower, 0, 1).await?;
    stats::subtract(connection, followee, 1, 0).await?;
    let payload = Unfollowed {
        follow_id: id.get(),
        follower_id: request.follower_id,
        followee_id: request.followee_id,
    };
    let event = Event::new(
        context,
        &state.ids,
        topics::UNFOLLOWED,
        request.follower_id,
        &payload,
    );
    outbox::append(connection, &event).await?;
    Ok(())
}

fn with_options(follow: Follow, request: &FollowRequest) -> Follow {
    Follow {
        show_reblogs: request.show_reblogs.unwrap_or(follow.show_reblogs),
        notify: request.notify.unwrap_or(follow.notify),
        ..follow
    }
}

const fn reply(follow: Follow, created: bool) -> FollowReply {
    FollowReply {
        follow: Some(follow),
        created,
        requested: false,
    }
}

/// The same of one that is only asked for.
const fn asked_for(follow: Follow, created: bool) -> FollowReply {
    FollowReply {
        follow: Some(follow),
        created,
        requested: true,
    }
}
