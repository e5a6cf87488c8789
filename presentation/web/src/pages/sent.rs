//! Forms that are sent more than once: the same is one post, and anything else is never taken for
//! it.

use business_media_gateway::{GetMediaRequest, MediaItem};
use business_posts_gateway::{CreatePostRequest, Post};
use infra_kernel::{Error, Result};

use crate::page_context::PageContext;

/// What [`create`] finds wrong with a form whose key stands for another post.
pub(crate) const KEY: &str = "idempotency_key";

/// Makes the post of a form, or returns the one that was made when the same form came before.
///
/// # Errors
/// The posts domain's; `invalid` about [`KEY`] when what came before said something else. A browser
/// that goes back shows the form as it was, with the key that is spent.
pub(crate) async fn create(page_context: &PageContext, request: CreatePostRequest) -> Result<Post> {
    let request = CreatePostRequest {
        site_domain: page_context.site().domain.clone(),
        ..request
    };
    let posts = &page_context.surface.gateways.posts;
    let reply = posts
        .create_post(&page_context.context, request.clone())
        .await?;
    let post = reply
        .post
        .ok_or_else(|| Error::internal("a post was made but not answered"))?;
    if reply.created
        || says_the_same(&post, &request)
            && has_the_same_photos(page_context, &post, &request).await?
    {
        return Ok(post);
    }
    let text = "This form was sent before with something else in it, and that was shared. What is here now was not: \
                send it once more to share it too.";
    Err(Error::invalid(KEY, text))
}

fn says_the_same(post: &Post, request: &CreatePostRequest) -> bool {
    post.text == request.text
        && post.visibility == request.visibility
        && post.in_reply_to_id == request.in_reply_to_id
        && post.sensitive == request.sensitive
        && post.originals_shared == request.originals_shared
        && post.camera_shown == request.camera_shown
}

/// Without a script the files come with the form, and come again with it: then they are known by
/// what they are.
async fn has_the_same_photos(
    page_context: &PageContext,
    post: &Post,
    request: &CreatePostRequest,
) -> Result<bool> {
    if post.media_ids == request.media_ids {
        return Ok(true);
    }
    if post.media_ids.len() != request.media_ids.len() {
        return Ok(false);
    }
    let ids = [&post.media_ids[..], &request.media_ids[..]].concat();
    let media = &page_context.surface.gateways.media;
    let reply = media
        .get_media(&page_context.context, GetMediaRequest { ids })
        .await?;
    let item = |id: &u64| reply.items.iter().find(|item| item.id == *id);
    let mut pairs = post.media_ids.iter().zip(&request.media_ids);
    Ok(pairs.all(|(shared, sent)| {
        shared == sent || item(shared).zip(item(sent)).is_some_and(are_of_one_file)
    }))
}

fn are_of_one_file((one, other): (&MediaItem, &MediaItem)) -> bool {
    one.owner_id == other.owner_id
        && one.original_bytes == other.original_bytes
        && one.content_type == other.content_type
        && (one.width, one.height) == (other.width, other.height)
        && one.blurhash == other.blurhash
}
