//! Following, and ending it.

use std::sync::Arc;

use business_accounts_gateway::GetAccountHeadsRequest;
use business_graph_gateway::{
    Follow, FollowId, FollowReply, FollowRequest, Followed, UnfollowReply, UnfollowRequest,
    Unfollowed, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context};

use crate::error::GraphError;
use crate::state::State;
use crate::store::{follows, stats};

pub(crate) async fn follow(
    state: &Arc<State>,
    context: &Context,
    request: FollowRequest,
) -> Result<FollowReply, GraphError> {
    if request.follower_id == request.followee_id {
        return Err(GraphError::Oneself);
    }
    require_account(state, context, request.followee_id).await?;
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move { write_follow(connection, &writing, &context, request).await })
            },
            move |_, _| changed.follow_changed(request.follower_id, request.followee_id),
        )
        .await
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

async fn require_account(state: &State, context: &Context, id: u64) -> Result<(), GraphError> {
    let request = GetAccountHeadsRequest { ids: vec![id] };
    let reply = state.accounts.get_account_heads(context, request).await?;
    if reply.heads.is_empty() {
        return Err(GraphError::NoAccount);
    }
    Ok(())
}

async fn write_follow(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: FollowRequest,
) -> Result<FollowReply, GraphError> {
    let follower = AccountId::new(request.follower_id);
    let followee = AccountId::new(request.followee_id);
    if let Some(stored) = follows::find(connection, follower, followee).await? {
        let follow = with_options(stored, &request);
        if follow != stored {
            follows::set_options(connection, &follow).await?;
        }
        return Ok(reply(follow, false));
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
    begin(connection, state, context, &follow).await?;
    Ok(reply(follow, true))
}

/// Stores a follow that is not there yet, with its counts and its event.
async fn begin(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    follow: &Follow,
) -> Result<(), GraphError> {
    follows::insert(connection, follow, state.clock.now()).await?;
    let max = state.settings.following_max;
    if stats::add(connection, follow.follower(), 0, 1).await? > i64::from(max) {
        return Err(GraphError::FollowsTooMany { max });
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

async fn write_unfollow(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: UnfollowRequest,
) -> Result<(), GraphError> {
    let follower = AccountId::new(request.follower_id);
    let followee = AccountId::new(request.followee_id);
    let Some(id) = follows::delete(connection, follower, followee).await? else {
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
    }
}
