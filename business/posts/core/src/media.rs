//! Notifying the media domain which post shows what.

use business_media_gateway::{AttachRequest, ReleaseRequest};
use business_posts_gateway::{PostHead, PostId};
use infra_kernel::Context;

use crate::error::PostsError;
use crate::state::State;
use crate::store::posts;

fn holder(post: PostId) -> String {
    format!("post:{post}")
}

/// Attaches a post's media, unless the post is gone.
///
/// A deletion may overtake this, and its release too: then what is attached here would be held for
/// ever by a post that is not there. So the post is looked for afterwards, and when it is gone the
/// release is made again. A deletion that comes later than that look makes its own release later,
/// too.
pub(crate) async fn attach(
    state: &State,
    context: &Context,
    head: &PostHead,
    media_ids: Vec<u64>,
) -> Result<(), PostsError> {
    if media_ids.is_empty() || !posts::is_there(&state.database, head.post()).await? {
        return Ok(());
    }
    let request = AttachRequest {
        owner_id: head.author_id,
        ids: media_ids,
        holder: holder(head.post()),
        open: head.visibility().is_open(),
    };
    let attached = state.media.attach(context, request).await;
    // Before its error counts: of a post that is gone there is only something to release.
    if posts::is_there(&state.database, head.post()).await? {
        attached?;
        return Ok(());
    }
    release(state, context, head).await
}

/// Releases whatever a post showed.
pub(crate) async fn release(
    state: &State,
    context: &Context,
    head: &PostHead,
) -> Result<(), PostsError> {
    let request = ReleaseRequest {
        holder: holder(head.post()),
        owner_id: head.author_id,
    };
    state.media.release(context, request).await?;
    Ok(())
}
