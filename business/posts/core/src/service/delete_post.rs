//! Deleting.

use std::sync::Arc;

use business_posts_gateway::{DeletePostRequest, IDS_MAX, Post, PostDeleted, Visibility, topics};
use infra_bus::{Event, outbox};
use infra_db::Connection;
use infra_kernel::Context;

use super::edit_post::TRIES_MAX;
use super::reshare;
use crate::error::PostsError;
use crate::state::State;
use crate::store::{
    direct_conversations, hashtags, idempotency, mentions, posts, shown_media, stats, versions,
};

pub(crate) async fn delete_post(
    state: &Arc<State>,
    context: &Context,
    request: DeletePostRequest,
) -> Result<Post, PostsError> {
    for _ in 1..TRIES_MAX {
        match try_delete(state, context, &request).await {
            Err(PostsError::Changed) => {}
            done => return done,
        }
    }
    try_delete(state, context, &request).await
}

async fn try_delete(
    state: &Arc<State>,
    context: &Context,
    request: &DeletePostRequest,
) -> Result<Post, PostsError> {
    let Some(post) = state.post(request.post_id).await? else {
        return Err(PostsError::NoPost);
    };
    // As if it were not there: a refusal would tell a stranger that it is.
    if post.author_id != request.author_id {
        return Err(PostsError::NoPost);
    }
    if let Some(reshared) = post.reshare_of() {
        let removed = reshare::remove(state, context, post.author(), reshared, Some(post.post()));
        let removed = removed.await?;
        return removed.ok_or(PostsError::NoPost);
    }
    let (writing, context) = (Arc::clone(state), context.clone());
    let deleted = Arc::clone(state);
    state
        .database
        .write_then(
            move |connection| {
                Box::pin(async move { write_deletion(connection, &writing, &context, &post).await })
            },
            move |post, _| deleted.post_deleted(post),
        )
        .await
}

/// The post as it was. Its replies stay, and still name it as their parent.
async fn write_deletion(
    connection: &mut Connection,
    state: &State,
    context: &Context,
    known: &Post,
) -> Result<Post, PostsError> {
    let (id, author) = (known.post(), known.author());
    let Some(moving) = posts::delete(connection, id, author).await? else {
        return Err(PostsError::NoPost);
    };
    // What memory knew of it holds for everything else.
    if moving.revision != known.revision {
        return Err(PostsError::Changed);
    }
    let post = Post {
        replies_count: moving.replies_count,
        reshares_count: moving.reshares_count,
        ..known.clone()
    };
    if !post.mentions.is_empty() {
        mentions::delete(connection, &post).await?;
    }
    if !post.tags.is_empty() {
        hashtags::delete(connection, &post).await?;
    }
    if !post.media_ids.is_empty() {
        shown_media::give_up(connection, &post.media_ids).await?;
    }
    if post.visibility() == Visibility::Direct {
        direct_conversations::remove_post(connection, id).await?;
    }
    if post.edited_at().is_some() {
        versions::delete(connection, id).await?;
    }
    idempotency::release(connection, author, id).await?;
    // The others were never counted.
    if post.visibility().is_open() {
        stats::remove_post(connection, &post).await?;
        if let Some(parent) = post.in_reply_to() {
            // It may be deleted itself.
            posts::count_reply(connection, parent, -1).await?;
        }
    }
    let payload = PostDeleted {
        head: Some(post.head()),
        media_ids: post.media_ids.clone(),
        tag_names: listed_tags(&post),
    };
    let event = Event::new(context, &state.ids, topics::DELETED, post.id, &payload);
    outbox::append(connection, &event).await?;
    Ok(post)
}

/// The hashtags in whose lists a post stands.
fn listed_tags(post: &Post) -> Vec<String> {
    if post.visibility() != Visibility::Public {
        return Vec::new();
    }
    let names = post.tags.iter().map(|tag| tag.name.clone());
    names.take(IDS_MAX).collect()
}
