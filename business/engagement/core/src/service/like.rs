//! Liking a post, and taking it back.

use std::sync::Arc;

use business_engagement_gateway::{
    LikeId, LikeReply, LikeRequest, Liked, PostLike, UnlikeReply, UnlikeRequest, Unliked, topics,
};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::Context;

use crate::error::EngagementError;
use crate::state::State;
use crate::store::{counts, likes};

pub(crate) async fn like(
    state: &Arc<State>,
    context: &Context,
    request: LikeRequest,
) -> Result<LikeReply, EngagementError> {
    let author_id = state
        .require_post(context, request.post_id)
        .await?
        .author_id;
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move {
                    write_like(connection, &writing, &context, request, author_id).await
                })
            },
            move |reply, _| {
                if reply.created {
                    changed.like_changed(request.account_id, request.post_id, reply.likes);
                }
            },
        )
        .await
}

pub(crate) async fn unlike(
    state: &Arc<State>,
    context: &Context,
    request: UnlikeRequest,
) -> Result<UnlikeReply, EngagementError> {
    let (writing, context) = (Arc::clone(state), context.clone());
    let changed = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move { write_unlike(connection, &writing, &context, request).await })
            },
            move |reply, _| {
                if reply.removed {
                    changed.like_changed(request.account_id, request.post_id, reply.likes);
                }
            },
        )
        .await
}

async fn write_like(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: LikeRequest,
    author_id: u64,
) -> Result<LikeReply, EngagementError> {
    if likes::find(connection, request.account_id, request.post_id).await? {
        let likes = counts::read(connection, request.post_id).await?;
        let created = false;
        return Ok(LikeReply { created, likes });
    }
    // Single writer (ADR 0026): the id is made in here, where writes come one after another, so
    // likes are numbered in the order of their commits, and a caller that pages on from the newest
    // id misses none.
    let like = PostLike {
        id: state.ids.next::<LikeId>().get(),
        account_id: request.account_id,
        post_id: request.post_id,
        created_at_us: state.clock.now().microseconds(),
    };
    likes::insert(connection, &like).await?;
    let likes = counts::add(connection, request.post_id).await?;
    let liked = Liked {
        like_id: like.id,
        account_id: like.account_id,
        post_id: like.post_id,
        author_id,
    };
    let event = Event::new(context, &state.ids, topics::LIKED, like.account_id, &liked);
    outbox::append(connection, &event).await?;
    let created = true;
    Ok(LikeReply { created, likes })
}

async fn write_unlike(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    request: UnlikeRequest,
) -> Result<UnlikeReply, EngagementError> {
    let Some(id) = likes::delete(connection, request.account_id, request.post_id).await? else {
        let likes = counts::read(connection, request.post_id).await?;
        let removed = false;
        return Ok(UnlikeReply { removed, likes });
    };
    let likes = counts::subtract(connection, request.post_id, 1).await?;
    let unliked = Unliked {
        like_id: id.get(),
        account_id: request.account_id,
        post_id: request.post_id,
    };
    // The key of the like's event, so that the two are delivered in their order.
    let key = request.account_id;
    let event = Event::new(context, &state.ids, topics::UNLIKED, key, &unliked);
    outbox::append(connection, &event).await?;
    let removed = true;
    Ok(UnlikeReply { removed, likes })
}
