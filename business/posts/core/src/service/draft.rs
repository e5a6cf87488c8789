//! A post that is asked for: checked, but not yet published.

use business_posts_gateway::{CreatePostRequest, Mention, Post, PostId, Tag, Visibility};
use infra_kernel::{Context, Error, Timestamp, canonical_language};

use super::content::{Content, check_new_media, find_mentioned, items};
use crate::error::PostsError;
use crate::state::State;

#[derive(Debug)]
pub(crate) struct Draft {
    request: CreatePostRequest,
    visibility: Visibility,
    mentions: Vec<Mention>,
    tags: Vec<Tag>,
    in_reply_to_author_id: u64,
}

impl Draft {
    /// Checks all that can be checked before the transaction.
    pub(crate) async fn prepare(
        state: &State,
        context: &Context,
        request: CreatePostRequest,
    ) -> Result<Self, PostsError> {
        let content = Content {
            text: &request.text,
            spoiler_text: &request.spoiler_text,
            media_ids: &request.media_ids,
            site_domain: &request.site_domain,
        };
        let entities = content.entities(&state.settings)?;
        let visibility = visibility(&request)?;
        // Only for its author: whether it is still there the write asks again.
        let in_reply_to_author_id = match request.in_reply_to_id {
            0 => 0,
            id => state.post(id).await?.ok_or(PostsError::NoParent)?.author_id,
        };
        let items = items(state, context, &request.media_ids).await?;
        check_new_media(&items, request.author_id, &request.media_ids)?;
        let mentions = find_mentioned(state, context, &entities).await?;
        let tags = Tag::among(&entities);
        Ok(Self {
            request,
            visibility,
            mentions,
            tags,
            in_reply_to_author_id,
        })
    }

    /// The post it becomes.
    pub(crate) fn publish(self, id: PostId, now: Timestamp) -> Post {
        Post {
            id: id.get(),
            author_id: self.request.author_id,
            revision: 1,
            visibility: self.visibility.into(),
            text: self.request.text,
            sensitive: self.request.sensitive,
            spoiler_text: self.request.spoiler_text,
            language: canonical_language(&self.request.language).unwrap_or_default(),
            media_ids: self.request.media_ids,
            mentions: self.mentions,
            in_reply_to_id: self.request.in_reply_to_id,
            in_reply_to_author_id: self.in_reply_to_author_id,
            created_at_us: now.microseconds(),
            replies_count: 0,
            application_id: self.request.application_id,
            originals_shared: self.request.originals_shared,
            camera_shown: self.request.camera_shown,
            tags: self.tags,
            // A local post is known by its id.
            domain: String::new(),
            uri: String::new(),
            content_html: String::new(),
            reshare_of_id: 0,
            reshare_of_author_id: 0,
            reshares_count: 0,
            pinned_at_us: 0,
            edited_at_us: 0,
        }
    }
}

fn visibility(request: &CreatePostRequest) -> Result<Visibility, Error> {
    match Visibility::try_from(request.visibility) {
        Ok(Visibility::Unspecified) => Ok(Visibility::Public),
        Ok(visibility) => Ok(visibility),
        Err(_) => Err(Error::invalid(
            "visibility",
            "A post is public, unlisted, private or direct.",
        )),
    }
}
