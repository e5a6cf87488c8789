//! Putting posts on top of their author's page.

use std::sync::Arc;

use business_posts_gateway::{
    ListPinnedRequest, ListPostsReply, PINNED_MAX, PinPostReply, PinPostRequest, Post, PostId,
    UnpinPostReply, UnpinPostRequest, Visibility,
};
use infra_kernel::{AccountId, Error};

use crate::error::PostsError;
use crate::state::State;
use crate::store::pins;

pub(crate) async fn pin(
    state: &Arc<State>,
    request: PinPostRequest,
) -> Result<PinPostReply, PostsError> {
    let (author, post) = (
        AccountId::new(request.author_id),
        PostId::new(request.post_id),
    );
    let known = state.post(post.get()).await?.ok_or(PostsError::NoPost)?;
    check(&known, author)?;
    let now = state.clock.now();
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(async move {
                pins::pin(connection, post, author, now).await?;
                // Counted with it, then compared: the error takes it back.
                if pins::count(connection, author).await? > u64::from(PINNED_MAX) {
                    // In Mastodon's words, by which clients know it.
                    let sentence = "You have already pinned the maximum number of posts";
                    return Err(Error::invalid("id", sentence).into());
                }
                Ok::<_, PostsError>(())
            })
        },
        move |(), _| changed.posts.invalidate(&post.get()),
    );
    written.await?;
    Ok(PinPostReply {})
}

/// In Mastodon's words.
fn check(post: &Post, author: AccountId) -> Result<(), Error> {
    let sentence = if post.reshare_of().is_some() {
        "A boost cannot be pinned"
    } else if post.author() != author {
        "Someone else's post cannot be pinned"
    } else if post.visibility() == Visibility::Direct {
        "Posts that are only visible to mentioned users cannot be pinned"
    } else {
        return Ok(());
    };
    Err(Error::invalid("id", sentence))
}

pub(crate) async fn unpin(
    state: &Arc<State>,
    request: UnpinPostRequest,
) -> Result<UnpinPostReply, PostsError> {
    let (author, post) = (
        AccountId::new(request.author_id),
        PostId::new(request.post_id),
    );
    let changed = Arc::clone(state);
    let written = state.database.write_then(
        move |connection| {
            Box::pin(
                async move { Ok::<_, PostsError>(pins::unpin(connection, post, author).await?) },
            )
        },
        move |(), _| changed.posts.invalidate(&post.get()),
    );
    written.await?;
    Ok(UnpinPostReply {})
}

pub(crate) async fn list(
    state: &State,
    request: &ListPinnedRequest,
) -> Result<ListPostsReply, PostsError> {
    let ids = pins::list(&state.database, AccountId::new(request.author_id)).await?;
    let heads = state.heads(&ids).await?;
    Ok(ListPostsReply { heads })
}
