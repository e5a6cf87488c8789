//! The status that a change is about.

use business_accounts_gateway::Scope;
use business_posts_gateway::{GetPostHeadsRequest, PostId};
use infra_kernel::{Context, Error, ErrorCode, Result};
use presentation_kit::access::Viewer;
use presentation_kit::rules::{Place, ViewerRelation, may_see};
use presentation_kit::{Shown, Surface};

/// A status that the viewer may see; of a reshare what it shows again, as Mastodon takes it. A
/// token that may only write finds what everyone may see and what its person wrote: otherwise it
/// could try out which posts there are, and whose.
///
/// # Errors
/// `not_found`.
pub(super) async fn find(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    id: PostId,
) -> Result<Shown> {
    let author = Some(viewer.account_id);
    let posts = surface
        .reader
        .posts(context, author, vec![id.get()])
        .await?;
    let found = posts.into_iter().next();
    let found = found.filter(|shown| may_find(viewer, shown));
    // Of both: who may not find the reshare learns of it neither.
    let found = found.map(Shown::original);
    let found = found.filter(|shown| may_find(viewer, shown));
    found.ok_or_else(|| Error::not_found("post"))
}

/// Whether a token finds a status that its person may see: one that may only write finds what
/// everyone may see and what its person wrote.
pub(crate) fn may_find(viewer: Viewer, shown: &Shown) -> bool {
    viewer.may(Scope::READ_STATUSES)
        || shown.relation.is_author()
        || may_see(&ViewerRelation::VISITOR, Place::Direct, &shown.head)
}

/// The status that is meant: of a reshare that the viewer made or may see, what it shows again.
/// Whether they may see that is not looked at: what they made of it stays theirs.
pub(super) async fn original_id(
    surface: &Surface,
    context: &Context,
    viewer: Viewer,
    id: PostId,
) -> Result<PostId> {
    let request = GetPostHeadsRequest::new([id]);
    let posts = &surface.gateways.posts;
    let heads = posts.get_post_heads(context, request).await?.heads;
    let head = heads.first();
    let Some((head, original)) = head.and_then(|head| Some((head, head.reshare_of()?))) else {
        return Ok(id);
    };
    if head.author_id == viewer.account_id.get() {
        return Ok(original);
    }
    match find(surface, context, viewer, id).await {
        Ok(_) => Ok(original),
        // As if there were nothing.
        Err(error) if error.code() == ErrorCode::NotFound => Ok(id),
        Err(error) => Err(error),
    }
}
