//! Notifying the media domain which post shows what.

use business_media_gateway::{AttachRequest, ReleaseRequest};
use business_posts_gateway::{PostHead, PostId};
use infra_kernel::Context;

use crate::error::PostsError;
use crate::state::State;
use crate::store::posts;

/// The name by which the media domain knows what shows a post's photos.
pub(crate) fn holder(post: PostId) -> String {
    format!("post:{post}")
}

/// Attaches those of these photos that the post shows, unless it is gone.
///
/// A deletion may overtake this, or an edit that takes a photo out, and their releases too: then
/// what is attached here would be held for ever by a post that does not show it. So the post is
/// looked for afterwards, and what it does not show any more is released again. What comes later
/// than that look makes its own release later, too.
pub(crate) async fn attach(
    state: &State,
    context: &Context,
    head: &PostHead,
    media_ids: Vec<u64>,
) -> Result<(), PostsError> {
    let mut wanted = media_ids;
    loop {
        let shown = posts::media_of(&state.database, head.post()).await?;
        wanted.retain(|id| shown.iter().flatten().any(|other| other == id));
        if wanted.is_empty() {
            return Ok(());
        }
        let request = AttachRequest {
            owner_id: head.author_id,
            ids: wanted.clone(),
            holder: holder(head.post()),
            open: head.visibility().is_open(),
        };
        let attached = state.media.attach(context, request).await;
        // Before its error counts: of a post that is gone there is only something to release.
        let Some(shown) = posts::media_of(&state.database, head.post()).await? else {
            return release(state, context, head).await;
        };
        let taken_out: Vec<u64> = wanted
            .iter()
            .copied()
            .filter(|id| !shown.contains(id))
            .collect();
        if taken_out.is_empty() {
            attached?;
            return Ok(());
        }
        // There are fewer each time.
        release_some(state, context, head, taken_out).await?;
    }
}

/// Releases those of these photos that the post does not show any more.
pub(crate) async fn release_taken_out(
    state: &State,
    context: &Context,
    head: &PostHead,
    mut media_ids: Vec<u64>,
) -> Result<(), PostsError> {
    let shown = posts::media_of(&state.database, head.post()).await?;
    media_ids.retain(|id| shown.iter().flatten().all(|other| other != id));
    if media_ids.is_empty() {
        return Ok(());
    }
    release_some(state, context, head, media_ids).await
}

async fn release_some(
    state: &State,
    context: &Context,
    head: &PostHead,
    ids: Vec<u64>,
) -> Result<(), PostsError> {
    let request = ReleaseRequest {
        holder: holder(head.post()),
        owner_id: head.author_id,
        ids,
    };
    state.media.release(context, request).await?;
    Ok(())
}

/// Releases whatever a post showed.
pub(crate) async fn release(
    state: &State,
    context: &Context,
    head: &PostHead,
) -> Result<(), PostsError> {
    // All of them.
    release_some(state, context, head, Vec::new()).await
}
