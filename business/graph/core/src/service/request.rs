//! Asking to follow an account that decides about each follower, and the answer.

use std::sync::Arc;

use business_graph_gateway::{
    AcceptFollowReply, AcceptFollowRequest, CountFollowRequestsReply, CountFollowRequestsRequest,
    Follow, FollowId, FollowRequestEnded, FollowRequested, ListFollowRequestsReply,
    ListFollowRequestsRequest, PAGE_LIMIT_MAX, REQUESTS_COUNTED_MAX, RejectFollowReply,
    RejectFollowRequest, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::{AccountId, Context, Error};
use infra_rpc::v1;

use super::follow::{begin, is_blocked};
use crate::error::GraphError;
use crate::state::State;
use crate::store::{follows, requests, stats};

pub(crate) async fn accept(
    state: &Arc<State>,
    context: &Context,
    request: AcceptFollowRequest,
) -> Result<AcceptFollowReply, GraphError> {
    let (follower, account) = (request.follower_id, request.account_id);
    let let_in = accept_some(state, context, account, vec![follower]).await?;
    match let_in.first() {
        Some(LetIn::Full) => Err(GraphError::FollowerFull),
        let_in => Ok(AcceptFollowReply {
            accepted: let_in == Some(&LetIn::Done),
        }),
    }
}

/// What became of somebody who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetIn {
    Done,
    /// They do not ask, or one of the two blocks the other.
    NotAsked,
    /// They follow as many as can be, and go on asking.
    Full,
}

/// Lets in some who ask an account, in one write; returns what became of each.
pub(crate) async fn accept_some(
    state: &Arc<State>,
    context: &Context,
    account: u64,
    followers: Vec<u64>,
) -> Result<Vec<LetIn>, GraphError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let (changed, asking) = (Arc::clone(state), followers.clone());
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let mut let_in = Vec::with_capacity(followers.len());
                for follower in followers {
                    let one = write_accept(connection, &writing, &context, follower, account);
                    let_in.push(one.await?);
                }
                Ok(let_in)
            })
        },
        move |_, _| {
            for follower in asking {
                changed.follow_changed(follower, account);
            }
        },
    );
    written.await
}

pub(crate) async fn reject(
    state: &Arc<State>,
    context: &Context,
    request: RejectFollowRequest,
) -> Result<RejectFollowReply, GraphError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    let rejected = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                let (follower, followee) = (request.follower_id, request.account_id);
                let ended = end(connection, &writing, &context, follower, followee).await?;
                Ok::<_, GraphError>(ended.is_some())
            })
        },
        move |_, _| changed.relation_changed(request.follower_id, request.account_id),
    );
    let rejected = rejected.await?;
    Ok(RejectFollowReply { rejected })
}

async fn write_accept(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    follower_id: u64,
    followee_id: u64,
) -> Result<LetIn, GraphError> {
    let (follower, followee) = (AccountId::new(follower_id), AccountId::new(followee_id));
    let is_asked = requests::find(connection, follower, followee).await?;
    // Before anything is changed: of those who are let in together the others are not to suffer.
    let max = i64::from(state.settings.following_max);
    if is_asked.is_some() && stats::following(connection, follower).await? >= max {
        return Ok(LetIn::Full);
    }
    let Some(asked) = end(connection, state, context, follower_id, followee_id).await? else {
        return Ok(LetIn::NotAsked);
    };
    // A program that knows no requests may have been at home in between, and leaves both beside
    // one.
    if is_blocked(connection, follower, followee).await? {
        return Ok(LetIn::NotAsked);
    }
    if follows::find(connection, follower, followee)
        .await?
        .is_none()
    {
        begin_asked(connection, state, context, &asked).await?;
    }
    Ok(LetIn::Done)
}

/// Begins the follow that somebody asked for.
pub(super) async fn begin_asked(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    asked: &Follow,
) -> Result<Follow, GraphError> {
    // Single writer (ADR 0026): numbered in the order of the commits, and so not by the request.
    let follow = Follow {
        id: state.ids.next::<FollowId>().get(),
        ..*asked
    };
    begin(connection, state, context, &follow).await?;
    Ok(follow)
}

/// Stores a request that is not there yet, with its event.
pub(super) async fn ask(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: &Follow,
) -> Result<(), GraphError> {
    let max = state.settings.following_max;
    // Nobody could let them in.
    if stats::following(connection, request.follower()).await? >= i64::from(max) {
        return Err(GraphError::TooMany {
            verb: "follow",
            max,
        });
    }
    if requests::is_full(connection, request.follower(), max).await? {
        return Err(GraphError::TooManyRequests { max });
    }
    requests::insert(connection, request, state.clock.now()).await?;
    let payload = FollowRequested {
        request_id: request.id,
        follower_id: request.follower_id,
        followee_id: request.followee_id,
    };
    let key = request.follower_id;
    let event = Event::new(context, &state.ids, topics::FOLLOW_REQUESTED, key, &payload);
    outbox::append(connection, &event).await?;
    Ok(())
}

/// Ends a request, whatever for, and returns it, if it was there.
pub(super) async fn end(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    follower_id: u64,
    followee_id: u64,
) -> Result<Option<Follow>, GraphError> {
    let (follower, followee) = (AccountId::new(follower_id), AccountId::new(followee_id));
    let Some(request) = requests::delete(connection, follower, followee).await? else {
        return Ok(None);
    };
    let payload = FollowRequestEnded {
        request_id: request.id,
        follower_id,
        followee_id,
    };
    let topic = topics::FOLLOW_REQUEST_ENDED;
    let event = Event::new(context, &state.ids, topic, follower_id, &payload);
    outbox::append(connection, &event).await?;
    Ok(Some(request))
}

pub(crate) async fn list(
    state: &State,
    request: &ListFollowRequestsRequest,
) -> Result<ListFollowRequestsReply, GraphError> {
    let page = v1::Page::required(request.page, PAGE_LIMIT_MAX).map_err(Error::from)?;
    let account = AccountId::new(request.account_id);
    let requests = requests::list(&state.database, account, &page).await?;
    Ok(ListFollowRequestsReply { requests })
}

pub(crate) async fn count(
    state: &State,
    request: &CountFollowRequestsRequest,
) -> Result<CountFollowRequestsReply, GraphError> {
    let account = AccountId::new(request.account_id);
    let count = requests::count(&state.database, account, REQUESTS_COUNTED_MAX).await?;
    Ok(CountFollowRequestsReply { count })
}
